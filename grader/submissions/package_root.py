"""Find where in a submission the package lies, and give its files the paths that the assignment asks for.

`grader.submissions.submission` hands in what was read and restores the course's files afterwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.courses.assignment import HandedIn, SubmissionKind
from grader.errors import SubmissionError, UnclearError
from grader.submissions.contents import ARCHIVE_SUFFIXES
from grader.submissions.lms_names import plain_name
from grader.submissions.paths import list_names, printable
from grader.submissions.rivals import NO_RIVALS, Rivals, RivalWork, choose_work, untouched

_DEEPEST = 6
_MOST_RENAMED = 3
_HAND_IN = "Hand in the folder with these files in it."


@dataclass(frozen=True, slots=True)
class Placed:
    """Hold a submission's files by the paths that the assignment knows, and what was missing."""

    files: Mapping[str, bytes]
    notes: tuple[str, ...]
    missing: tuple[str, ...]


def place_files(files: Mapping[str, bytes], handed_in: HandedIn, rivals: Rivals = NO_RIVALS) -> Placed:
    """Move the files to where they belong; raise SubmissionError where no required file is found.

    Of several packages `rivals` tell which one counts; raises UnclearError where they can't, and where several files
    may be meant by one that is missing.
    """
    root, told = _find_root(files, handed_in.required, rivals)
    if root is not None:
        below = {path[len(root) :]: content for path, content in files.items() if path.startswith(root)}
        moved, notes = _match_case(below, handed_in.required)
        if root:
            notes = (f"The files were found in `{printable(root)}`.", *notes)
        notes = (told, *notes) if told else notes
    else:
        root, moved, notes = _place_loose(files, handed_in, rivals)
    missing = tuple(path for path in handed_in.required if path not in moved)
    if missing:
        _refuse_several(files, root, missing)
        verb = "is" if len(missing) == 1 else "are"
        where = f"`{printable(root)}`" if root else "the top folder"
        notes = (*notes, f"{list_names(missing)} {verb} missing; looked in {where}.")
    return Placed(files=moved, notes=notes, missing=missing)


def _refuse_several(files: Mapping[str, bytes], root: str, missing: Iterable[str]) -> None:
    """Raise UnclearError where a missing file may be one of several that differ."""
    for target in missing:
        wanted = PurePosixPath(target)
        folders = {PurePosixPath(root), PurePosixPath(root) / wanted.parent}
        likely = {path: content for path, content in files.items() if PurePosixPath(path).parent in folders}
        likely = {path: text for path, text in likely.items() if plain_name(path.split("/")[-1]) == wanted.name.lower()}
        if len(set(likely.values())) > 1:
            raise UnclearError(
                f"It is unclear which file is meant by `{target}`: {list_names(likely)} differ.",
                remedy=f"Rename the one that counts to `{wanted.name}`.",
            )


def _list_roots(files: Iterable[str]) -> list[str]:
    """Return the folders at most six levels deep, "" or with a slash at the end, shallow ones first."""
    folders = {""}
    for path in files:
        parts = path.split("/")[:-1]
        folders |= {"/".join(parts[:count]) + "/" for count in range(1, min(len(parts), _DEEPEST) + 1)}
    return sorted(folders, key=lambda folder: (folder.count("/"), folder))


def _find_root(files: Mapping[str, bytes], required: tuple[str, ...], rivals: Rivals) -> tuple[str | None, str]:
    """Return the folder in which the package lies, None where there is none, and a note on others."""
    lowered = {path.lower(): path for path in files}
    scores: dict[str, tuple[int, int]] = {}
    works: list[RivalWork] = []
    for folder in _list_roots(files):
        paths = {path: lowered[(folder + path).lower()] for path in required if (folder + path).lower() in lowered}
        if paths:
            scores[folder] = (sum(folder + path in files for path in required), len(paths))
            works.append(RivalWork(folder or ".", {path: files[own] for path, own in paths.items()}, paths))
    if not works:
        return None, ""
    idle = untouched(works, rivals) if len(works) > 1 else []
    worked_on = [work for work in works if work not in idle] or works
    best = max(scores[_folder(work)] for work in worked_on)
    rest = [work for work in worked_on if scores[_folder(work)] == best]
    complete = [work for work in idle if scores[_folder(work)] >= best and work not in rest]
    chosen, note = choose_work([*rest, *complete], rivals, what="package")
    _refuse_loose_parts(chosen, files)
    return _folder(chosen), note


def _folder(work: RivalWork) -> str:
    return "" if work.place == "." else work.place


