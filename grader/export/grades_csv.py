"""Writes `grades.csv`: one row per submission, one column per task, byte-identical for equal results.

Spreadsheets read it; `grader.export.named_csv` adds names, `grader.export.results_json` writes everything.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.atomic import replace_file
from grader.export.cells import text_cell
from grader.plain_text import number
from grader.verdict import SubmissionResult


def write_grades_csv(path: Path, results: Iterable[SubmissionResult], *, tasks: Sequence[str]) -> None:
    """Write the grades sorted by submission; `tasks` are the names of the columns, in the assignment's order.

    The cell of a task that a submission has no result for stays empty.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    fixed = ("submission", "points", "max_points", "percent", "status")
    writer.writerow([*fixed, *(text_cell(task) for task in tasks)])
    for result in sorted(results, key=lambda result: result.submission):
        writer.writerow(_row(result, tasks))
    replace_file(path, text.getvalue())


def _row(result: SubmissionResult, tasks: Sequence[str]) -> list[str]:
    points = {task.name: number(task.points) for task in result.tasks}
    total = (number(result.points), number(result.max_points), number(result.percent))
    fixed = (text_cell(result.submission), *total, result.status.value)
    return [*fixed, *(points.get(task, "") for task in tasks)]
