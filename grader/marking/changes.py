"""Tells whose points have moved since they were handed out, from what to what, and by which check.

`grader.marking.memory` remembers what was handed out; `grader.marking.changes_page` writes the pages.

Why: docs/decisions.md#what-changed-and-since-when
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from grader.marking.memory import HandedOut, Memory
from grader.marking.snapshot import GradeSnapshot, Mark, pack_snapshot, snapshot_of, unpack_snapshot
from grader.results.plain_text import number
from grader.results.verdict import SubmissionResult

FIRST = ""  # stands for the format of an export: when the submission was first graded
_NOTHING = 0.005  # points are rounded to two digits
_MOST_TOLD = 3
_WHY = {
    "handed in": "something else was handed in",
    "override": "a person marked it",
    "adjust": "an instructor adjusted the check for everybody",
    "check": "the check or the grader was changed",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """Hold one check, or a task that a person marked, whose points moved: its marks before and now, None for none."""

    name: str
    before: Mark | None
    now: Mark | None
    why: str

    @property
    def title(self) -> str:
        """Return its title as it is now."""
        found = self.now or self.before
        return found.title if found else self.name

    @property
    def is_hidden(self) -> bool:
        """Tell whether students may not read what it said."""
        return any(mark.hidden for mark in (self.before, self.now) if mark)


@dataclass(frozen=True, slots=True)
class GradeChange:
    """Hold a submission whose points moved since `since` (a date), when it was handed out `by` an export."""

    submission: str
    since: str
    by: str
    before: GradeSnapshot
    now: GradeSnapshot
    moved: tuple[Moved, ...]

    @property
    def is_handed_in_again(self) -> bool:
        """Tell whether something else was handed in since."""
        return self.before.content != self.now.content

    @property
    def lateness_words(self) -> str:
        """Say how much lateness left then and leaves now, "" where that is the same."""
        before, now = self.before.keeps, self.now.keeps
        is_same = abs(before - now) < _NOTHING
        return (
            "" if is_same else f"Lateness left {number(before)} % of the points then, and leaves {number(now)} % now."
        )


def find_changes(
    folder: Path, results: Sequence[SubmissionResult], *, by: str | None = None, remember: bool = False
) -> tuple[GradeChange, ...]:
    """Return the changes since each grade was last handed out by an export in the format `by`, or in any (None).

    Where no export has handed it out, the first final grade of what was handed in is compared. With `remember`, first
    grades are noted.
    """
    memory = Memory(folder)
    told = memory.handed_out()
    first: dict[str, str] = {}
    changes: list[GradeChange] = []
    for result in results:
        now = snapshot_of(result)
        if now is None:
            continue
        known = told.get(result.submission, {})
        last = _last(known, by)
        before = unpack_snapshot(last.snapshot) if last else None
        is_first = last is None or set(known) == {FIRST}
        if before is None or (is_first and (before.content, set(before.tasks)) != (now.content, set(now.tasks))):
            first[result.submission] = pack_snapshot(now)
        elif last is not None and (change := _change(result.submission, before, now, last)):
            changes.append(change)
    if remember and first:
        memory.hand_out(FIRST, first, at=_now())
    return tuple(changes)


def _last(known: Mapping[str, HandedOut], by: str | None) -> HandedOut | None:
    if by in known and by is not None:
        return known[by]
    return max(known.values(), key=lambda one: (one.format != FIRST, one.at), default=None)


def _change(submission: str, before: GradeSnapshot, now: GradeSnapshot, last: HandedOut) -> GradeChange | None:
    moved = tuple(_moved(before, now))
    is_same = abs(before.points - now.points) < _NOTHING and abs(before.max_points - now.max_points) < _NOTHING
    if is_same and not moved:
        return None
    return GradeChange(submission, last.at[:10], last.format, before, now, moved)


def _moved(before: GradeSnapshot, now: GradeSnapshot) -> Iterable[Moved]:
    marks = [*now.marks.items(), *before.marks.items()]
    whole = {name for name, mark in marks if name == mark.task}  # marked by a person: its checks decide nothing
    for name in dict.fromkeys(name for name, mark in marks if name == mark.task or mark.task not in whole):
        old, new = before.marks.get(name), now.marks.get(name)
        if name in whole:
            old, new = old or _whole_mark(before, name), new or _whole_mark(now, name)
        if abs((old.points if old else 0.0) - (new.points if new else 0.0)) < _NOTHING:
            continue
        yield Moved(name, old, new, _why(before, now, old, new))


def _whole_mark(snapshot: GradeSnapshot, task: str) -> Mark | None:
    """Return a mark for a task that no person has marked."""
    if task not in snapshot.tasks:
        return None
    points = snapshot.tasks[task]
    return Mark(task, task, points, f"{number(points)} points", "", "check", False)


def _why(before: GradeSnapshot, now: GradeSnapshot, old: Mark | None, new: Mark | None) -> str:
    for by in ("override", "adjust"):
        if by in (old.by if old else "", new.by if new else ""):
            return _WHY[by]
    return _WHY["handed in"] if before.content != now.content else _WHY["check"]


def changed_since(folder: Path, results: Sequence[SubmissionResult], *, by: str) -> frozenset[str]:
    """Return the submissions whose grade is not the one that the last export in the format `by` handed out.

    What was never handed out in that format is among them, and so is a mark for a text answer that has changed.
    """
    told = Memory(folder).handed_out()
    same = set()
    for result in results:
        now, last = snapshot_of(result), told.get(result.submission, {}).get(by)
        before = unpack_snapshot(last.snapshot) if last else None
        if now and before and _grade_of(now) == _grade_of(before):
            same.add(result.submission)
    return frozenset(result.submission for result in results if result.submission not in same)


def _grade_of(snapshot: GradeSnapshot) -> object:
    return snapshot.points, snapshot.max_points, snapshot.total, snapshot.tasks, snapshot.answers


def hand_out(folder: Path, results: Iterable[SubmissionResult], *, by: str) -> None:
    """Remember that these grades were handed out by an export in the format `by`."""
    snapshots = {result.submission: snapshot_of(result) for result in results}
    packed = {name: pack_snapshot(snapshot) for name, snapshot in snapshots.items() if snapshot is not None}
    if packed:
        Memory(folder).hand_out(by, packed, at=_now())


def with_change_notes(results: Iterable[SubmissionResult], changes: Iterable[GradeChange]) -> list[SubmissionResult]:
    """Return the results with a note for students on those whose points have moved."""
    notes = {change.submission: note_of(change) for change in changes}
    return [
        replace(result, notes=(*result.notes, notes[result.submission])) if result.submission in notes else result
        for result in results
    ]


def note_of(change: GradeChange) -> str:
    """Tell a student what changed, without what hidden checks found."""
    told = [_moved_in_words(moved) for moved in change.moved[:_MOST_TOLD]]
    left = len(change.moved) - len(told)
    told += [f"And {left} more."] if left else []
    again = "Something else was handed in since." if change.is_handed_in_again else ""
    head = f"Changed since {since_in_words(change)}: {then_and_now(change)}."
    return " ".join(filter(None, (head, again, change.lateness_words, *told)))


def since_in_words(change: GradeChange) -> str:
    """Say since when the change is counted."""
    return f"the export of {change.since}" if change.by else f"it was first graded on {change.since}"


def then_and_now(change: GradeChange) -> str:
    """Say the points before and now."""
    before, now = change.before, change.now
    then = f"{number(before.points)} of {number(before.max_points)} points"
    return f"{then} then, {number(now.points)} of {number(now.max_points)} now"


def _moved_in_words(moved: Moved) -> str:
    old, new = (mark.words if mark else "not there" for mark in (moved.before, moved.now))
    words = f"“{moved.title}” was {old} and is {new}, since {moved.why}."
    if moved.is_hidden or moved.before is None or not moved.before.said:
        return words
    return f"{words} It said: {moved.before.said}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
