"""Writes `grades.csv`: one row per submission, one column per task, byte-identical for equal results.

Spreadsheets read it; `grader.export.named_csv` adds the names of a roster.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.answers.marks import manual_sum, total_points
from grader.results.atomic import replace_file
from grader.results.cells import text_cell
from grader.results.earned import earned_in, earned_points, is_ungraded, points_cell
from grader.results.plain_text import number
from grader.results.verdict import SubmissionResult

_FIXED = ("submission", "points", "max_points", "percent", "status")
_LATE = ("handed_in", "clock", "late_hours", "slack_days", "kept_percent", "late_price", "attempts")
_MANUAL = ("manual_points", "manual_pending", "total_points")


def write_grades_csv(
    path: Path,
    results: Iterable[SubmissionResult],
    *,
    tasks: Sequence[str],
    questions: Sequence[str] = (),
    has_deadline: bool = False,
) -> None:
    """Write the grades sorted by submission; `tasks` are the names of the columns, in the assignment's order.

    The cell of a task that a submission has no result for stays empty, and so do points that no check has given.
    `points` are always those of the checks alone.
    `questions`, which a person grades, have columns of their own behind the tasks: points given so far, answers that
    wait, the total of both (only once nothing of it waits), and each question's points. Under a deadline the last
    columns say when and how late each was handed in; its price is out of the points already, but not out of the tasks'.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    late = _LATE if has_deadline else ()
    writer.writerow([*_FIXED, *map(text_cell, (*tasks, *manual_columns(questions))), *late])
    for result in sorted(results, key=lambda result: result.submission):
        writer.writerow([*_row(result, tasks), *manual_cells(result, questions), *late_cells(result)[: len(late)]])
    replace_file(path, text.getvalue())


def late_columns(results: Iterable[SubmissionResult]) -> tuple[str, ...]:
    """Return the names of the columns of lateness; none where nothing has a deadline."""
    return _LATE if any(result.lateness is not None for result in results) else ()


def late_cells(result: SubmissionResult) -> list[str]:
    """Return the cells of `late_columns`."""
    late = result.lateness
    if late is None:
        return [""] * len(_LATE)
    hours = number(math.ceil(late.late_s / 36) / 100)
    price = (number(late.keeps), number(late.price), str(max(1, len(late.attempts))))
    return [late.handed_in, late.clock, hours, str(late.slack_days), *price]


def manual_columns(questions: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns of what a person grades; none where there are no questions."""
    return (*_MANUAL, *(f"manual:{question}" for question in questions)) if questions else ()


def manual_cells(result: SubmissionResult, questions: Sequence[str], *, is_final: bool = True) -> list[str]:
    """Return the cells of `manual_columns`: no total where the points of the checks are not final."""
    if not questions:
        return []
    given = {answer.name: number(answer.given) for answer in result.answers if answer.given is not None}
    earned, total = manual_sum(result), total_points(result) if is_final else None
    sums = [number(earned.points), str(earned.pending), "" if total is None else number(total)]
    return [*sums, *(given.get(question, "") for question in questions)]


def _row(result: SubmissionResult, tasks: Sequence[str]) -> list[str]:
    points = {task.name: points_cell(earned_in(task)) for task in result.tasks} if not is_ungraded(result) else {}
    earned = earned_points(result)
    percent = "" if earned is None else number(result.percent)
    total = (points_cell(earned), number(result.max_points), percent)
    fixed = (text_cell(result.submission), *total, result.status.value)
    return [*fixed, *(points.get(task, "") for task in tasks)]
