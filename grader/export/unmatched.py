"""Writes unmatched.csv: the submissions without a student and the students without a submission.

`grader.export.job` puts it beside every file that a roster or worksheet went into.
"""

from collections.abc import Mapping, Sequence

from grader.export.matching import Matching
from grader.results.cells import csv_text, text_cell
from grader.results.earned import earned_points, points_cell
from grader.results.plain_text import number
from grader.results.verdict import SubmissionResult


def unmatched_csv(matching: Matching, without: Sequence[str], *, results: Mapping[str, SubmissionResult]) -> str:
    """Return one row for each of them, `without` being the students; only the header if nobody is left over."""
    rows = [["what", "name", "reason", "status", "points", "max_points"]]
    for name, why in matching.unmatched.items():
        result = results[name]
        points = (result.status.value, points_cell(earned_points(result)), number(result.max_points))
        rows.append(["submission", text_cell(name), text_cell(why), *points])
    rows += [["student", text_cell(label), "has no submission in this run", "", "", ""] for label in without]
    return csv_text(rows)
