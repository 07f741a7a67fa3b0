"""Writes a gradebook that Canvas imports: a student a row, the assignment a column.

The format and where it was looked up: docs/exports.md. `grader.export.finished_run` calls it.
"""

from grader.errors import ExportError
from grader.export.final_points import FinalPoints
from grader.export.matching import Matching
from grader.export.roster import Roster
from grader.results.cells import csv_text, text_cell
from grader.results.plain_text import number

_STUDENT_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def canvas_csv(
    roster: Roster, matching: Matching, *, final: FinalPoints, title: str, assignment_id: str | None = None
) -> str:
    """Return the gradebook; a grade that is withheld or not there is an empty cell, which Canvas leaves alone.

    Raises ExportError if `assignment_id` is no number.
    """
    column = text_cell(title)
    if assignment_id is not None:
        if not (assignment_id.isascii() and assignment_id.isdigit()):
            raise ExportError(
                f"`{assignment_id}` is not an assignment id of Canvas.",
                remedy="It is the number at the end of the assignment's address: …/assignments/12345.",
            )
        column = f"{column} ({assignment_id})"
    rows = [[*_STUDENT_COLUMNS, column], ["Points Possible", "", "", "", "", number(final.possible)]]
    for place, student in enumerate(roster.students):
        # Canvas takes any row with these words for the second one.
        name = student.name.replace("Points Possible", "Points possible")
        own = (name, student.number, student.sis_id, student.login, student.section)
        submission = matching.submissions.get(place)
        rows.append([*map(text_cell, own), final.cell(submission) if submission else ""])
    return csv_text(rows)
