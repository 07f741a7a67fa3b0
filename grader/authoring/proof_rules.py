"""What has to hold of checks, of known mistakes and of the kit, so that an audit without findings says something.

`grader.authoring.audit` calls these rules with what `grader.authoring.proving` and `grader.authoring.mistakes` found.
"""

import ast
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.authoring.audit_rules import Violation
from grader.authoring.leaks import find_leaks
from grader.authoring.mistakes import Mistake, may_be_edited
from grader.authoring.proving import Proof, Slip
from grader.authoring.regions import Region, find_regions, has_marker
from grader.authoring.template import plan_template
from grader.courses.assignment import Assignment, grading_files
from grader.courses.checks import Check
from grader.courses.course import read_kit
from grader.courses.undefined import undefined_names
from grader.errors import CourseError
from grader.grading.check_session import collect_checks
from grader.results.verdict import CheckResult

_SLIPS_TOLD = 3


@dataclass(frozen=True, slots=True)
class Untouched:
    """Name a solution region that no known mistake changes: its file, its line, and what it asks for."""

    file: str
    line: int
    instruction: str


def judge_proof(proof: Proof, assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation where a check compares nothing, breaks over a wrong reply, or draws without `rng`."""
    name, remedy = proof.check.name, f"Edit {proof.check.name} in tests/assignments/{assignment.slug}."
    if proof.failed is not None:
        message = f"`{name}` could not be tried on wrong replies: of the reference it says {_said(proof.failed)}"
        yield Violation("proof", message, f"Mend the reference or the check, or raise `limits`. {remedy}")
        return
    if proof.is_empty:
        if proof.tried:
            message = f"`{name}` passes whatever comes back: it was tried on {proof.tried} wrong replies."
        else:
            message = f"`{name}` compares nothing: no probe returns anything to it."
        yield Violation("proof", message, f"Compare what the probe returns, with `assert_matches`, say. {remedy}")
    for probe in proof.deaf:
        message = f"`{name}` passes whatever the probe `{probe}` returns."
        yield Violation("proof", message, f"Compare what it returns, or don't call it. {remedy}")
    for slip in _different(proof.slips):
        yield Violation("proof", _broken(name, slip), f"{_HOW_TO_FAIL} {remedy}")
    if proof.of_students:
        message = f"`{name}` {proof.of_students}"
        yield Violation("proof", message, f"Draw with `personal(rng)`, and expect what a formula gives. {remedy}")
    for generator in proof.strays:
        message = f"`{name}` draws from {_GENERATORS.get(generator, generator)}, so others can change what it draws."
        yield Violation("proof", message, f"Draw everything from `rng`: `torch.randn(3, generator=rng)`. {remedy}")


_HOW_TO_FAIL = (
    "What comes back may be anything: ask for its kind first (`assert_kinds`), or let `assert_matches` compare it."
)
_GENERATORS = {
    "torch": "torch's global generator",
    "random": "Python's `random`",
    "numpy.random": "NumPy's global generator",
}


def _said(result: CheckResult) -> str:
    """Return the verdict and the first line of what a check said, as the end of a sentence."""
    words = result.feedback.message.split("\n")[0].rstrip(".")
    return f"{result.verdict}: {words}." if words else f"{result.verdict}."


def _broken(name: str, slip: Slip) -> str:
    place = slip.stumble.place
    where = f" ({place.file}, line {place.line}: `{place.source}`)" if place is not None else ""
    return f"`{name}` breaks where {slip.how} of {slip.source}: {slip.stumble.error.rstrip('.')}{where}."


def _different(slips: Sequence[Slip]) -> list[Slip]:
    """Return the first slips that differ in the line where they happen and in the exception."""
    kinds = {(slip.stumble.place, slip.stumble.error.split(":")[0]): slip for slip in reversed(slips)}
    return list(kinds.values())[::-1][:_SLIPS_TOLD]


def judge_mistakes(
    mistakes: Sequence[Mistake], checks: Mapping[str, Check], reference: Mapping[str, bytes], assignment: Assignment
) -> Iterator[Violation]:
    """Yield a violation for each task whose checks no known mistake is for, and each region that none changes."""
    file = f"tests/assignments/{assignment.slug}/mistakes.toml"
    tried = {checks[mistake.check].task for mistake in mistakes if mistake.check in checks}
    for task in assignment.tasks:
        if task.name not in tried and any(check.task == task.name for check in checks.values()):
            message = f"No known mistake shows that the checks of the task `{task.name}` catch anything."
            yield Violation("mistakes", message, f"Add one to {file}: an edit of the reference that a student makes.")
    regions = list(untouched_regions(mistakes, reference, assignment))
    for stale in sorted(set(assignment.unchecked) - {region.instruction for region in regions}):
        message = f"`unchecked` names “{stale}”, and no solution region without a mistake begins with these words."
        yield Violation("mistakes", message, f"Edit `[audit]` in tests/assignments/{assignment.slug}/assignment.toml.")
    for region in regions:
        if region.instruction in assignment.unchecked:
            continue
        asks = f" (“{region.instruction}”)" if region.instruction else ""
        message = f"No known mistake changes the solution region of {region.file}, line {region.line}{asks}."
        yield Violation(
            "mistakes", message, f"Add one to {file}, or name the region in `unchecked` of assignment.toml."
        )


def untouched_regions(
    mistakes: Iterable[Mistake], reference: Mapping[str, bytes], assignment: Assignment
) -> Iterator[Untouched]:
    """Yield the solution regions of the reference in which no known mistake changes anything.

    Those of answers in words are left out, which a person grades.
    """
    edits: dict[str, list[str]] = {}
    for mistake in (one for one in mistakes if one.find):
        edits.setdefault(mistake.file, []).append(mistake.find)
    for path, content in reference.items():
        text = content.decode("utf-8", "replace")
        if not path.endswith(".py") or not may_be_edited(path, assignment.handed_in.editable) or not has_marker(text):
            continue
        lines = text.split("\n")
        starts = [text.find(find) for find in edits.get(path, ())]
        changed = {
            number
            for find, start in zip(edits.get(path, ()), starts, strict=True)
            if start >= 0
            for number in range(text.count("\n", 0, start), text.count("\n", 0, start + len(find)) + 1)
        }
        for region in find_regions(lines, name=path):
            if not changed.intersection(range(region.start, region.end)) and not _is_answer(lines, region, assignment):
                yield Untouched(path, region.start + 1, region.instruction[0] if region.instruction else "")


def _is_answer(lines: Sequence[str], region: Region, assignment: Assignment) -> bool:
    """Tell whether a region holds a text answer: it sets the variable of a question, outside of every function."""
    names = {question.name for question in assignment.questions}
    return any(line.split("=")[0].strip() in names for line in lines[region.start : region.end] if "=" in line)


def judge_names(assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for every name that checks, helpers and probes use and nothing defines."""
    for file in grading_files(assignment):
        for name, line in undefined_names(file.read_text(encoding="utf-8")).items() if file.suffix == ".py" else ():
            message = f"{file.name}, line {line}, uses `{name}`, which nothing defines."
            yield Violation("names", message, "Define or import it: else the check breaks when the line is reached.")


def judge_artifacts(assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for each artifact that no check names: students would make it for nobody."""
    sources = [file.read_text(encoding="utf-8") for file in grading_files(assignment) if file.suffix == ".py"]
    texts = {node.value for source in sources for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    for artifact in assignment.handed_in.artifacts:
        if artifact.name not in texts:
            message = f"No check asks for the artifact `{artifact.name}`, which students are to hand in."
            yield Violation("artifacts", message, f'Write a check with `artifact("{artifact.name}")`, or take it out.')


def judge_kit_files(assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation where the students' kit would give something away, or its checks can't be collected."""
    plan = plan_template(assignment)
    for leak in find_leaks(assignment, plan):
        yield Violation("kit", leak.message, leak.remedy)
    with tempfile.TemporaryDirectory(prefix="grader-kit-") as scratch:
        folder = Path(scratch) / assignment.slug
        for path, content in plan.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        try:
            kit = read_kit(folder)
            found = collect_checks(kit) if kit is not None else {}
        except CourseError as err:
            yield Violation("kit", f"Its checks can't be collected: {err.message}", err.remedy)
            return
    if not found:
        message = "It holds no check, so students could check nothing."
        yield Violation("kit", message, f"Make some check of tests/assignments/{assignment.slug} public.")
