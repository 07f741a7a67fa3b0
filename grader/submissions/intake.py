"""Find the submissions below a path: one, or a folder of many as an LMS packs them.

`grader.submissions.submission` reads each one that was found.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.courses.assignment import Assignment, HandedIn, SubmissionKind
from grader.errors import SubmissionError
from grader.submissions.archives import READABLE_SUFFIXES
from grader.submissions.contents import is_junk
from grader.submissions.lms_names import is_generic, is_lms_folder, name_submissions, parse_lms_name
from grader.submissions.paths import printable

_STRAY_SUFFIXES = (".txt", ".csv", ".html", ".htm", ".yml", ".yaml", ".md", ".xlsx", ".log")
_MOST_GROUPS = 2
_LOOK_DEEP = 2


@dataclass(frozen=True, slots=True)
class Found:
    """Point at one submission; `name` is unique among those found together, and fit to print."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Intake:
    """Hold what was found below a path, sorted by name, and the names of stray files that were ignored."""

    found: tuple[Found, ...]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hits:
    paths: tuple[Path, ...]
    ignored: tuple[str, ...] = ()


def find_submissions(path: Path, assignment: Assignment) -> Intake:
    """Find one submission, or the many that a folder holds; raise SubmissionError if there is none.

    Nothing that a student may have handed in vanishes: an empty folder or a file of an unknown kind among
    many is found too, and says what is wrong with it when it is read.
    """
    top = path.resolve()
    if not top.exists():
        raise SubmissionError(f"There is no `{printable(str(path))}`.", remedy="Is the path right?")
    if top.is_dir() and not _list_children(top):
        raise SubmissionError(f"`{printable(str(path))}` is empty.", remedy="Is it the right folder?")
    hits = _find_in(top, assignment.handed_in, depth=0) if top.is_dir() else _Hits((top,))
    names = name_submissions(hits.paths, top)
    found = [Found(name=name, path=hit) for name, hit in zip(names, hits.paths, strict=True)]
    ordered = sorted(found, key=lambda one: (one.name.casefold(), one.name))
    return Intake(found=tuple(ordered), ignored=tuple(sorted(printable(name) for name in hits.ignored)))


def _find_in(folder: Path, handed_in: HandedIn, *, depth: int) -> _Hits:
    own = _Hits((folder,))
    if folder.is_symlink() or not _may_enter(folder) or is_lms_folder(folder.name):
        return own
    if _holds(folder, handed_in, depth=0):
        return own
    candidates, ignored = _sift(folder)
    if len(candidates) == 1:
        return _unwrap(folder, candidates[0], handed_in, depth=depth)
    if depth > _MOST_GROUPS or not _is_group(candidates, handed_in, depth=depth):
        return own
    hits = [_find_below(candidate, handed_in, depth=depth) for candidate in candidates]
    paths = tuple(path for hit in hits for path in hit.paths)
    return _Hits(paths, (*ignored, *(name for hit in hits for name in hit.ignored)))


def _find_below(candidate: Path, handed_in: HandedIn, *, depth: int) -> _Hits:
    return _find_in(candidate, handed_in, depth=depth + 1) if candidate.is_dir() else _Hits((candidate,))


def _unwrap(folder: Path, only: Path, handed_in: HandedIn, *, depth: int) -> _Hits:
    # The better name wins: `alice` over `Homework2`, in whichever order they lie in each other.
    inner = _find_below(only, handed_in, depth=depth) if depth <= _MOST_GROUPS else _Hits((only,))
    told_by_lms = parse_lms_name(inner.paths[0].name) or is_lms_folder(inner.paths[0].name)
    if len(inner.paths) > 1 or told_by_lms:
        return inner
    return inner if depth == 0 and not is_generic(only.name) else _Hits((folder,))


def _sift(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    candidates: list[Path] = []
    ignored: list[str] = []
    for child in sorted(folder.iterdir()):
        stray = child.suffix.lower() in _STRAY_SUFFIXES and not child.is_dir()
        beside = child.with_name(child.name.replace("_assignsubmission_onlinetext", "_assignsubmission_file"))
        if _is_hidden(child) or stray or (beside != child and beside.exists()):
            ignored.append(child.name)
        else:
            candidates.append(child)
    return candidates, tuple(ignored)


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
    return handed_in.kind is SubmissionKind.NOTEBOOK and candidate.suffix == ".ipynb"


def _holds(folder: Path, handed_in: HandedIn, *, depth: int) -> bool:
    """Say whether a submission lies in the folder, or at most `depth` folders deeper."""
    children = _list_children(folder)
    if _is_root(children, handed_in):
        return True
    folders = [child for child in children if child.is_dir() and not child.is_symlink()]
    return depth > 0 and any(_holds(child, handed_in, depth=depth - 1) for child in folders)


def _is_root(children: Iterable[Path], handed_in: HandedIn) -> bool:
    required = [PurePosixPath(path.lower()) for path in handed_in.required]
    files = {path.name for path in required} - {"__init__.py"}
    tops = {path.parts[0] for path in required if len(path.parts) > 1}
    notebooks = 0
    for child in children:
        name = child.name.lower()
        if child.is_dir():
            if name in tops and any(item.is_file() for item in _list_children(child)):
                return True
        elif name in files:
            return True
        notebooks += name.endswith(".ipynb")
    return handed_in.kind is SubmissionKind.NOTEBOOK and notebooks == 1


def _is_hidden(path: Path) -> bool:
    return is_junk(f"{path.name}/x") or is_junk(path.name)


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not _list_children(path)


def _list_children(folder: Path) -> list[Path]:
    """List what a student may have handed in, or nothing if the folder may not be read."""
    return sorted(child for child in folder.iterdir() if not _is_hidden(child)) if _may_enter(folder) else []


def _may_enter(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)
