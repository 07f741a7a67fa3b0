"""Turns stored results into those that count: adjusted for all, the right attempt, overridden, lateness paid.

Pages (`grader.commands.report`) and exports (`grader.export.finished_run`) show what comes out here, so all agree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.courses.assignment import Assignment
from grader.courses.deadline import Deadline
from grader.grading.adjusting import adjusted
from grader.marking.deadlines import Timed, priced, under_deadline, without_attempts
from grader.marking.extension_file import read_extensions
from grader.marking.memory import Memory
from grader.marking.override_file import OverrideRow, read_overrides
from grader.marking.overriding import Overridden, overridden
from grader.results.plain_text import visible_line
from grader.results.verdict import SubmissionResult


@dataclass(frozen=True, slots=True)
class FinalResults:
    """Hold the results that count, and sentences about rows of files that a person has to mend, or may want to know."""

    results: list[SubmissionResult]
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def final_results(
    folder: Path, stored: Iterable[SubmissionResult], assignment: Assignment | None, *, remember: bool
) -> FinalResults:
    """Return the stored results of a folder as they count now; without the assignment nothing is adjusted anew.

    With `remember`, the automatic marks behind new overrides are noted. Where one has changed since, that becomes a
    flag of the submission. Raises CourseError for adjustments of no check, ManualError for a file that is no table.
    """
    rows, unread = read_overrides(folder)
    timed = automatic_results(folder, stored, assignment)
    if not rows and not unread:
        return FinalResults([priced(one) for one in timed.results], timed.problems, timed.remarks)
    placed = overridden(timed.results, rows)
    flags = _changed_behind(folder, placed, remember=remember)
    flagged = [replace(one, flags=(*one.flags, *flags.get(one.submission, ()))) for one in placed.results]
    problems = (*timed.problems, *unread, *placed.problems)
    return FinalResults([priced(one) for one in flagged], problems, timed.remarks)


def automatic_results(folder: Path, stored: Iterable[SubmissionResult], assignment: Assignment | None) -> Timed:
    """Return the results before any person's word for one of them: adjusted for all, and of the attempts that count.

    Raises as `final_results` does.
    """
    results = list(stored) if assignment is None else adjusted(stored, assignment)
    return _timed(folder, results, None if assignment is None else assignment.deadline)


def _timed(folder: Path, results: Sequence[SubmissionResult], deadline: Deadline | None) -> Timed:
    """Return the attempts that count, with the lateness of each; without a deadline all but further attempts."""
    if deadline is None:
        return Timed(without_attempts(results), (), ())
    extensions, unread = read_extensions(folder, deadline)
    timed = under_deadline(results, deadline, extensions)
    return replace(timed, problems=(*unread, *timed.problems))


def _changed_behind(folder: Path, placed: Overridden, *, remember: bool) -> dict[str, list[str]]:
    """Return sentences about overrides behind which the automatic mark has changed, by submission."""
    memory = Memory(folder)
    before = memory.overrides()
    keys = {row: (placed.names[row.submission], row.target) for row in placed.automatic}
    seen = {}
    flags: dict[str, list[str]] = {}
    for row, mark in placed.automatic.items():
        said, old = before.get(keys[row], ("", ""))
        is_known = said == row.said
        seen[keys[row]] = (row.said, old if is_known else mark)
        if is_known and old != mark:
            flags.setdefault(keys[row][0], []).append(_words(row, old, mark))
    if remember and seen != before:
        memory.keep_overrides(seen)
    return flags


def _words(row: OverrideRow, old: str, new: str) -> str:
    given = row.verdict or f"{row.points} points"
    return (
        f"The automatic mark behind an override has changed: `{row.target}` was {old} when "
        f"{visible_line(row.who)} gave {given}, and is {new} now. The override counts until its row of "
        f"overrides.csv (line {row.line}) is changed or removed."
    )
