"""Find the submissions below a path: one, or a folder of many as an LMS packs them.

`grader.submissions.uploads` puts together what one student handed in; `grader.submissions.submission` reads each
submission that was found.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from grader.courses.assignment import Assignment, HandedIn, SubmissionKind
from grader.errors import SubmissionError
from grader.results.verdict import NO_ORIGIN, Origin
from grader.submissions.archives import READABLE_SUFFIXES
from grader.submissions.contents import ARCHIVE_SUFFIXES, is_junk
from grader.submissions.downloads import is_download, unpack_download
from grader.submissions.lms_names import cut_suffix, is_generic, is_lms_folder, parse_lms_name, plain_name
from grader.submissions.paths import list_names, printable
from grader.submissions.uploads import Part, Upload, find_uploads, stem_of, upload_of

_STRAY_SUFFIXES = (".txt", ".csv", ".html", ".htm", ".yml", ".yaml", ".md", ".xlsx", ".log")
_RESULTS_MARKS = ("run.sqlite", ".run.lock")
_MOST_GROUPS = 2
_LOOK_DEEP = 2
_MOST_WALKED = 50_000


@dataclass(frozen=True, slots=True)
class Found:
    """Point at one submission; `name` is unique among those found together, and fit to print.

    Where several entries are one upload, `parts` are all of them and `path` is the first. `notes` say what was settled
    between them. `holder` keeps the folder of an unpacked download for as long as it is needed.
    """

    name: str
    path: Path
    origin: Origin = NO_ORIGIN
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    holder: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Intake:
    """Hold what was found below a path, sorted by name, and the names of stray files that were ignored."""

    found: tuple[Found, ...]
    ignored: tuple[str, ...] = ()

    def is_one(self, path: Path) -> bool:
        """Say whether the path itself is the one submission that was found."""
        return [one.path for one in self.found] == [path.resolve()]


@dataclass(frozen=True, slots=True)
class _Hit:
    """Hold one submission before it has a unique name; `folder` is where it lies."""

    student: str
    folder: Path
    found: Found
    number: str = ""


@dataclass(frozen=True, slots=True)
class _Hits:
    hits: tuple[_Hit, ...]
    ignored: tuple[str, ...] = ()


def find_submissions(path: Path, assignment: Assignment, *, results: Path | None = None) -> Intake:
    """Find one submission, or the many that a folder or a download holds; raise SubmissionError where there is none.

    Nothing that a student may have handed in vanishes: an empty folder or a file of an unknown kind among
    many is found too, and says what is wrong with it when it is read. `results` and the results of other runs are no
    submissions.
    """
    top = path.resolve()
    if not top.exists():
        raise SubmissionError(f"There is no `{printable(str(path))}`.", remedy="Is the path right?")
    if top.is_dir() and not _list_children(top):
        raise SubmissionError(f"`{printable(str(path))}` is empty.", remedy="Is it the right folder?")
    out = results.resolve() if results is not None else None
    hits = _find_below(top, assignment.handed_in, depth=0, out=out, alone=True)
    if top.is_dir() and [hit.found.path for hit in hits.hits] == [top]:
        _refuse_nothing(top, assignment.handed_in)
    root = top if not any(hit.found.holder for hit in hits.hits) else None
    names = _name_all(hits.hits, root)
    found = [replace(hit.found, name=name) for hit, name in zip(hits.hits, names, strict=True)]
    ordered = sorted(found, key=lambda one: (one.name.casefold(), one.name))
    return Intake(found=tuple(ordered), ignored=tuple(sorted(printable(name) for name in hits.ignored)))


def _refuse_nothing(top: Path, handed_in: HandedIn) -> None:
    """Raise SubmissionError where nothing in a folder could be what is asked for, under whatever name."""
    wanted = {PurePosixPath(path).name.lower() for path in handed_in.required}
    seen: list[str] = []
    for _, folders, names in os.walk(top):
        folders[:] = [name for name in folders if not is_junk(f"{name}/x")]
        seen += names
        for name in names:
            plain = plain_name(name)
            if plain in wanted or plain.endswith((*ARCHIVE_SUFFIXES, ".py", ".ipynb", ".json")):
                return
        if len(seen) > _MOST_WALKED:
            return
    raise SubmissionError(
        f"`{printable(top.name)}` holds nothing that can be graded. Expected: {list_names(handed_in.required)}. "
        f"Found: {list_names(name for name in seen if not is_junk(name)) or 'no file at all'}.",
        remedy="Give the folder, or the zip, that holds the submissions.",
    )


def _one(path: Path) -> _Hits:
    if upload := upload_of(path):
        return _Hits((_hit_of(upload, path.parent),))
    return _Hits((_Hit(_student_of(path), path.parent, Found(path.name, path)),))


def _student_of(path: Path) -> str:
    return path.name if path.is_dir() else cut_suffix(path.name)


def _find_in(folder: Path, handed_in: HandedIn, *, depth: int, out: Path | None) -> _Hits:
    own = _one(folder)
    if folder.is_symlink() or not _may_enter(folder) or is_lms_folder(folder.name):
        return own
    children = _list_children(folder)
    results = [child for child in children if child == out or _is_results(child, handed_in)]
    children = [child for child in children if child not in results]
    if _is_root(children, handed_in, exact=True):
        return own
    uploads, rest = find_uploads(folder, children)
    if uploads:
        return _with_rest(folder, uploads, rest, results, handed_in=handed_in, depth=depth, out=out)
    if _holds(folder, handed_in, depth=0):
        return own
    candidates, ignored = _sift(folder, children)
    ignored = (*ignored, *(child.name for child in results))
    if len(candidates) == 1:
        hits = _unwrap(folder, candidates[0], handed_in, depth=depth, out=out)
        return replace(hits, ignored=(*hits.ignored, *(ignored if hits.hits[0].found.path != folder else ())))
    if depth > _MOST_GROUPS or not _is_group(candidates, handed_in, depth=depth):
        return own
    found = [_find_group(group, handed_in, depth=depth, out=out) for group in _same_stem(candidates)]
    flat = tuple(hit for one in found for hit in one.hits)
    return _Hits(flat, (*ignored, *(name for one in found for name in one.ignored)))


def _with_rest(
    folder: Path,
    uploads: Sequence[Upload],
    rest: Sequence[Path],
    results: Sequence[Path],
    *,
    handed_in: HandedIn,
    depth: int,
    out: Path | None,
) -> _Hits:
    """Return an LMS's uploads, and what lies beside them as far as somebody may have handed it in."""
    hits = [_hit_of(upload, folder) for upload in uploads]
    ignored = [path.name for upload in uploads for path in upload.left_out]
    ignored += [child.name for child in folder.iterdir() if _is_hidden(child) or child in results]
    for child in rest:
        if _is_stray(child):
            ignored.append(child.name)
        else:
            beside = _find_below(child, handed_in, depth=depth + 1, out=out)
            hits += beside.hits
            ignored += beside.ignored
    return _Hits(tuple(hits), tuple(ignored))


