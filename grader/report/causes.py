"""Finds what a submission lost its points to: causes, the dearest first, each with the failures that follow from it.

`grader.report.cause_view` shows them on a scorecard; `grader.report.class_page` and `grader.report.terminal` name the
dearest.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from grader.report.explanations import explained_by, words_without_numbers
from grader.results.verdict import CheckResult, SubmissionResult, TaskResult, Verdict

_TOLD_BY_THE_PLACE = (Verdict.CRASHED, Verdict.MISSING, Verdict.FORBIDDEN)
_COSTS_NOTHING = 0.005  # points are rounded to two digits


@dataclass(frozen=True, slots=True)
class Failure:
    """Hold a check that did not pass: its place in the submission (from 0), and the points that are lost by it."""

    task: int
    order: int
    check: CheckResult
    lost: float


@dataclass(frozen=True, slots=True)
class Cause:
    """Hold what went wrong once: the first check that shows it, and those that follow.

    `same` failed with the same explanation, `skipped` did not run until then. `lost` are the points of all of them.
    """

    head: Failure
    same: tuple[Failure, ...]
    skipped: tuple[Failure, ...]

    @property
    def lost(self) -> float:
        """Return the points that are lost until this is mended."""
        return sum(failure.lost for failure in (self.head, *self.same, *self.skipped))


def causes_of(result: SubmissionResult) -> tuple[Cause, ...]:
    """Return what cost the submission points, the dearest first; of two equal ones the earlier."""
    failures = {failure.check.name: failure for failure in _failures(result)}
    checks = {name: failure.check for name, failure in failures.items()}
    heads: dict[Hashable, Failure] = {}
    same: dict[str, list[Failure]] = {}
    skipped: dict[str, list[Failure]] = {}
    waiting: list[tuple[Failure, str]] = []
    told: dict[str, str] = {}  # the check that tells the cause, by the name of each that failed of it
    for name, failure in failures.items():
        root = root_of(name, checks)
        if root != name:
            waiting.append((failure, root))
            continue
        head = heads.setdefault(_cause_key(failure), failure)
        told[name] = head.check.name
        if head is not failure:
            same.setdefault(head.check.name, []).append(failure)
    for failure, root in waiting:
        skipped.setdefault(told[root], []).append(failure)
    found = (
        Cause(head, tuple(same.get(head.check.name, ())), tuple(skipped.get(head.check.name, ())))
        for head in heads.values()
    )
    dear = [cause for cause in found if cause.lost > _COSTS_NOTHING]
    return tuple(sorted(dear, key=lambda cause: (-cause.lost, cause.head.task, cause.head.order)))


def root_of(name: str, checks: Mapping[str, CheckResult]) -> str:
    """Return the name of the check because of which the check `name` did not run, however indirectly, or its own."""
    seen = set()
    while name not in seen and checks[name].because in checks:
        seen.add(name)
        name = checks[name].because
    return name


def _failures(result: SubmissionResult) -> Iterator[Failure]:
    for place, task in enumerate(result.tasks):
        lost = _lost_by_check(task)
        for order, check in enumerate(task.checks):
            if check.name in lost:
                yield Failure(place, order, check, lost[check.name])


def _lost_by_check(task: TaskResult) -> dict[str, float]:
    """Return the points that each failed check of a task cost, by name; in sum, what the task lost."""
    failed = [check for check in task.checks if check.is_lost]
    missed = {check.name: check.weight * (1 - check.part) for check in failed}
    weight = sum(missed.values())
    lost = max(0.0, task.max_points - task.points - task.unjudged)
    return {name: lost * share / weight if weight else 0.0 for name, share in missed.items()}


def _cause_key(failure: Failure) -> Hashable:
    """Return what is equal for two failures of one cause: the line that raised, what is missing, the explanation."""
    check, words = failure.check, words_without_numbers(failure.check.feedback.message)
    if not words or check.credit is not None:  # hidden from students, or nothing is known
        return check.name
    if check.verdict in _TOLD_BY_THE_PLACE:
        frames = check.feedback.traceback
        return check.verdict, words, (frames[-1].file, frames[-1].line) if frames else None
    return failure.task, check.verdict, explained_by(check)