def _refuse_loose_parts(chosen: RivalWork, files: Mapping[str, bytes]) -> None:
    """Raise UnclearError where files lie beside the archive that holds the package, and differ from those in it."""
    if not _in_archive(chosen.place):
        return
    named = {PurePosixPath(target).name.lower(): content for target, content in chosen.files.items()}
    named.pop("__init__.py", None)
    differing = [
        path
        for path, content in files.items()
        if not _in_archive(path) and named.get(plain_name(PurePosixPath(path).name), content) != content
    ]
    if differing:
        raise UnclearError(
            f"It is unclear which files are meant: {list_names(differing)} differ from those in "
            f"`{printable(chosen.place)}`.",
            remedy="Leave only what counts.",
        )


def _in_archive(path: str) -> bool:
    return any(part.lower().endswith(ARCHIVE_SUFFIXES) for part in path.split("/"))


def _match_case(files: Mapping[str, bytes], required: tuple[str, ...]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Spell paths as the assignment does where the student's differ in upper and lower case only."""
    known = {}
    for path in required:
        for part in (PurePosixPath(path), *PurePosixPath(path).parents):
            known[part.as_posix().lower()] = part.as_posix()
    spelled = {path: _spell(path, known) for path in files}
    moved = {path: content for path, content in files.items() if spelled[path] == path}
    renamed = []
    for path, content in files.items():
        if spelled[path] not in moved:
            moved[spelled[path]] = content
            renamed.append(path)
    note = f"{list_names(renamed)}: upper and lower case of the names were corrected."
    return moved, (note,) if renamed else ()


def _spell(path: str, known: Mapping[str, str]) -> str:
    parts = path.split("/")
    for count in range(len(parts), 0, -1):
        spelling = known.get("/".join(parts[:count]).lower())
        if spelling:
            return "/".join([spelling, *parts[count:]])
    return path


def _place_loose(
    files: Mapping[str, bytes], handed_in: HandedIn, rivals: Rivals
) -> tuple[str, dict[str, bytes], tuple[str, ...]]:
    """Place required files that lie somewhere by their bare names, and the files beside them with them."""
    works: list[RivalWork] = []
    for folder in _list_roots(files):
        matches = _match_bare_names(files, folder, handed_in)
        if matches:
            paths = {target: path for path, target in matches.items()}
            works.append(RivalWork(folder or ".", {target: files[path] for target, path in paths.items()}, paths))
    if not works:
        raise _refuse(files, handed_in)
    most = max(len(work.paths) for work in works)
    chosen, note = choose_work([work for work in works if len(work.paths) == most], rivals, what="package")
    root, best = _folder(chosen), {path: target for target, path in chosen.paths.items()}
    parents = {PurePosixPath(path).parent for path in best.values()}
    parent = min(parents, key=lambda folder: (len(folder.parts), folder))
    moved = {target: files[path] for path, target in best.items()}
    for path, content in files.items():
        if path.startswith(root) and path not in best:
            moved.setdefault((parent / path[len(root) :]).as_posix(), content)
    pairs = [f"`{printable(path)}` as `{target}`" for path, target in sorted(best.items()) if path != target]
    told = f"Read {', '.join(pairs)}: hand in the files under the paths asked for."
    return root, moved, (told, note) if note else (told,)


def _match_bare_names(files: Iterable[str], folder: str, handed_in: HandedIn) -> dict[str, str]:
    beside = [path for path in sorted(files) if path.rpartition("/")[0] == folder.rstrip("/")]
    matches: dict[str, str] = {}
    for target in handed_in.required:
        name = PurePosixPath(target).name
        same = [path for path in beside if path.rpartition("/")[2].lower() == name.lower()]
        same = same or [path for path in beside if plain_name(path.rpartition("/")[2]) == name.lower()]
        notebooks = [path for path in beside if path.endswith(".ipynb")]
        if not same and handed_in.kind is SubmissionKind.NOTEBOOK and name.endswith(".ipynb") and len(notebooks) == 1:
            same = notebooks
        if len(same) == 1 and name != "__init__.py":
            matches.setdefault(same[0], target)
    return matches


def _refuse(files: Iterable[str], handed_in: HandedIn) -> SubmissionError:
    found = list_names(files, most=10) or "no file at all"
    expected = list_names(handed_in.required, most=10)
    stems = {PurePosixPath(target).stem.lower(): PurePosixPath(target).name for target in handed_in.required}
    near = {path: stem for path in sorted(files) for stem in stems if _is_near(path.split("/")[-1].lower(), stem)}
    renames = [f"`{printable(path)}` to `{stems[stem]}`" for path, stem in list(near.items())[:_MOST_RENAMED]]
    return SubmissionError(
        f"None of the required files was found. Expected: {expected}. Found: {found}.",
        remedy=f"If these are meant, rename {', '.join(renames)}." if renames else _HAND_IN,
    )


def _is_near(name: str, stem: str) -> bool:
    """Say whether a file is called like a required one, with another ending: `layers.py~`, `layers.pyw`, `layers`."""
    return bool(stem.strip("_")) and name.partition(".")[0] == stem