def _hit_of(upload: Upload, folder: Path) -> _Hit:
    alone = upload.parts[0].path if len(upload.parts) == 1 else None
    parts = () if alone is not None and _is_plain_part(upload.parts[0]) else upload.parts
    found = Found(upload.student, upload.parts[0].path, upload.origin, parts, upload.notes)
    return _Hit(upload.student, folder, found, upload.number)


def _is_plain_part(part: Part) -> bool:
    """Say whether a single entry is read as it is: a folder, or a file of a kind that is handed in."""
    return part.path.is_dir() or part.path.name.lower().endswith((*ARCHIVE_SUFFIXES, ".py", ".ipynb"))


def _find_group(group: Sequence[Path], handed_in: HandedIn, *, depth: int, out: Path | None) -> _Hits:
    """Return what one entry holds, or the one upload that several entries of one name are."""
    if len(group) == 1:
        return _find_below(group[0], handed_in, depth=depth + 1, out=out)
    parts = tuple(Part(path, path.name) for path in group)
    first = next((path for path in group if path.is_dir()), group[0])
    return _Hits((_Hit(stem_of(first), first.parent, Found(first.name, first, parts=parts)),))


def _same_stem(candidates: Sequence[Path]) -> list[list[Path]]:
    """Put entries together that differ in their suffixes only: a folder, an archive and a report of one name."""
    groups: dict[str, list[Path]] = {}
    for candidate in candidates:
        groups.setdefault(stem_of(candidate).casefold(), []).append(candidate)
    return list(groups.values())


def _find_below(candidate: Path, handed_in: HandedIn, *, depth: int, out: Path | None, alone: bool = False) -> _Hits:
    if candidate.is_dir():
        return _find_in(candidate, handed_in, depth=depth, out=out)
    if depth > _MOST_GROUPS or not is_download(candidate, alone=alone):
        return _one(candidate)
    holder, folder = unpack_download(candidate)
    hits = _find_in(folder, handed_in, depth=depth, out=out)
    return replace(hits, hits=tuple(replace(hit, found=replace(hit.found, holder=holder)) for hit in hits.hits))


def _unwrap(folder: Path, only: Path, handed_in: HandedIn, *, depth: int, out: Path | None) -> _Hits:
    # The better name wins: `alice` over `Homework2`, in whichever order they lie in each other.
    inner = (
        _find_below(only, handed_in, depth=depth + 1, out=out, alone=depth == 0)
        if depth <= _MOST_GROUPS
        else _one(only)
    )
    told_by_lms = inner.hits[0].found.origin != NO_ORIGIN or is_lms_folder(inner.hits[0].found.path.name)
    if len(inner.hits) > 1 or told_by_lms:
        return inner
    return inner if depth == 0 and not is_generic(only.name) else _one(folder)


