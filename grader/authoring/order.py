"""Does a verdict depend on what ran before? The same submissions graded once more, in the opposite order and apart.

`grader.authoring.audit` grades both and asks here; `grader.authoring.audit_trials` says what a trial is.

Why: docs/decisions.md#one-fork-for-a-task
"""

from collections.abc import Iterator, Mapping, Sequence

from grader.authoring.audit_rules import Violation
from grader.authoring.audit_trials import TEMPLATE, AuditedAssignment, Outcome, Trial, named, try_mistake
from grader.authoring.mistakes import Mistake

EVERY = 10  # so many mistakes for each that is graded both ways


def try_whole_tasks(mistakes: Sequence[Mistake], audited: AuditedAssignment) -> list[Trial]:
    """Return trials of every tenth mistake with all checks of its task, where that does not take long."""
    found = []
    for mistake in mistakes[::EVERY]:
        for trial in try_mistake(mistake, audited):
            task = audited.checks[mistake.check].task
            names = tuple(name for name, check in audited.checks.items() if check.task == task)
            if task not in audited.long_tasks:
                found.append(Trial(f"{named(mistake)}, all of its task", "", trial.files, names))
    return found


def graded_again(trials: Sequence[Trial], mistakes: Sequence[Mistake]) -> list[Trial]:
    """Return those trials that are graded both ways: all but the kit's, long tasks', and of a mistake's check alone."""
    alone = {named(mistake) for mistake in mistakes}
    return [trial for trial in trials if not trial.part and trial.subject not in alone and trial.subject != TEMPLATE]


def judge_order(shared: Mapping[str, Outcome], apart: Mapping[str, Outcome]) -> Iterator[Violation]:
    """Yield a violation for each check whose verdict is another one in a process of its own, in the opposite order."""
    for subject, outcome in apart.items():
        for name, other in outcome.results.items():
            result = shared[subject].results.get(name)
            if result is not None and result.verdict is not other.verdict:
                message = (
                    f"“{result.title}” is {result.verdict} after the checks of its task, and {other.verdict} in the "
                    "opposite order, with a process for each probe."
                )
                yield Violation(subject, message, "Let no check depend on what another one's probe leaves behind.")
