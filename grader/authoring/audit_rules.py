"""What has to hold of an assignment: every violation is a sentence that ends with the command or file that mends it.

`grader.authoring.audit` calls these rules with what `grader.authoring.audit_trials` found.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from grader.authoring.audit_trials import REFERENCE, TEMPLATE, Outcome, named
from grader.authoring.interface import MODULES, find_private_imports
from grader.authoring.mistakes import Mistake, Variant
from grader.authoring.record import Recording
from grader.compare.hypotheses import HYPOTHESES, SHAPE_HYPOTHESES
from grader.courses.assignment import Assignment, grading_files
from grader.courses.checks import Check
from grader.courses.toml_table import suggest
from grader.results.verdict import CheckResult, Verdict
from grader.results.verdict_words import explanation_of

_NAMED = 5
_UNWRITTEN = (Verdict.NOT_IMPLEMENTED, Verdict.SKIPPED)


@dataclass(frozen=True, slots=True)
class Violation:
    """Say what breaks a rule, what happened, and how to mend it."""

    subject: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.message} {self.remedy}"


def judge_reference(outcome: Outcome, assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for every check that the reference does not pass."""
    yield from _unreadable(REFERENCE, outcome, f"Mend reference/{assignment.slug}.")
    for result in (*_lost(outcome), *_unheeded(outcome)):
        again = f"grader check reference/{assignment.slug} --assignment {assignment.slug} --task {result.task}"
        yield Violation(REFERENCE, _sentence(result), f"Mend the reference or the check; look with `{again}`.")


