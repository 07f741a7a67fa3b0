"""Find where in a submission the package lies, and give its files the paths that the assignment asks for.

`grader.submissions.submission` hands in what was read and restores the course's files afterwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.courses.assignment import HandedIn, SubmissionKind
from grader.errors import SubmissionError
from grader.submissions.lms_names import plain_name
from grader.submissions.paths import list_names, printable

_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Placed:
    """Hold a submission's files by the paths that the assignment knows, and what was missing."""

    files: Mapping[str, bytes]
    notes: tuple[str, ...]
    missing: tuple[str, ...]


def place_files(files: Mapping[str, bytes], handed_in: HandedIn) -> Placed:
    """Move the files to where they belong; raise SubmissionError if no required file is found."""
    root = _find_root(files, handed_in.required)
    if root is not None:
        below = {path[len(root) :]: content for path, content in files.items() if path.startswith(root)}
        moved, notes = _match_case(below, handed_in.required)
        if root:
            notes = (f"The files were found in `{printable(root)}`.", *notes)
    else:
        root, moved, notes = _place_loose(files, handed_in)
    missing = tuple(path for path in handed_in.required if path not in moved)
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        where = f"`{printable(root)}`" if root else "the top folder"
        notes = (*notes, f"{list_names(missing)} {verb} missing; looked in {where}.")
    return Placed(files=moved, notes=notes, missing=missing)


def _list_roots(files: Iterable[str]) -> list[str]:
    """Return the folders at most six levels deep, "" or with a slash at the end, shallow ones first."""
    folders = {""}
    for path in files:
        parts = path.split("/")[:-1]
        folders |= {"/".join(parts[:count]) + "/" for count in range(1, min(len(parts), _DEEPEST) + 1)}
    return sorted(folders, key=lambda folder: (folder.count("/"), folder))


def _find_root(files: Mapping[str, bytes], required: tuple[str, ...]) -> str | None:
    lowered = {path.lower() for path in files}
    best: tuple[int, int] = (0, 0)
    root = None
    for folder in _list_roots(files):
        exact = sum(folder + path in files for path in required)
        close = sum((folder + path).lower() in lowered for path in required)
        if (exact, close) > best:
            best, root = (exact, close), folder
    return root


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


def _place_loose(files: Mapping[str, bytes], handed_in: HandedIn) -> tuple[str, dict[str, bytes], tuple[str, ...]]:
    """Find required files by their bare names wherever they lie, and place them with the files beside them."""
    best: dict[str, str] = {}
    root = ""
    for folder in _list_roots(files):
        matches = _match_bare_names(files, folder, handed_in)
        if len(matches) > len(best):
            best, root = matches, folder
    if not best:
        raise _refuse(files, handed_in)
    parents = {PurePosixPath(path).parent for path in best.values()}
    parent = min(parents, key=lambda folder: (len(folder.parts), folder))
    moved = {target: files[path] for path, target in best.items()}
    for path, content in files.items():
        if path.startswith(root) and path not in best:
            moved.setdefault((parent / path[len(root) :]).as_posix(), content)
    pairs = [f"`{printable(path)}` as `{target}`" for path, target in sorted(best.items()) if path != target]
    return root, moved, (f"Read {', '.join(pairs)}: hand in the files under the paths asked for.",)


def _match_bare_names(files: Iterable[str], folder: str, handed_in: HandedIn) -> dict[str, str]:
    beside = [path for path in sorted(files) if path.rpartition("/")[0] == folder.rstrip("/")]
    matches: dict[str, str] = {}
    for target in handed_in.required:
        name = PurePosixPath(target).name
        same = [path for path in beside if plain_name(path.rpartition("/")[2]) == name.lower()]
        notebooks = [path for path in beside if path.endswith(".ipynb")]
        if not same and handed_in.kind is SubmissionKind.NOTEBOOK and name.endswith(".ipynb") and len(notebooks) == 1:
            same = notebooks
        if same and name != "__init__.py":
            matches.setdefault(same[0], target)
    return matches


def _refuse(files: Iterable[str], handed_in: HandedIn) -> SubmissionError:
    found = list_names(files, most=10) or "no file at all"
    expected = list_names(handed_in.required, most=10)
    return SubmissionError(
        f"None of the required files was found. Expected: {expected}. Found: {found}.",
        remedy="Hand in the folder with these files in it.",
    )
