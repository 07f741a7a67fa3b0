"""Does a verdict depend on what ran before? The same submissions graded once more, in the opposite order and apart.

`grader.authoring.audit` grades both and asks here; `grader.authoring.audit_trials` says what a trial is.

Why: docs/decisions.md#one-fork-for-a-task
"""

from collections.abc import Iterator, Mapping

from grader.authoring.audit_rules import Violation
from grader.authoring.audit_trials import AuditedAssignment, Outcome, Trial, try_mistake, try_reference, try_variant
from grader.authoring.mistakes import read_mistakes, read_variants

EVERY = 10  # so many mistakes for each that is graded both ways


def try_both_ways(audited: AuditedAssignment) -> list[Trial]:
    """Return trials of all short tasks: of the reference, the variants, and every tenth mistake with its whole task."""
    whole = try_reference(audited)
    for variant in read_variants(audited.assignment):
        whole += try_variant(variant, audited)
    found = [trial for trial in whole if not trial.part]
    for mistake in read_mistakes(audited.assignment)[::EVERY]:
        for trial in try_mistake(mistake, audited):
            task = audited.checks[mistake.check].task
            names = tuple(name for name, check in audited.checks.items() if check.task == task)
            if task not in audited.long_tasks:
                found.append(Trial(f"{trial.subject}, all of its task", "", trial.files, names))
    return found


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
