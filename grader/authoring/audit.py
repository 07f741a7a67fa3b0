"""The maintainers' proof: the reference earns everything, the template nothing, and mistakes are caught and named.

`grader.authoring.audit_trials` says what is graded, `grader.authoring.audit_rules` judges what came out;
`grader.commands.audit` prints the findings.
"""

import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from grader.authoring.audit_progress import AuditProgress
from grader.authoring.audit_rules import (
    Violation,
    advise_on_checks,
    judge_assets,
    judge_checks,
    judge_imports,
    judge_kit,
    judge_lookalikes,
    judge_mistake,
    judge_reference,
    judge_template,
    judge_variant,
    refuse_mistake,
    refuse_variant,
    told_in,
)
from grader.authoring.audit_trials import (
    REFERENCE,
    TEMPLATE,
    AuditedAssignment,
    Outcome,
    Trial,
    TrialSettings,
    grade_trials,
    named,
    read_audited,
    try_mistake,
    try_reference,
    try_template,
    try_variant,
)
from grader.authoring.coverage import Coverage, cover
from grader.authoring.given_cells import judge_given_cells
from grader.authoring.grounds import Ground, count_grounded, judge_grounds, read_grounds
from grader.authoring.margins import Margin, advise_on_margins, measure_margins
from grader.authoring.mistakes import Mistake, Variant, explain_edit, explain_overlay, read_mistakes, read_variants
from grader.authoring.naming import Naming, judge_naming, name_cause
from grader.authoring.order import judge_order, try_both_ways
from grader.authoring.prices import dearest_of_tasks, judge_missing_prices, judge_price, without_most_prices
from grader.authoring.proof_rules import judge_artifacts, judge_kit_files, judge_mistakes, judge_names, judge_proof
from grader.authoring.proving import prove_checks
from grader.authoring.record import record_assets
from grader.authoring.template import is_stale
from grader.compare.hypotheses import HYPOTHESES, SHAPE_HYPOTHESES, SHOWN_BY_TESTS
from grader.courses.assignment import Assignment
from grader.courses.course import read_assignment
from grader.courses.toml_table import suggest
from grader.errors import CourseError
from grader.grading.check_session import collect_checks
from grader.results.verdict import CheckResult, Verdict


class AuditPart(StrEnum):
    """Name a part of the audit that can be asked for alone."""

    REFERENCE = "reference"
    TEMPLATE = "template"
    MISTAKES = "mistakes"
    VARIANTS = "variants"
    ASSETS = "assets"
    PROOF = "proof"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """Say what to audit: which parts, with `quick` without long tasks, with `mistakes` only those named."""

    parts: frozenset[AuditPart] = frozenset(AuditPart) - {AuditPart.ORDER}
    quick: bool = False
    mistakes: tuple[str, ...] = ()
    jobs: int | None = None

    @property
    def has_all_mistakes(self) -> bool:
        """Tell whether every mistake is tried."""
        return AuditPart.MISTAKES in self.parts and not self.mistakes and not self.quick


@dataclass(slots=True)
class Audit:
    """Hold what an audit of one assignment found: violations, figures, what each mistake's check said and named.

    `proven` counts the checks that were tried on wrong replies; `suggestions` are what an audit advises, and violate
    nothing. `grounded` counts the checks that state grounds or are advice, `advice` those that are; `not_run` counts
    the reference's checks that could not run on this machine because data or a GPU is missing. `prices` are the points
    that mistakes cost, by name, where that was measured; `margins` are those of the checks' tolerances.
    """

    slug: str
    checks: int = 0
    points: float = 0.0
    mistakes: int = 0
    caught: int = 0
    variants: int = 0
    proven: int = 0
    grounded: int = 0
    advice: int = 0
    full: int = 0
    not_run: int = 0
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)
    suggestions: list[Violation] = field(default_factory=list)
    told: dict[str, list[str]] = field(default_factory=dict)
    prices: dict[str, float] = field(default_factory=dict)
    said: dict[str, CheckResult] = field(default_factory=dict)
    naming: dict[str, Naming] = field(default_factory=dict)
    margins: dict[str, Margin] = field(default_factory=dict)


def request_for(parts: Iterable[str], *, mistakes: Iterable[str], quick: bool, jobs: int | None) -> AuditRequest:
    """Return what the command line asks for. Raises CourseError for a part that nobody knows."""
    names = tuple(mistakes)
    chosen = set(parts) or ({AuditPart.MISTAKES} if names else set(AuditPart) - ({AuditPart.ORDER} if quick else set()))
    for part in sorted(chosen - set(AuditPart)):
        raise CourseError(f"An audit has no part `{part}`.", remedy=suggest(part, list(AuditPart)))
    return AuditRequest(frozenset(map(AuditPart, chosen)), quick, names, jobs)


