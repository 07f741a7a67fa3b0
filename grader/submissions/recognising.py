"""Tell what an entry of a folder is: a submission, the results of a run, or what lies beside submissions.

`grader.submissions.sections` and `grader.submissions.intake` decide with it what is whose.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from grader.courses.assignment import HandedIn, SubmissionKind
from grader.submissions.archives import READABLE_SUFFIXES
from grader.submissions.contents import is_junk
from grader.submissions.lms_names import (
    is_generic,
    is_lms_folder,
    parse_ilias_folder,
    parse_lms_name,
    parse_sakai_folder,
    plain_name,
)

_STRAY_SUFFIXES = (".txt", ".csv", ".html", ".htm", ".yml", ".yaml", ".md", ".xlsx", ".log")
_STORE = "run.sqlite"
_BESIDE_STORE = (".run.lock", "grades.csv", "results.json", "index.html")
_PAGES = ("scorecards", "instructor")  # what is left of results whose store was not copied
_LOOK_DEEP = 2


def is_results(folder: Path, handed_in: HandedIn) -> bool:
    """Say whether a folder holds the results of a run, or a copy of their pages, and no submission."""
    if folder.is_symlink() or not folder.is_dir() or not may_enter(folder):
        return False
    has_store = (folder / _STORE).is_file() and any((folder / name).is_file() for name in _BESIDE_STORE)
    has_pages = (folder / "grades.csv").is_file() and any((folder / name).is_dir() for name in _PAGES)
    return (has_store or has_pages) and not holds(folder, handed_in, depth=_LOOK_DEEP)


def is_stray(child: Path) -> bool:
    """Say whether a file beside submissions is the LMS's or the instructor's, not one that code is handed in as."""
    if child.is_dir() or child.suffix.lower() not in _STRAY_SUFFIXES:
        return False
    return not plain_name(child.name).endswith((".py", ".ipynb"))


def list_results(children: Sequence[Path], handed_in: HandedIn, out: Path | None) -> list[Path]:
    """Return the children that are results of a run, `out` among them; what is called as an LMS calls it never is."""
    return [
        child for child in children if child == out or (not _is_lms_name(child.name) and is_results(child, handed_in))
    ]


def _is_lms_name(name: str) -> bool:
    readings = (parse_lms_name(name), parse_sakai_folder(name), parse_ilias_folder(name))
    return is_lms_folder(name) or any(reading is not None for reading in readings)


def without_strays(children: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Part the children into what may be handed in and the strays beside it."""
    strays = [child for child in children if is_stray(child)]
    return [child for child in children if child not in strays], strays


def is_group(candidates: Sequence[Path], handed_in: HandedIn) -> bool:
    """Say whether the entries of a folder that was given are those of students, not the parts or versions of a work."""
    likely = [one for one in candidates if is_likely(one, handed_in)]
    return bool(named_ones(likely, handed_in)) or (not likely and sum(one.is_dir() for one in candidates) > 1)


def named_ones(entries: Iterable[Path], handed_in: HandedIn) -> list[Path]:
    """Return the entries whose names may be those of students."""
    own = _own_words(handed_in)
    return [one for one in entries if not is_generic(one.name, own=own) or is_lms_folder(one.name)]


def _own_words(handed_in: HandedIn) -> frozenset[str]:
    """Return the words in the paths that an assignment asks for: no student is called so."""
    return frozenset(word for path in handed_in.required for word in re.split(r"[\W_]+", path.casefold()) if word)


def is_likely(candidate: Path, handed_in: HandedIn) -> bool:
    """Say whether an entry may be a submission, by its kind or by what lies in it."""
    if candidate.is_dir() and not candidate.is_symlink():
        return is_lms_folder(candidate.name) or holds(candidate, handed_in, depth=_LOOK_DEEP)
    if candidate.name.lower().endswith(READABLE_SUFFIXES) or parse_lms_name(candidate.name):
        return True
    return handed_in.kind is SubmissionKind.NOTEBOOK and plain_name(candidate.name).endswith(".ipynb")


def holds(folder: Path, handed_in: HandedIn, *, depth: int) -> bool:
    """Say whether a submission lies in the folder, or at most `depth` folders deeper."""
    children = list_children(folder)
    if is_root(children, handed_in):
        return True
    folders = [child for child in children if child.is_dir() and not child.is_symlink()]
    return depth > 0 and any(holds(child, handed_in, depth=depth - 1) for child in folders)


def is_root(children: Iterable[Path], handed_in: HandedIn, *, exact: bool = False) -> bool:
    """Say whether what is asked for lies among the children; `exact` takes no notebook of another name for it."""
    required = [PurePosixPath(path.lower()) for path in handed_in.required]
    files = {path.name for path in required} - {"__init__.py"}
    tops = {path.parts[0] for path in required if len(path.parts) > 1}
    notebooks = 0
    for child in children:
        name = child.name.lower() if exact or parse_lms_name(child.name) else plain_name(child.name)
        if child.is_dir():
            if name in tops and any(_is_code(item) for item in list_children(child)):
                return True
        elif name in files:
            return True
        notebooks += name.endswith(".ipynb")
    return not exact and handed_in.kind is SubmissionKind.NOTEBOOK and notebooks == 1


def _is_code(path: Path) -> bool:
    return plain_name(path.name).endswith((".py", ".ipynb")) and path.is_file()


def is_hidden(path: Path) -> bool:
    """Say whether a tool made the entry rather than a person: hidden files, caches, what Finder leaves."""
    return is_junk(f"{path.name}/x") or is_junk(path.name)


def list_hidden(folder: Path) -> list[Path]:
    """List what tools have left in a folder."""
    return sorted(child for child in folder.iterdir() if is_hidden(child))


def list_children(folder: Path) -> list[Path]:
    """List what a student may have handed in, or nothing if the folder may not be read."""
    return sorted(child for child in folder.iterdir() if not is_hidden(child)) if may_enter(folder) else []


def may_enter(folder: Path) -> bool:
    """Say whether the user who grades may list the folder and open what lies in it."""
    return os.access(folder, os.R_OK | os.X_OK)