def _sift(folder: Path, children: Sequence[Path]) -> tuple[list[Path], tuple[str, ...]]:
    hidden = [child.name for child in sorted(folder.iterdir()) if _is_hidden(child)]
    stray = [child for child in children if _is_stray(child)]
    return [child for child in children if child not in stray], (*hidden, *(child.name for child in stray))


def _is_stray(child: Path) -> bool:
    """Say whether a file beside submissions is the LMS's or the instructor's, not one that code is handed in as."""
    if child.is_dir() or child.suffix.lower() not in _STRAY_SUFFIXES:
        return False
    return not plain_name(child.name).endswith((".py", ".ipynb"))


def _is_results(folder: Path, handed_in: HandedIn) -> bool:
    """Say whether a folder holds the results of a run, and no submission."""
    if folder.is_symlink() or not folder.is_dir() or not _may_enter(folder):
        return False
    return all((folder / mark).is_file() for mark in _RESULTS_MARKS) and not _holds(folder, handed_in, depth=_LOOK_DEEP)


def _name_all(hits: Sequence[_Hit], top: Path | None) -> list[str]:
    """Name each submission after its student, with folder, number or count only to be unique."""
    folders = {hit.folder for hit in hits}
    shown = [hit.folder != top for hit in hits] if len(folders) > 1 else [False] * len(hits)
    if top is not None and not any(top in hit.folder.parents for hit in hits):
        shown = [False] * len(hits)
    plain = [
        printable(f"{hit.folder.name} - {hit.student}" if is_shown else hit.student)
        for hit, is_shown in zip(hits, shown, strict=True)
    ]
    counts = Counter(name.casefold() for name in plain)
    names: list[str] = []
    taken: set[str] = set()
    for hit, name in zip(hits, plain, strict=True):
        full = f"{name} ({hit.number})" if counts[name.casefold()] > 1 and hit.number else name
        unique, count = full, 1
        while unique.casefold() in taken:
            count += 1
            unique = f"{full} ({count})"
        taken.add(unique.casefold())
        names.append(unique)
    return names


def _is_group(candidates: list[Path], handed_in: HandedIn, *, depth: int) -> bool:
    likely = [one for one in candidates if _is_likely(one, handed_in)]
    named = [one for one in likely if not is_generic(one.name) or is_lms_folder(one.name)]
    if len(named) > 1:
        return True
    if named:
        return depth == 0 or any(_is_empty(one) for one in candidates)
    return depth == 0 and not likely and sum(one.is_dir() for one in candidates) > 1


def _is_likely(candidate: Path, handed_in: HandedIn) -> bool:
    if candidate.is_dir() and not candidate.is_symlink():
        return is_lms_folder(candidate.name) or _holds(candidate, handed_in, depth=_LOOK_DEEP)
    if candidate.name.lower().endswith(READABLE_SUFFIXES) or parse_lms_name(candidate.name):
        return True
    return handed_in.kind is SubmissionKind.NOTEBOOK and plain_name(candidate.name).endswith(".ipynb")


def _holds(folder: Path, handed_in: HandedIn, *, depth: int) -> bool:
    """Say whether a submission lies in the folder, or at most `depth` folders deeper."""
    children = _list_children(folder)
    if _is_root(children, handed_in):
        return True
    folders = [child for child in children if child.is_dir() and not child.is_symlink()]
    return depth > 0 and any(_holds(child, handed_in, depth=depth - 1) for child in folders)


def _is_root(children: Iterable[Path], handed_in: HandedIn, *, exact: bool = False) -> bool:
    """Say whether what is asked for lies among the children; `exact` takes no notebook of another name for it."""
    required = [PurePosixPath(path.lower()) for path in handed_in.required]
    files = {path.name for path in required} - {"__init__.py"}
    tops = {path.parts[0] for path in required if len(path.parts) > 1}
    notebooks = 0
    for child in children:
        name = child.name.lower() if exact or parse_lms_name(child.name) else plain_name(child.name)
        if child.is_dir():
            if name in tops and any(_is_code(item) for item in _list_children(child)):
                return True
        elif name in files:
            return True
        notebooks += name.endswith(".ipynb")
    return not exact and handed_in.kind is SubmissionKind.NOTEBOOK and notebooks == 1


def _is_code(path: Path) -> bool:
    return plain_name(path.name).endswith((".py", ".ipynb")) and path.is_file()


def _is_hidden(path: Path) -> bool:
    return is_junk(f"{path.name}/x") or is_junk(path.name)


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not _list_children(path)


def _list_children(folder: Path) -> list[Path]:
    """List what a student may have handed in, or nothing if the folder may not be read."""
    return sorted(child for child in folder.iterdir() if not _is_hidden(child)) if _may_enter(folder) else []


def _may_enter(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)