def audit_assignment(course: Path, slug: str, *, request: AuditRequest, progress: AuditProgress) -> Audit:
    """Audit one assignment of a course. Raises CourseError if its checks or its mistakes can't be read."""
    started = time.monotonic()
    assignment = read_assignment(course, slug)
    mistakes, variants = _choose(assignment, request)
    checks = collect_checks(assignment)
    chosen = tuple(task.name for task in assignment.tasks if not (request.quick and task.long))
    mistakes = tuple(one for one in mistakes if one.check not in checks or checks[one.check].task in chosen)
    audited = read_audited(assignment, {name: check for name, check in checks.items() if check.task in chosen})
    found = Audit(slug, checks=len(audited.checks), mistakes=len(mistakes), variants=len(variants))
    found.grounded = count_grounded(audited.checks.values())
    found.advice = sum(check.advice for check in audited.checks.values())
    found.points = sum(task.points for task in assignment.tasks if task.name in chosen)
    if request.quick and not request.mistakes:
        mistakes = without_most_prices(mistakes, audited)
    trials = _trials(audited, request, mistakes, variants)
    again = try_both_ways(audited) if AuditPart.ORDER in request.parts else []
    graded = {trial.subject for trial in trials}
    trials += (trial for trial in again if trial.subject not in graded)
    total = len(trials) + len(again)
    with tempfile.TemporaryDirectory(prefix="grader-audit-") as scratch, progress(total=total) as advance:
        settings = TrialSettings(course, Path(scratch) / "shared", request.jobs)
        outcomes = grade_trials(trials, audited, settings=settings, advance=advance)
        settings = replace(settings, scratch=Path(scratch) / "apart", apart=True)
        apart = grade_trials(again, audited, settings=settings, advance=advance)
    found.violations += judge_order(outcomes, apart)
    _judge_trials(found, outcomes, assignment)
    for mistake in mistakes:
        _judge_mistake(found, mistake, outcomes, audited)
    for variant in variants:
        _judge_variant(found, variant, outcomes, audited)
    found.margins = measure_margins(outcomes, audited.checks.values(), mistakes=mistakes, variants=variants)
    found.suggestions += advise_on_margins(found.margins.values())
    if AuditPart.MISTAKES in request.parts and not request.mistakes:
        known = read_mistakes(assignment)
        found.violations += judge_mistakes(known, checks, audited.reference, assignment)
        found.violations += judge_missing_prices(known, assignment)
    if AuditPart.PROOF in request.parts:
        proofs = prove_checks(assignment, tasks=chosen)
        found.proven = sum(proof.tried > 0 for proof in proofs)
        told = _not_passed(outcomes.get(REFERENCE))
        untold = (proof for proof in proofs if proof.failed is None or proof.check.name not in told)
        found.violations += (violation for proof in untold for violation in judge_proof(proof, assignment))
    if AuditPart.ASSETS in request.parts:
        found.violations += judge_checks(checks.values(), assignment)
        found.suggestions += advise_on_checks(checks.values(), assignment)
        found.violations += judge_kit_files(assignment)
        found.violations += judge_grounds(checks.values(), assignment)
        found.violations += judge_imports(assignment)
        found.violations += judge_names(assignment)
        found.violations += judge_artifacts(assignment)
        found.violations += judge_kit(is_stale(assignment, course / "student_template" / slug), assignment)
        found.violations += judge_given_cells(assignment)
        found.violations += judge_assets(record_assets(assignment, write=False, tasks=chosen), assignment)
    found.seconds = time.monotonic() - started
    return found


def grounds_of(course: Path, slug: str) -> tuple[Ground, ...]:
    """Return what every check of an assignment rests on. Raises CourseError if its checks can't be read."""
    assignment = read_assignment(course, slug)
    return read_grounds(collect_checks(assignment).values(), assignment)


def coverage_of(course: Path, slug: str) -> Coverage:
    """Return how each demand of a document is treated. Raises CourseError if checks or demands can't be read."""
    return cover(read_assignment(course, slug), grounds_of(course, slug))


def find_unproven(audits: Iterable[Audit]) -> list[Violation]:
    """Return a violation for every lookalike that no mistake shows in audits of all a course's assignments.

    That is asked of the course that comes with the lookalikes; other courses show those that their mistakes name.
    """
    proven = {name for one in audits for name in one.told} | SHOWN_BY_TESTS
    return list(judge_lookalikes(proven, [row.name for row in (*HYPOTHESES, *SHAPE_HYPOTHESES)]))


