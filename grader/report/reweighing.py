"""Says what the points of a class would be if a check had the weight 0, without running anything.

`grader.report.doubts` tells it of each check to look at.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from grader.results.plain_text import number
from grader.results.verdict import SubmissionResult, TaskResult

_NOTHING = 0.005  # points are rounded to two digits


@dataclass(frozen=True, slots=True)
class Change:
    """Count the submissions that would have more and fewer points, and the sum and the largest of the differences."""

    more: int
    fewer: int
    points: float
    most: float


def change_without(check: str, results: Iterable[SubmissionResult]) -> Change:
    """Return what would change if `check` had the weight 0: the others of its task then share the task's points.

    Where it is the task's only check that counts, nobody would lose its points.
    """
    changes = [_change(task, check) for result in results for task in result.tasks]
    return Change(
        more=sum(change > _NOTHING for change in changes),
        fewer=sum(change < -_NOTHING for change in changes),
        points=sum(changes),
        most=max(changes, key=abs, default=0.0),
    )


def _change(task: TaskResult, name: str) -> float:
    counted = [check for check in task.checks if check.is_scored and check.weight > 0]
    if all(check.name != name for check in counted):
        return 0.0
    others = [check for check in counted if check.name != name]
    passed = [check for check in others if check.is_earned]
    if not others:
        return task.max_points - task.points
    if any(check.is_earned for check in counted) and task.points == 0:  # all or nothing
        return task.max_points if len(passed) == len(others) else 0.0
    weight = sum(check.weight for check in others)
    return task.max_points * sum(check.weight * check.part for check in others) / weight - task.points


def change_in_words(change: Change) -> str:
    """Say what the weight 0 would change."""
    if not change.more and not change.fewer:
        return "With the weight 0 nobody's points would change."
    who = f"{change.more} would have more points and {change.fewer} fewer"
    return f"With the weight 0, {who}: at most {_signed(change.most)} for one, {_signed(change.points)} in all."


def _signed(points: float) -> str:
    return f"{'−' if points < 0 else '+'}{number(abs(points))}"
