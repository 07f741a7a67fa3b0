"""Writes a gradebook that Canvas imports: a student a row, the assignment a column.

The format and where it was looked up: docs/exports.md. `grader.export.finished_run` calls it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from grader.errors import ExportError
from grader.export.final_points import FinalPoints
from grader.export.matching import Matching
from grader.export.roster import Roster
from grader.results.cells import csv_text, text_cell
from grader.results.earned import earned_in, points_cell
from grader.results.plain_text import number
from grader.results.verdict import SubmissionResult, TaskResult

_STUDENT_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
NO_TASKS: Mapping[str, SubmissionResult] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Column:
    """Hold one assignment of the gradebook: its title, its points, and the cell of each submission."""

    title: str
    possible: float
    cell: Callable[[str], str]


def canvas_csv(
    roster: Roster,
    matching: Matching,
    *,
    final: FinalPoints,
    title: str,
    assignment_id: str | None = None,
    by_task: Mapping[str, SubmissionResult] = NO_TASKS,
) -> str:
    """Return the gradebook; a grade that is withheld or not there is an empty cell, which Canvas leaves alone.

    Given the results as `by_task`, each task has a column of its own in place of the sum. Raises ExportError where
    `assignment_id` is no number.
    """
    if by_task:
        return _gradebook(roster, matching, columns=_task_columns(title, by_task, final))
    column = text_cell(title)
    if assignment_id is not None:
        if not (assignment_id.isascii() and assignment_id.isdigit()):
            raise ExportError(
                f"`{assignment_id}` is not an assignment id of Canvas.",
                remedy="It is the number at the end of the assignment's address: …/assignments/12345.",
            )
        column = f"{column} ({assignment_id})"
    return _gradebook(roster, matching, columns=[Column(column, final.possible, final.cell)])


def _task_columns(title: str, results: Mapping[str, SubmissionResult], final: FinalPoints) -> list[Column]:
    tasks: dict[str, TaskResult] = {}
    for name in final.points:
        for task in results[name].tasks:
            tasks.setdefault(task.name, task)
    return [
        Column(text_cell(f"{title}: {task.title or task.name}"), _most(name, results), _task_cell(name, results, final))
        for name, task in tasks.items()
    ]


def _most(task: str, results: Mapping[str, SubmissionResult]) -> float:
    return max(one.max_points for result in results.values() for one in result.tasks if one.name == task)


def _task_cell(task: str, results: Mapping[str, SubmissionResult], final: FinalPoints) -> Callable[[str], str]:
    def cell(submission: str) -> str:
        tasks = {one.name: one for one in results[submission].tasks} if submission in final.points else {}
        earned, late = earned_in(tasks[task]) if task in tasks else None, results[submission].lateness
        return points_cell(earned * late.keeps / 100 if earned is not None and late is not None else earned)

    return cell


def _gradebook(roster: Roster, matching: Matching, *, columns: Sequence[Column]) -> str:
    most = [number(column.possible) for column in columns]
    rows = [[*_STUDENT_COLUMNS, *(column.title for column in columns)], ["Points Possible", "", "", "", "", *most]]
    for place, student in enumerate(roster.students):
        # Canvas takes any row with these words for the second one.
        name = student.name.replace("Points Possible", "Points possible")
        own = (name, student.number, student.sis_id, student.login, student.section)
        submission = matching.submissions.get(place)
        rows.append([*map(text_cell, own), *(column.cell(submission) if submission else "" for column in columns)])
    return csv_text(rows)
