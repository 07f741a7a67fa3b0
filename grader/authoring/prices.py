"""What known mistakes cost: on which checks that is measured, and what a price may be.

`grader.authoring.audit` grades what `grader.authoring.audit_trials` makes of it, and hands the outcome back.

Why: docs/decisions.md#what-a-mistake-costs
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from grader.authoring.audit_rules import Violation, edit_mistake
from grader.authoring.audit_trials import AuditedAssignment, Outcome, named
from grader.authoring.mistakes import Mistake
from grader.courses.assignment import Assignment, Task, tasks_below
from grader.results.verdict import CheckResult

_CARRIED_SHARE = 1 / 4
_ROUNDING = 0.005


def dearest_of_tasks(mistakes: Sequence[Mistake], audited: AuditedAssignment) -> frozenset[str]:
    """Return the names of the dearest mistake of each task: they are priced on all short tasks, and in quick audits.

    What a fault does to other tasks depends on the part that it is in more than on the fault.
    """
    points = {task.name: task.points for task in audited.assignment.tasks}
    dearest: dict[str, tuple[float, str]] = {}
    for mistake in mistakes:
        check = audited.checks.get(mistake.check)
        if check is not None and mistake.costs is not None:
            most = mistake.costs.points(points[check.task])[1]
            if check.task not in dearest or most > dearest[check.task][0]:
                dearest[check.task] = most, mistake.name
    return frozenset(name for _, name in dearest.values())


def without_most_prices(mistakes: Sequence[Mistake], audited: AuditedAssignment) -> tuple[Mistake, ...]:
    """Return the mistakes for a quick audit: only the dearest of each task is priced."""
    dearest = dearest_of_tasks(mistakes, audited)
    return tuple(mistake if mistake.name in dearest else replace(mistake, costs=None) for mistake in mistakes)


def judge_price(mistake: Mistake, outcome: Outcome, assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation where a mistake costs other than it says, or more than one fault may cost."""
    if mistake.costs is None or not outcome.results:
        return
    subject, remedy = named(mistake), edit_mistake(mistake, assignment)
    charged = _charged_tasks(outcome.results, mistake.check, assignment)
    fewest, most = mistake.costs.points(max((task.points for task in charged), default=0.0))
    if not fewest - _ROUNDING <= outcome.lost <= most + _ROUNDING:
        yield Violation(subject, f"It costs {outcome.lost:g} points; expected {fewest:g} to {most:g}.", remedy)
    bound = _bound(outcome.results, mistake.check, assignment)
    if outcome.lost > bound + _ROUNDING:
        message = f"It costs {outcome.lost:g} points, more than the {bound:g} that one fault of its task may cost."
        yield Violation(subject, message, "Let tasks that build on it say so: `builds_on` in assignment.toml.")


def judge_missing_prices(mistakes: Sequence[Mistake], assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for each mistake without a price, where the assignment demands one."""
    for mistake in mistakes:
        if mistake.costs is None and assignment.demands_prices:
            message = 'It does not say what it costs: `costs = "detail"`, say.'
            yield Violation(named(mistake), message, edit_mistake(mistake, assignment))


def _bound(results: Mapping[str, CheckResult], check: str, assignment: Assignment) -> float:
    """Return the most that a fault may cost: its task, and a stated part of those that build on it."""
    tasks = _charged_tasks(results, check, assignment)
    return max((task.points + _CARRIED_SHARE * _above(task, assignment) for task in tasks), default=0.0)


def _charged_tasks(results: Mapping[str, CheckResult], check: str, assignment: Assignment) -> tuple[Task, ...]:
    """Return the task whose check tells a fault, and those that this builds on and that have lost points as well."""
    own = _task_of(check, results, assignment)
    if own is None:
        return ()
    lost = {result.task for result in results.values() if result.is_lost}
    return (own, *(task for task in tasks_below(own, assignment.tasks) if task.name in lost))


def _task_of(check: str, results: Mapping[str, CheckResult], assignment: Assignment) -> Task | None:
    return next((task for task in assignment.tasks if check in results and task.name == results[check].task), None)


def _above(task: Task, assignment: Assignment) -> float:
    """Return the points of all tasks that build on this one."""
    return sum(one.points for one in assignment.tasks if task in tasks_below(one, assignment.tasks))
