"""Writes changes.html and changes.csv: whose points have moved, from what to what, with both explanations.

`grader.marking.changes` finds them; `grader.report.html` has the templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import StoreError
from grader.marking.changes import GradeChange, since_in_words, then_and_now
from grader.report.html import report_templates
from grader.results.atomic import replace_file
from grader.results.cells import csv_text, text_cell
from grader.results.file_names import CHANGES_PAGE, CHANGES_TABLE, scorecard_files
from grader.results.plain_text import number
from grader.results.results_file import RunInfo

_COLUMNS = (
    "submission", "points_before", "points_now", "since", "check_or_task", "before", "now", "why", "said_before",
    "says_now",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MovedView:
    """Show one check whose points moved."""

    title: str
    before: str
    now: str
    why: str
    said_before: str
    says_now: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """Show one submission whose points moved."""

    submission: str
    file: str
    points: str
    since: str
    handed_in_again: bool
    lateness: str
    moved: tuple[MovedView, ...]


def write_changes(folder: Path, run: RunInfo, changes: Sequence[GradeChange], *, names: Sequence[str]) -> None:
    """Write both files for a run with the submissions `names`; where nothing has changed there are none."""
    page, table = folder / CHANGES_PAGE, folder / CHANGES_TABLE
    if not changes:
        _remove(page, table)
        return
    files = scorecard_files(names)
    views = [_view(change, files[change.submission]) for change in changes]
    replace_file(page, report_templates().get_template("changes.html").render(page={"run": run, "changes": views}))
    replace_file(table, csv_text([_COLUMNS, *(row for change in changes for row in _rows(change))]))


def _remove(*paths: Path) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"The old {path} can't be removed: {error.strerror}.", remedy="Fix the folder's permissions."
            ) from error


def _view(change: GradeChange, file: str) -> ChangeView:
    return ChangeView(
        submission=change.submission,
        file=file,
        points=then_and_now(change),
        since=since_in_words(change),
        handed_in_again=change.is_handed_in_again,
        lateness=change.lateness_words,
        moved=tuple(
            MovedView(
                title=moved.title,
                before=moved.before.words if moved.before else "not there",
                now=moved.now.words if moved.now else "not there",
                why=moved.why,
                said_before=moved.before.said if moved.before else "",
                says_now=moved.now.said if moved.now else "",
            )
            for moved in change.moved
        ),
    )


def _rows(change: GradeChange) -> list[tuple[str, ...]]:
    first = (text_cell(change.submission), number(change.before.points), number(change.now.points), change.since)
    rows = [
        (*first, text_cell(moved.name), *map(text_cell, (moved.before.words if moved.before else "",)),
         text_cell(moved.now.words if moved.now else ""), moved.why,
         text_cell(moved.before.said if moved.before else ""), text_cell(moved.now.said if moved.now else ""))
        for moved in change.moved
    ]  # fmt: skip
    late = change.lateness_words
    return [*rows, (*first, "", "", "", late, "", "")] if late or not rows else rows
