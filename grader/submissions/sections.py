"""Tell which folders of a class are sections of it, so that no student's own folder is ever taken for one.

`grader.submissions.intake` looks into sections for students; every other folder is one student's.

Why: docs/decisions.md#whose-an-upload-is
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from grader.courses.assignment import HandedIn
from grader.submissions.archives import READABLE_SUFFIXES
from grader.submissions.lms_names import parse_lms_name
from grader.submissions.paths import list_names, printable
from grader.submissions.recognising import (
    holds,
    is_likely,
    is_root,
    list_children,
    list_results,
    may_enter,
    named_ones,
    without_strays,
)
from grader.submissions.uploads import find_uploads, same_student, stem_of

_DEEPEST = 2


class _Look(Enum):
    """Name what an entry of a class looks like."""

    WORK = auto()  # a file, or a folder with the work in it
    NAMED = auto()  # a folder with one thing in it, called as a student may be
    SEVERAL = auto()  # a folder with several such things
    MARKED = auto()  # a folder with what an LMS has marked
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Sections:
    """Hold the folders that are sections, and why of others it is unclear whether they are."""

    folders: frozenset[Path] = frozenset()
    unclear: Mapping[Path, str] = field(default_factory=dict)


def find_sections(candidates: Sequence[Path], handed_in: HandedIn, *, depth: int = 0) -> Sections:
    """Find the sections among the entries of a class.

    They are where more than half of all entries hold several things called as no other entry's, or where every entry is
    a folder that an LMS has filled: one student's folder among others never is. Where no entry tells that folders are
    students', those that hold several are unclear.
    """
    seen = {one: _see(one, handed_in, depth=depth) for one in candidates}
    counts = Counter(name for one in seen.values() for name in one.names)
    looks = {one: _look_of(each, counts) for one, each in seen.items()}
    full = [one for one, look in looks.items() if look in (_Look.SEVERAL, _Look.MARKED)]
    are_marked = len(looks) > 1 and all(look is _Look.MARKED for look in looks.values())
    if are_marked or 2 * len(full) > len(looks):
        return Sections(frozenset(one for one in (*full, *_named(looks))))
    if _Look.WORK in looks.values():
        return Sections()
    return Sections(unclear={one: _why(one) for one, look in looks.items() if look is _Look.SEVERAL})


def _named(looks: Mapping[Path, _Look]) -> list[Path]:
    return [one for one, look in looks.items() if look is _Look.NAMED]


def _why(folder: Path) -> str:
    names = list_names(stem_of(child) for child in list_children(folder))
    return f"It is unclear whether `{printable(folder.name)}` is one student's or a section: it holds {names}."


@dataclass(frozen=True, slots=True)
class _Seen:
    """Hold how an entry looks, and the names in it that may be those of students."""

    look: _Look
    names: tuple[str, ...] = ()


def _see(entry: Path, handed_in: HandedIn, *, depth: int) -> _Seen:
    if not entry.is_dir() or entry.is_symlink() or parse_lms_name(entry.name):
        return _Seen(_Look.WORK)
    children = list_children(entry) if may_enter(entry) else []
    results = list_results(children, handed_in, None)
    children = [child for child in children if child not in results]
    if is_root(children, handed_in, exact=True):
        return _Seen(_Look.WORK)
    if find_uploads(entry, children)[0]:
        return _Seen(_Look.MARKED)
    if holds(entry, handed_in, depth=0):
        return _Seen(_Look.WORK)
    candidates, _ = without_strays(children)
    if depth < _DEEPEST and find_sections(candidates, handed_in, depth=depth + 1).folders:
        return _Seen(_Look.SEVERAL)
    likely = [one for one in candidates if is_likely(one, handed_in) or _has_archive(one)]
    named = same_student(named_ones(likely, handed_in))
    if named and (len(named) > 1 or len(same_student(likely)) == 1):
        return _Seen(_Look.NAMED, tuple(stem_of(group[0]).casefold() for group in named))
    return _Seen(_Look.WORK if likely else _Look.NOTHING)


def _look_of(seen: _Seen, counts: Mapping[str, int]) -> _Look:
    """Return how an entry looks beside the others: what several folders have is called as no student is."""
    own = [name for name in seen.names if counts[name] == 1]
    if len(own) > 1:
        return _Look.SEVERAL
    return _Look.WORK if len(seen.names) > 1 else seen.look


def _has_archive(folder: Path) -> bool:
    children = list_children(folder) if folder.is_dir() and not folder.is_symlink() else []
    return any(child.name.lower().endswith(READABLE_SUFFIXES) for child in children)
