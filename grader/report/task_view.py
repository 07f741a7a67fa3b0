"""Computes what a scorecard shows of one task: what failed, what could not run in a line for each cause, what passed.

`grader.report.pages` puts the tasks together; one check's part is in `grader.report.check_view`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.report.anchors import Linked, check_anchor
from grader.report.check_view import CheckView, check_view
from grader.report.page_budget import PageBudget
from grader.results.plain_text import number, shortened
from grader.results.shares import Share, shares
from grader.results.verdict import CheckResult, TaskResult, Verdict
from grader.results.verdict_words import VerdictMark, explanation_of, mark_of, title_of, why_uncounted


@dataclass(frozen=True, slots=True)
class SkippedView:
    """Show the checks of a task that did not run for one reason, as one line.

    `cause` is the check that has to pass first, or None if the reason is another one: then `reason` says it.
    """

    anchor: str
    mark: VerdictMark
    points: str
    cause: Linked | None
    reason: str
    note: str
    checks: tuple[Linked, ...]


@dataclass(frozen=True, slots=True)
class TaskView:
    """Show one task; `reproduce` is a command, or empty if a student couldn't run it or doesn't need to.

    `checks` are all, in the course's order; `failed`, `skipped`, `advice` (that was not followed) and
    `passed` are their parts. `is_open`
    tells whether the task lost points or has something to look at. `by_hand` says what a person gave for the task as a
    whole, "" where nobody did. `reused` says that the verdicts were made by an
    earlier run; it is empty if they were not.
    """

    anchor: str
    title: str
    points: str
    max_points: str
    percent: float
    hidden: bool
    is_open: bool
    summary: str
    by_hand: str
    reproduce: str
    reused: str
    checks: tuple[CheckView, ...]
    failed: tuple[CheckView, ...]
    skipped: tuple[SkippedView, ...]
    advice: tuple[CheckView, ...]
    passed: tuple[CheckView, ...]


def bar_width(percent: float) -> float:
    """Return `percent` within 0 and 100, with one decimal."""
    return round(min(max(percent, 0.0), 100.0), 1)


def task_view(task: TaskResult, *, anchor: str, blocked: Mapping[str, Linked], budget: PageBudget) -> TaskView:
    """Return what is shown of the task at `anchor`; `blocked` names what has to pass first for a check."""
    graded = [check for check in task.checks if not check.advice]
    count = sum(check.verdict is Verdict.PASSED for check in graded)
    can_reproduce = any(not check.hidden and check.verdict is not Verdict.PASSED for check in task.checks)
    pairs = tuple(zip(task.checks, shares(task), strict=True))
    views = tuple(
        check_view(check, share=share, anchor=check_anchor(anchor, i), budget=budget)
        for i, (check, share) in enumerate(pairs)
    )
    parts: dict[str, list[CheckView]] = {"failed": [], "skipped": [], "advice": [], "passed": []}
    for check, view in zip(task.checks, views, strict=True):
        parts[_part_of(check)].append(view)
    return TaskView(
        anchor=anchor,
        title=title_of(task),
        points=number(task.points),
        max_points=number(task.max_points),
        percent=bar_width(100 * task.points / task.max_points) if task.max_points else 0.0,
        hidden=task.hidden,
        is_open=_is_open(task),
        summary=f"{count} of {len(graded)} {'check' if len(graded) == 1 else 'checks'} passed",
        by_hand="" if task.override is None else task.override.words,
        reproduce=f"grader check --task {task.name}" if can_reproduce and not task.hidden else "",
        reused=_reused(task),
        checks=views,
        failed=tuple(parts["failed"]),
        skipped=_skipped(pairs, anchor=anchor, blocked=blocked, budget=budget),
        advice=tuple(parts["advice"]),
        passed=tuple(parts["passed"]),
    )


def _part_of(check: CheckResult) -> str:
    if check.override is not None:
        return "failed"  # among what is to be read
    if check.verdict in (Verdict.PASSED, Verdict.SKIPPED) and not check.carried:
        return check.verdict.value
    return "advice" if check.advice else "failed"


def _is_open(task: TaskResult) -> bool:
    """Tell whether a task lost points, wasn't graded, or failed a check that counts."""
    unsure = not task.checks or any(check.is_lost or check.is_unjudged for check in task.checks)
    unsure = unsure or task.override is not None or any(check.override is not None for check in task.checks)
    return unsure or task.points < task.max_points - 1e-9


def _skipped(
    pairs: Iterable[tuple[CheckResult, Share]], *, anchor: str, blocked: Mapping[str, Linked], budget: PageBudget
) -> tuple[SkippedView, ...]:
    groups: dict[tuple[Linked | None, str, str], list[tuple[int, CheckResult, Share]]] = {}
    for i, (check, share) in enumerate(pairs):
        if check.verdict is Verdict.SKIPPED and not check.carried and check.override is None:
            cause = blocked.get(check.name)
            reason = "" if cause else explanation_of(check)
            groups.setdefault((cause, reason, _why_uncounted(check)), []).append((i, check, share))
    return tuple(
        SkippedView(
            anchor=check_anchor(anchor, group[0][0]),
            mark=mark_of(Verdict.SKIPPED),
            points="not counted" if note else f"0 / {number(sum(share.max_points for *_, share in group))}",
            cause=cause,
            reason=shortened(reason, budget.message),
            note=note,
            checks=tuple(
                Linked(shortened(check.title or check.name, budget.line), check_anchor(anchor, i))
                for i, check, _ in group
            ),
        )
        for (cause, reason, note), group in groups.items()
    )


def _why_uncounted(check: CheckResult) -> str:
    if check.counted or check.is_unjudged or check.adjusted:
        return why_uncounted(check)
    return "What is here doesn't count: it costs no points."


def _reused(task: TaskResult) -> str:
    if not task.reused:
        return ""
    since = f" ({task.graded[:16].replace('T', ' ')} UTC)" if task.graded else ""
    return f"From an earlier run{since}: nothing that decides it has changed since."
