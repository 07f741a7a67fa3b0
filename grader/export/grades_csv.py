"""Writes `grades.csv`: one row per submission, one column per task, byte-identical for equal results.

Spreadsheets and gradebooks read it; everything else about a result is in `grader.export.results_json`.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.atomic import replace_file
from grader.plain_text import number, visible_line
from grader.verdict import SubmissionResult

# What makes a spreadsheet read a cell as a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


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


def text_cell(text: str) -> str:
    """Return `text` on one line and such that no spreadsheet takes it for a formula."""
    is_formula = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{visible_line(text)}" if is_formula else visible_line(text)


def _row(result: SubmissionResult, tasks: Sequence[str]) -> list[str]:
    points = {task.name: number(task.points) for task in result.tasks}
    total = (number(result.points), number(result.max_points), number(result.percent))
    fixed = (text_cell(result.submission), *total, result.status.value)
    return [*fixed, *(points.get(task, "") for task in tasks)]
