"""The file names that Moodle, Canvas and Gradescope give to downloaded submissions.

`grader.submissions.intake` names submissions after the student that it finds in them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.submissions.archives import READABLE_SUFFIXES
from grader.submissions.paths import printable

_MOODLE = re.compile(r"(?P<student>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<own>.*)", re.DOTALL)
_CANVAS = re.compile(r"(?P<student>[^_]+)(?:_LATE)?_(?P<number>\d+)_\d+_(?P<own>.+\..+)", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_\d+")
_GENERIC = re.compile(
    r"(hw|homework|assignment|assign|asgn|ex|exercise|lab|project|submission|code|src|solution|final|notebook)"
    r"s?([\s_.-]*(v|ver|version|final|new|copy|fixed|files?|submission|\(?\d+\)?))*",
    re.IGNORECASE,
)
_COPY_MARK = re.compile(r"( ?\(\d+\)|-\d+)(?=(\.[^.]+)?$)")


@dataclass(frozen=True, slots=True)
class LmsName:
    """Hold the parts of a downloaded name: student, their number, the name they gave ("" for a folder)."""

    student: str
    number: str
    own: str


def parse_lms_name(name: str) -> LmsName | None:
    """Return the parts of a name made by Moodle or Canvas, None for any other."""
    found = _MOODLE.fullmatch(name) or _CANVAS.fullmatch(name)
    return LmsName(**found.groupdict()) if found else None


def is_lms_folder(name: str) -> bool:
    """Say whether Moodle or Gradescope made the folder, so that it holds one student's files."""
    return bool(_MOODLE.fullmatch(name) or _GRADESCOPE.fullmatch(name))


def is_generic(name: str) -> bool:
    """Say whether a name tells nothing about who handed in: `hw2`, `Homework 2 final`, `submission`."""
    return bool(_GENERIC.fullmatch(cut_suffix(name)))


def plain_name(name: str) -> str:
    """Return the student's own file name in lower case, without what Canvas or a browser added to it."""
    lms = parse_lms_name(name)
    return _COPY_MARK.sub("", lms.own if lms and lms.own else name).lower()


def cut_suffix(name: str) -> str:
    """Cut the suffix of an archive, a Python file or a notebook."""
    for suffix in (*READABLE_SUFFIXES, ".py", ".ipynb"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def name_submissions(paths: Sequence[Path], top: Path) -> list[str]:
    """Name each submission after its student, with folder, number or count only to be unique."""
    grouped = len({path.parent for path in paths} - {top}) > 1 or (
        any(path.parent == top for path in paths) and any(path.parent != top for path in paths)
    )
    plain = [_name_one(path, top, grouped=grouped) for path in paths]
    counts = Counter(name.casefold() for name in plain)
    names: list[str] = []
    taken: set[str] = set()
    for path, name in zip(paths, plain, strict=True):
        full = name if counts[name.casefold()] == 1 else _add_number(name, path)
        unique, count = full, 1
        while unique.casefold() in taken:
            count += 1
            unique = f"{full} ({count})"
        taken.add(unique.casefold())
        names.append(unique)
    return names


def _name_one(path: Path, top: Path, *, grouped: bool) -> str:
    lms = parse_lms_name(path.name)
    name = lms.student if lms else path.name if path.is_dir() else cut_suffix(path.name)
    in_group = grouped and top in path.parent.parents
    return printable(f"{path.parent.name} - {name}" if in_group else name)


def _add_number(name: str, path: Path) -> str:
    lms = parse_lms_name(path.name)
    return f"{name} ({lms.number})" if lms else name
