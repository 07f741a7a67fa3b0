"""Decides what a grade may say: points that checks gave, and never a 0 that no check has earned.

Every export and page asks here; `grader.export.final_points` also withholds points that are not final.

Why: docs/decisions.md#grades-that-are-not-final
"""

from grader.results.plain_text import number
from grader.results.verdict import Status, SubmissionResult, TaskResult

_OPEN = (Status.NOT_GRADED, Status.PROVISIONAL)
_UNGRADED = (Status.UNREADABLE, Status.UNCLEAR, Status.GONE)


def earned_points(result: SubmissionResult) -> float | None:
    """Return the points that checks gave, None where no check has given any verdict that counts.

    The 0 points of a submission on which the grader failed are none.
    """
    if result.status in _UNGRADED or all(earned_in(task) is None for task in result.tasks):
        return None
    return None if result.status in _OPEN and not result.points else result.points


def earned_in(task: TaskResult) -> float | None:
    """Return the points of a task, None where none of its checks counts and no person has marked it."""
    if task.override is not None:
        return task.points
    return task.points if any(check.is_scored and not check.is_unjudged for check in task.checks) else None


def points_cell(points: float | None) -> str:
    """Return points as text, "" where there are none."""
    return "" if points is None else number(points)


def is_ungraded(result: SubmissionResult) -> bool:
    """Say whether a submission as a whole was not graded: unreadable, unclear or gone."""
    return result.status in _UNGRADED


def why_ungraded(result: SubmissionResult) -> str:
    """Return why no check was run, "" where some were or where the status says it all.

    A submission that is gone keeps the notes of its time, which tell nothing of why it has no grade.
    """
    was_run = result.status is Status.GONE or any(task.checks for task in result.tasks)
    return result.notes[0] if result.notes and not was_run else ""
