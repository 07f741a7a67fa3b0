"""Measures how each task went over a class: points, success, and how well it tells strong from weak submissions.

`grader.report.class_page` puts the rows on the page.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation

from grader.report.task_view import bar_width
from grader.results.plain_text import number
from grader.results.verdict import SubmissionResult, TaskResult, Verdict
from grader.results.verdict_words import title_of

_ENOUGH = 8  # with fewer submissions a correlation is an accident


@dataclass(frozen=True, slots=True)
class TaskRow:
    """Show how a task went over all submissions that have a result for it.

    `discrimination` is the correlation between the share of points earned here and that earned in all other tasks,
    empty if it can't be told; `is_odd` if it is low enough to ask whether the task measures something else.
    `hardest` is the check that most failed, `hardest_failed` how many.
    """

    title: str
    hidden: bool
    max_points: str
    mean: str
    percent: str
    bar: float
    full: int
    part: int
    none: int
    count: int
    discrimination: str
    is_odd: bool
    hardest: str
    hardest_failed: int


def task_rows(results: Sequence[SubmissionResult]) -> dict[str, TaskRow]:
    """Return the row of every task by its name, in the order in which the submissions list them."""
    found: dict[str, list[tuple[SubmissionResult, TaskResult]]] = {}
    for result in sorted(results, key=lambda result: -len(result.tasks)):
        for task in result.tasks:
            found.setdefault(task.name, []).append((result, task))
    return {name: _row(pairs) for name, pairs in found.items()}


def tone_of(task: TaskResult) -> str:
    """Return `full`, `part` or `none` for what a task earned, `absent` where nothing could be earned."""
    if task.max_points == 0:
        return "absent"
    if task.points >= task.max_points - 1e-9:
        return "full"
    return "part" if task.points > 0 else "none"


def discrimination(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return the correlation of shares earned in a task with those earned in the others.

    For a task that is passed or failed as a whole that is the point-biserial correlation, corrected: the task itself
    isn't among what it is compared with. None for fewer than eight submissions, or where one side never varies.
    """
    if len(pairs) < _ENOUGH:
        return None
    try:
        return correlation(*zip(*pairs, strict=True))
    except StatisticsError:
        return None


def _row(pairs: Sequence[tuple[SubmissionResult, TaskResult]]) -> TaskRow:
    tasks = [task for _, task in pairs]
    earned, possible = sum(task.points for task in tasks), sum(task.max_points for task in tasks)
    percent = 100 * earned / possible if possible else 0.0
    tones = Counter(map(tone_of, tasks))
    value = discrimination([shares for shares in map(_shares, pairs) if shares is not None])
    hardest, failed = _hardest(tasks)
    return TaskRow(
        title=title_of(tasks[0]),
        hidden=tasks[0].hidden,
        max_points=number(max(task.max_points for task in tasks)),
        mean=number(earned / len(tasks)),
        percent=number(percent),
        bar=bar_width(percent),
        full=tones["full"],
        part=tones["part"],
        none=tones["none"],
        count=len(tasks),
        discrimination="" if value is None else f"{value:.2f}",
        is_odd=value is not None and value < 0.1,
        hardest=hardest,
        hardest_failed=failed,
    )


def _shares(pair: tuple[SubmissionResult, TaskResult]) -> tuple[float, float] | None:
    """Return the share earned in a task and that earned in all others, or None if one of them is about nothing."""
    result, task = pair
    possible = result.max_points - (0.0 if task.bonus else task.max_points)
    if task.max_points <= 0 or possible <= 0:
        return None
    return task.points / task.max_points, (result.points - task.points) / possible


def _hardest(tasks: Sequence[TaskResult]) -> tuple[str, int]:
    """Return the title of the check that most submissions failed, and how many, or "" if nobody failed any."""
    fine = (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED)
    checks = [check for task in tasks for check in task.checks if not check.advice]
    failed = Counter(check.title or check.name for check in checks if check.verdict not in fine)
    return failed.most_common(1)[0] if failed else ("", 0)
