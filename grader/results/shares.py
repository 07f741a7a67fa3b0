"""Splits the points of a task over its checks, so that the shares add up to what the task earned.

`grader.export.results_json` and `grader.report.task_view` show the shares.
"""

from dataclasses import dataclass

from grader.results.verdict import Adjusted, CheckResult, TaskResult


@dataclass(frozen=True, slots=True)
class Share:
    """Hold the points of one check and what it could earn."""

    points: float
    max_points: float


def shares(task: TaskResult) -> tuple[Share, ...]:
    """Return one share per check of `task`, in order.

    A task that earned nothing gives every check 0 points, which is the truth for all-or-nothing as well.
    """
    weight = sum(check.weight for check in task.checks if weighs(check, bonus=task.bonus))
    found = []
    for check in task.checks:
        worth = task.max_points * check.weight / weight if weighs(check, bonus=task.bonus) and weight else 0.0
        earned = check.is_earned and task.points > 0
        found.append(Share(points=worth if earned else 0.0, max_points=worth))
    return tuple(found)


def weighs(check: CheckResult, *, bonus: bool) -> bool:
    """Say whether a check has a part in its task's points: what was left out costs nothing, and earns no bonus."""
    return check.is_scored or (bonus and check.adjusted is Adjusted.NO and not check.advice)