def is_own_course(course: Path) -> bool:
    """Tell whether a course is the one of this package's own repository."""
    return (course / "grader" / "compare" / "hypotheses.py").is_file()


def write_figures(path: Path, audits: Iterable[Audit], unproven: Iterable[Violation]) -> None:
    """Write the figures and violations of audits as JSON."""
    rows = []
    for one in audits:
        row = asdict(one)
        row["said"] = {name: str(result.verdict) for name, result in one.said.items()}
        rows.append(row)
    figures = {"schema_version": 1, "assignments": rows, "violations": [asdict(one) for one in unproven]}
    path.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _choose(assignment: Assignment, request: AuditRequest) -> tuple[tuple[Mistake, ...], tuple[Variant, ...]]:
    """Return the mistakes and variants that were asked for. Raises CourseError for a mistake that nobody knows."""
    mistakes = read_mistakes(assignment) if AuditPart.MISTAKES in request.parts else ()
    variants = read_variants(assignment) if AuditPart.VARIANTS in request.parts else ()
    known = {mistake.name: mistake for mistake in mistakes}
    for name in request.mistakes:
        if name not in known:
            raise CourseError(f"{assignment.slug} has no mistake `{name}`.", remedy=suggest(name, known))
    if request.mistakes:
        mistakes = tuple(known[name] for name in request.mistakes)
    return mistakes, variants


def _trials(
    audited: AuditedAssignment, request: AuditRequest, mistakes: Sequence[Mistake], variants: Sequence[Variant]
) -> list[Trial]:
    """Return all trials, those that may take longest first."""
    trials = try_reference(audited) if AuditPart.REFERENCE in request.parts else []
    for variant in variants:
        trials += try_variant(variant, audited)
    if AuditPart.TEMPLATE in request.parts:
        trials += try_template(audited)
    widely = dearest_of_tasks(mistakes, audited) if not request.quick or request.mistakes else frozenset()
    for mistake in mistakes:
        trials += try_mistake(mistake, audited, widely=mistake.name in widely)
    return trials


def _judge_trials(found: Audit, outcomes: dict[str, Outcome], assignment: Assignment) -> None:
    if REFERENCE in outcomes:
        found.violations += judge_reference(outcomes[REFERENCE], assignment)
        results = outcomes[REFERENCE].results.values()
        found.not_run = sum(result.unrun for result in results)
    if TEMPLATE in outcomes:
        found.violations += judge_template(outcomes[TEMPLATE], assignment)


def _not_passed(outcome: Outcome | None) -> frozenset[str]:
    """Return the names of the checks that the reference did not pass, which is told already."""
    results = outcome.results.values() if outcome is not None else ()
    return frozenset(result.name for result in results if result.verdict is not Verdict.PASSED)


def _judge_mistake(found: Audit, mistake: Mistake, outcomes: dict[str, Outcome], audited: AuditedAssignment) -> None:
    assignment = audited.assignment
    outcome = outcomes.get(named(mistake))
    if outcome is None:
        why = explain_edit(mistake, audited.reference, editable=assignment.handed_in.editable)
        why = why or f"there is no check `{mistake.check}`. {suggest(mistake.check, audited.checks)}".rstrip(".")
        violations = [refuse_mistake(mistake, why, assignment)]
    else:
        violations = [*judge_mistake(mistake, outcome, assignment), *judge_price(mistake, outcome, assignment)]
        if mistake.costs is not None:
            found.prices[mistake.name] = round(outcome.lost, 2)
        result = outcome.results.get(mistake.check)
        if result is not None:
            found.said[mistake.name] = result
            found.naming[mistake.name] = name_cause(mistake, result)
            violations += judge_naming(mistake, result, assignment)
            for name in told_in(result):
                found.told.setdefault(name, []).append(mistake.name)
    found.violations += violations
    found.caught += not violations


def _judge_variant(found: Audit, variant: Variant, outcomes: dict[str, Outcome], audited: AuditedAssignment) -> None:
    assignment = audited.assignment
    outcome = outcomes.get(named(variant))
    if outcome is None:
        why = explain_overlay(variant, audited.reference, editable=assignment.handed_in.editable)
        violations = [refuse_variant(variant, why, assignment)]
    else:
        violations = list(judge_variant(variant, outcome, assignment))
    found.violations += violations
    found.full += not violations
