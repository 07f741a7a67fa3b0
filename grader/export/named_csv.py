"""Writes grades.csv with the names of a roster: who handed in what, who handed in nothing.

The columns without a roster are those of `grader.export.grades_csv`.
"""

from collections.abc import Mapping, Sequence

from grader.export.cells import csv_text, text_cell
from grader.export.final_points import FinalPoints
from grader.export.matching import Matching
from grader.export.roster import Roster
from grader.plain_text import number
from grader.verdict import SubmissionResult

_HEADERS = {"number": "id", "sis_id": "sis_user_id"}
_FIXED = ("submission", "points", "max_points", "percent", "status")


def named_csv(
    results: Mapping[str, SubmissionResult],
    final: FinalPoints,
    *,
    roster: Roster | None = None,
    matching: Matching | None = None,
) -> str:
    """Return one row per student in the roster's order, then one per submission that has no student.

    Points that are withheld, and those of students without a submission, are empty.
    """
    fields = [field for field in roster.fields if field != "submission"] if roster else []
    tasks = _task_names(results)
    rows = [[_HEADERS.get(field, field) for field in fields] + [*_FIXED, *map(text_cell, tasks)]]
    shown: set[str] = set()
    for place, student in enumerate(roster.students if roster else ()):
        submission = matching.submissions.get(place) if matching else None
        own = [text_cell(str(getattr(student, field))) for field in fields]
        shown |= {submission} if submission else set()
        rows.append(own + (_row(results[submission], final, tasks) if submission else _no_row(len(tasks))))
    for name, result in sorted(results.items()):
        if name not in shown:
            rows.append([""] * len(fields) + _row(result, final, tasks))
    return csv_text(rows)


def _row(result: SubmissionResult, final: FinalPoints, tasks: Sequence[str]) -> list[str]:
    is_final = result.submission in final.points
    points = {task.name: number(task.points) for task in result.tasks} if is_final else {}
    total = (number(result.points), number(result.max_points), number(result.percent))
    fixed = total if is_final else ("", total[1], "")
    return [text_cell(result.submission), *fixed, result.status.value, *(points.get(task, "") for task in tasks)]


def _no_row(tasks: int) -> list[str]:
    return ["", "", "", "", "no_submission"] + [""] * tasks


def _task_names(results: Mapping[str, SubmissionResult]) -> list[str]:
    """Return every task that some submission has, in the order of the one that has most."""
    by_length = sorted(results.values(), key=lambda result: -len(result.tasks))
    return list(dict.fromkeys(task.name for result in by_length for task in result.tasks))
