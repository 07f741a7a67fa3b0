"""What known mistakes cost: on which checks that is measured, and what a price may be.

`grader.authoring.audit` grades what `grader.authoring.audit_trials` makes of it, and hands the outcome back.

Why: docs/decisions.md#what-a-mistake-costs
"""

from collections.abc import Iterator, Mapping, Sequence

from grader.authoring.audit_rules import Violation, edit_mistake
from grader.authoring.audit_trials import AuditedAssignment, Outcome, named
from grader.authoring.mistakes import Mistake
from grader.courses.assignment import Assignment, Task, tasks_below
from grader.results.verdict import CheckResult

_CARRIED_SHARE = 1 / 4
_ROUNDING = 0.005


def widely_priced(mistakes: Sequence[Mistake], audited: AuditedAssignment) -> frozenset[str]:
    """Return the names of the mistakes that are priced on all short tasks: the dearest of each task.

    What a fault does to other tasks depends on the part that it is in more than on the fault.
    """
    dearest: dict[str, Mistake] = {}
    for mistake in mistakes:
        check = audited.checks.get(mistake.check)
        if check is not None and mistake.costs is not None:
            other = dearest.get(check.task)
            if other is None or other.costs is None or mistake.costs[1] > other.costs[1]:
                dearest[check.task] = mistake
    return frozenset(mistake.name for mistake in dearest.values())


def judge_price(mistake: Mistake, outcome: Outcome, assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation where a mistake costs other than it says, or more than one fault may cost."""
    if mistake.costs is None or not outcome.results:
        return
    subject, remedy = named(mistake), edit_mistake(mistake, assignment)
    fewest, most = mistake.costs
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
            message = "It does not say what it costs: `costs = [4, 8]`, say."
            yield Violation(named(mistake), message, edit_mistake(mistake, assignment))


def _bound(results: Mapping[str, CheckResult], check: str, assignment: Assignment) -> float:
    """Return the most that a fault may cost: its task, and a stated part of those that build on it.

    Its task is the one whose check tells it, or one that this builds on, if that has lost points as well.
    """
    own = next((task for task in assignment.tasks if check in results and task.name == results[check].task), None)
    if own is None:
        return 0.0
    lost = {result.task for result in results.values() if result.is_lost}
    below = [task for task in tasks_below(own, assignment.tasks) if task.name in lost]
    return max(task.points + _CARRIED_SHARE * _above(task, assignment) for task in (own, *below))


def _above(task: Task, assignment: Assignment) -> float:
    """Return the points of all tasks that build on this one."""
    return sum(one.points for one in assignment.tasks if task in tasks_below(one, assignment.tasks))
