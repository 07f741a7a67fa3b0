"""Splits the points of a task over its checks, so that the shares add up to what the task earned.

`grader.export.results_json` and `grader.report.task_view` show the shares; `grader.grading.points` asks what is earned.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from grader.results.verdict import Adjusted, CheckResult, TaskResult


@dataclass(frozen=True, slots=True)
class Share:
    """Hold the points of one check and what it could earn."""

    points: float
    max_points: float


def shares(task: TaskResult) -> tuple[Share, ...]:
    """Return one share per check of `task`, in order.

    A task that earned nothing gives every check 0 points, which is the truth for all-or-nothing as well. Where a person
    marked the task as a whole, each check has the same part of its points.
    """
    weight = sum(check.weight for check in task.checks if weighs(check, bonus=task.bonus))
    found = []
    for check in task.checks:
        worth = task.max_points * check.weight / weight if weighs(check, bonus=task.bonus) and weight else 0.0
        part = check.part if task.override is None else task.override.part
        found.append(Share(points=worth * part if task.points > 0 else 0.0, max_points=worth))
    return tuple(found)


def earned_and_open(
    checks: Iterable[CheckResult], *, max_points: float, bonus: bool, all_or_nothing: bool
) -> tuple[float, float]:
    """Return the points that the checks of a task have earned, and those that are still open."""
    scored = [check for check in checks if weighs(check, bonus=bonus)]
    weight = sum(check.weight for check in scored)
    earned = sum(check.weight * check.part for check in scored)
    unjudged = sum(check.weight for check in scored if check.is_unjudged)
    if all_or_nothing:
        has_all = earned + unjudged >= weight * (1 - 1e-9)
        earned, unjudged = (0.0, weight) if unjudged and has_all else (weight if has_all else 0.0, 0.0)
    share = max_points / weight if weight else 0.0
    return round(share * earned, 2), round(share * unjudged, 2)


def with_worth(task: TaskResult) -> TaskResult:
    """Return the task with the points that its checks are worth told to those that earn by a measure."""
    checks = tuple(
        check if check.credit is None else replace(check, credit=replace(check.credit, worth=share.max_points))
        for check, share in zip(task.checks, shares(task), strict=True)
    )
    return task if checks == task.checks else replace(task, checks=checks)


def weighs(check: CheckResult, *, bonus: bool) -> bool:
    """Say whether a check has a part in its task's points: what was left out costs nothing, and earns no bonus."""
    return check.is_scored or (bonus and check.adjusted is Adjusted.NO and not check.advice)
