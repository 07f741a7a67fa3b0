"""Writes grades.csv with the names of a roster: who handed in what, who handed in nothing.

The columns without a roster are those of `grader.export.grades_csv`.
"""

from collections.abc import Mapping, Sequence

from grader.export.final_points import FinalPoints
from grader.export.grades_csv import late_cells, late_columns, manual_cells, manual_columns
from grader.export.matching import Matching
from grader.export.roster import Roster
from grader.results.cells import csv_text, text_cell
from grader.results.earned import earned_in, points_cell
from grader.results.plain_text import number
from grader.results.verdict import SubmissionResult

_HEADERS = {"number": "id", "sis_id": "sis_user_id"}
_FIXED = ("submission", "points", "max_points", "percent", "status")
_NO_ROW = ("", "", "", "", "no_submission")


def named_csv(
    results: Mapping[str, SubmissionResult],
    final: FinalPoints,
    *,
    roster: Roster | None = None,
    matching: Matching | None = None,
) -> str:
    """Return one row per student in the roster's order, then one per submission that has no student.

    Points that are withheld, and those of students without a submission, are empty. `final` holds the points of the
    checks alone; those for text answers have columns of their own behind the tasks. Where they are about chosen
    submissions, there is no row for anybody else.
    """
    fields = [field for field in roster.fields if field != "submission"] if roster else []
    tasks = _task_names(results)
    questions = _question_names(results)
    late = late_columns(results.values())
    columns = [*_FIXED, *map(text_cell, (*tasks, *manual_columns(questions))), *late]
    rows = [[_HEADERS.get(field, field) for field in fields] + columns]
    no_row = [*_NO_ROW, *[""] * (len(columns) - len(_NO_ROW))]
    shown: set[str] = set()
    for place, student in enumerate(roster.students if roster else ()):
        submission = matching.submissions.get(place) if matching else None
        if final.chosen is not None and submission not in results:
            continue
        own = [text_cell(str(getattr(student, field))) for field in fields]
        shown |= {submission} if submission else set()
        row = [*_row(results[submission], final, tasks, questions)] if submission else no_row
        rows.append([*own, *row, *(late_cells(results[submission])[: len(late)] if submission else ())])
    for name, result in sorted(results.items()):
        if name not in shown:
            row = _row(result, final, tasks, questions)
            rows.append([*[""] * len(fields), *row, *late_cells(result)[: len(late)]])
    return csv_text(rows)


def _row(result: SubmissionResult, final: FinalPoints, tasks: Sequence[str], questions: Sequence[str]) -> list[str]:
    is_final = result.submission in final.points
    points = {task.name: points_cell(earned_in(task)) for task in result.tasks} if is_final else {}
    total = (number(result.points), number(result.max_points), number(result.percent))
    fixed = total if is_final else ("", total[1], "")
    of_tasks = [points.get(task, "") for task in tasks]
    of_answers = manual_cells(result, questions, is_final=is_final)
    return [text_cell(result.submission), *fixed, result.status.value, *of_tasks, *of_answers]


def _question_names(results: Mapping[str, SubmissionResult]) -> list[str]:
    """Return every question that some submission has an answer to, in their order."""
    return list(dict.fromkeys(answer.name for result in results.values() for answer in result.answers if answer.name))


def _task_names(results: Mapping[str, SubmissionResult]) -> list[str]:
    """Return every task that some submission has, in the order of the one that has most."""
    by_length = sorted(results.values(), key=lambda result: -len(result.tasks))
    return list(dict.fromkeys(task.name for result in by_length for task in result.tasks))