def judge_template(outcome: Outcome, assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for every check that the template passes, or fails for any reason but being unwritten.

    Checks of what is handed out, in tasks without points, may pass.
    """
    yield from _unreadable(TEMPLATE, outcome, f"Mend the solution regions of reference/{assignment.slug}.")
    given = {task.name for task in assignment.tasks if task.is_given}
    for result in outcome.results.values():
        if result.part > 0 and result.task not in given:
            message = f"It passes `{result.name}` without a solution, so that check gives points away."
            yield Violation(TEMPLATE, message, _edit_check(result, assignment))
        elif result.verdict not in (*_UNWRITTEN, Verdict.PASSED) and not _lacks_artifact(result, assignment):
            message = f"{_sentence(result)} Expected not_implemented or skipped."
            yield Violation(TEMPLATE, message, f"Mend the solution regions of reference/{assignment.slug}.")


def _lacks_artifact(result: CheckResult, assignment: Assignment) -> bool:
    """Tell whether a check says that a file is missing which nobody gets, since each student makes it."""
    paths = [artifact.path for artifact in assignment.handed_in.artifacts]
    return result.verdict is Verdict.MISSING and any(f"`{path}`" in result.feedback.message for path in paths)


def judge_mistake(mistake: Mistake, outcome: Outcome, assignment: Assignment) -> Iterator[Violation]:
    """Yield what a mistake's check did other than `mistakes.toml` says."""
    subject, remedy = named(mistake), edit_mistake(mistake, assignment)
    result = outcome.results.get(mistake.check)
    if result is None:
        yield Violation(subject, outcome.problem or f"`{mistake.check}` did not run.", remedy)
        return
    message = explanation_of(result)
    if result.verdict is Verdict.PASSED:
        yield Violation(subject, f"It is not caught: `{mistake.check}` passed. Sharpen that check.", remedy)
    elif result.verdict is not mistake.verdict:
        expected = f"Expected `{mistake.verdict}`."
        yield Violation(subject, f"{_sentence(result)} {expected}", remedy)
    else:
        missing = [word for word in mistake.words if word.lower() not in message.lower()]
        if missing:
            words = ", ".join(f"“{word}”" for word in missing)
            yield Violation(subject, f"`{mistake.check}` does not say {words}; it says: {message}", remedy)
        yield from _judge_lookalike(mistake, result, remedy)


def _judge_lookalike(mistake: Mistake, result: CheckResult, remedy: str) -> Iterator[Violation]:
    told, names = told_in(result), [row.name for row in (*HYPOTHESES, *SHAPE_HYPOTHESES)]
    if not mistake.lookalike or mistake.lookalike in told:
        return
    found = f"it tells “{told[0]}”" if told else f"it says: {explanation_of(result)}"
    text = f"`{mistake.check}` does not tell the lookalike “{mistake.lookalike}”; {found}."
    if mistake.lookalike not in names:
        text += f" None has that name. {suggest(mistake.lookalike, names) if not told else ''}".rstrip()
    yield Violation(named(mistake), text, remedy)


def refuse_mistake(mistake: Mistake, why: str, assignment: Assignment) -> Violation:
    """Say why a mistake can't be tried."""
    return Violation(named(mistake), f"It can't be tried: {why}.", edit_mistake(mistake, assignment))


def judge_variant(variant: Variant, outcome: Outcome, assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for every check that takes points from a variant, and name false lookalikes."""
    remedy = f"Mend the check, for honest code may not lose points, or edit {_variant_folder(variant, assignment)}."
    yield from _unreadable(named(variant), outcome, remedy)
    for result in _lost(outcome):
        false = told_in(result)
        hint = f" The lookalike “{false[0]}” is told, and is false." if false else ""
        yield Violation(named(variant), f"{_sentence(result)}{hint}", remedy)


def refuse_variant(variant: Variant, why: str, assignment: Assignment) -> Violation:
    """Say what is wrong with the files of a variant."""
    folder = _variant_folder(variant, assignment)
    return Violation(named(variant), f"It can't be used: {why}.", f"Edit {folder}.")


def judge_checks(checks: Iterable[Check], assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for every task without a check."""
    present = list(checks)
    folder = f"tests/assignments/{assignment.slug}"
    for task in assignment.tasks:
        if not any(check.task == task.name and not check.advice for check in present):
            message = f"No check earns the {task.points:g} points of the task `{task.name}`."
            yield Violation("checks", message, f"Add one to {folder}, or take the task out of assignment.toml.")


def advise_on_checks(checks: Iterable[Check], assignment: Assignment) -> Iterator[Violation]:
    """Yield advice, which violates nothing, where few checks are hidden."""
    present = list(checks)
    hidden = sum(check.hidden for check in present)
    if hidden < assignment.hidden_share * len(present):
        message = (
            f"{hidden} of {len(present)} checks are hidden. What only public checks look at can be written to please "
            "them: hidden ones with other values and sizes tell whether it works."
        )
        remedy = f"Add some to tests/assignments/{assignment.slug}/test_<part>_hidden.py, or set "
        yield Violation("advice", message, f"{remedy}`hidden_share` in `[audit]` of assignment.toml.")


def judge_imports(assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for everything that checks and probes import of the grader although it is not public."""
    for path in grading_files(assignment):
        for found in find_private_imports(path.read_text(encoding="utf-8")) if path.suffix == ".py" else ():
            message = f"{path.name}, line {found.line}, imports `{found.name}`, which is not public and may change."
            remedy = f"Import only names that {', '.join(MODULES)} list in `__all__`; docs/reference.md explains them."
            yield Violation("imports", message, remedy)


def judge_assets(recording: Recording, assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for every asset that is missing, stale or unused, and for every check that blocks recording."""
    run = f"Run `grader record {assignment.slug}` and review the diff."
    states = {
        "is missing": recording.missing,
        "is stale: the reference returns something else": recording.stale,
        "is unused: no check asks for it": recording.unused,
    }
    for state, names in states.items():
        for name in names:
            difference = f" {recording.differences[name]}" if name in recording.differences else ""
            yield Violation("assets", f"assets/{assignment.slug}/{name}.safetensors {state}.{difference}", run)
    for name, why in recording.refused.items():
        yield Violation("assets", f"{name}: {why}", f"Edit tests/assignments/{assignment.slug}.")
    for result in recording.failed:
        again = f"grader check reference/{assignment.slug} --assignment {assignment.slug} --task {result.task}"
        yield Violation("assets", f"With another seed, {_sentence(result)}", f"Mend the check; `{again}` runs it.")


def judge_kit(stale: Sequence[str], assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation where files of the students' kit are not what the reference gives."""
    if stale:
        more = f", and {len(stale) - _NAMED} more" if len(stale) > _NAMED else ""
        message = f"student_template/{assignment.slug}: {', '.join(stale[:_NAMED])}{more}."
        yield Violation("kit", message, f"Run `grader template {assignment.slug}`.")


def judge_lookalikes(proven: Collection[str], names: Iterable[str]) -> Iterator[Violation]:
    """Yield a violation for every lookalike that no caught mistake of any assignment shows."""
    for name in names:
        if name not in proven:
            message = f"No mistake of any assignment shows the lookalike “{name}”."
            remedy = "Add one to a mistakes.toml, or take it out of grader/compare/hypotheses.py."
            yield Violation("lookalikes", message, remedy)


def told_in(result: CheckResult) -> tuple[str, ...]:
    """Return the names of the lookalikes that a check's feedback tells."""
    return tuple(item.lookalike for item in result.feedback.items if item.lookalike)


def _lost(outcome: Outcome) -> list[CheckResult]:
    """Return the checks that did not pass, except those that could not run on this machine."""
    return [
        result
        for result in outcome.results.values()
        if result.verdict is not Verdict.PASSED and (result.counted or result.verdict is Verdict.NOT_GRADED)
    ]


def _unheeded(outcome: Outcome) -> list[CheckResult]:
    """Return the advice that was not followed."""
    fine = (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED)
    return [result for result in outcome.results.values() if result.advice and result.verdict not in fine]


def _unreadable(subject: str, outcome: Outcome, remedy: str) -> Iterator[Violation]:
    if outcome.problem:
        yield Violation(subject, outcome.problem, remedy)


def _sentence(result: CheckResult) -> str:
    return f"`{result.name}` is {result.verdict}: {explanation_of(result)}"


def _edit_check(result: CheckResult, assignment: Assignment) -> str:
    return f"Edit {result.name} in tests/assignments/{assignment.slug}."


def edit_mistake(mistake: Mistake, assignment: Assignment) -> str:
    """Return what to do about a mistake: where it stands, and how to try it again."""
    file = f"tests/assignments/{assignment.slug}/{mistake.source.name}"
    return f"Edit {file}; try again with `grader audit {assignment.slug} --mistake {mistake.name}`."


def _variant_folder(variant: Variant, assignment: Assignment) -> str:
    return f"tests/assignments/{assignment.slug}/variants/{variant.name}"
