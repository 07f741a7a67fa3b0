"""What the checks would miss: every solution region as a stub, and mutants of it, graded like submissions.

`grader.authoring.mutants` makes them, `grader.authoring.mutant_bench` grades them; `grader.commands.mutants` prints
what came out.

Why: docs/decisions.md#mutants-of-the-text
"""

import json
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from grader.authoring.audit_progress import AuditProgress
from grader.authoring.audit_rules import Violation
from grader.authoring.audit_trials import TrialSettings, read_audited
from grader.authoring.known_outcomes import KnownOutcomes
from grader.authoring.mutant_bench import MutantBench
from grader.authoring.mutants import (
    Equivalent,
    Mutant,
    SolutionRegion,
    choose_mutants,
    make_mutants,
    read_equivalents,
    read_regions,
)
from grader.courses.assignment import EQUIVALENTS_FILE, Assignment, tasks_below
from grader.courses.course import read_assignment
from grader.courses.toml_table import suggest
from grader.errors import CourseError
from grader.grading.check_session import collect_checks

TASK_SHARE = 0.97  # of a task's mutants have to be caught
WHOLE_SHARE = 0.99  # of all of an assignment's
DECLARED_SHARE = 0.03  # may be declared, at most
KNOWN = ".mutants"


@dataclass(frozen=True, slots=True)
class MutantRequest:
    """Say how many mutants to try (`most`, None for all), drawn with `seed`; `quick` leaves long tasks out.

    `tasks` are those of whose regions mutants are tried, None for all.
    """

    most: int | None = None
    seed: int = 0
    quick: bool = False
    jobs: int | None = None
    tasks: tuple[str, ...] | None = None


@dataclass(slots=True)
class TaskScore:
    """Count the mutants of one task's regions."""

    caught: int = 0
    missed: int = 0
    declared: int = 0

    @property
    def tried(self) -> int:
        """Return how many were tried that are not declared to be as good as the reference."""
        return self.caught + self.missed

    @property
    def share(self) -> float:
        """Return which part of them was caught; 1 where there are none."""
        return self.caught / self.tried if self.tried else 1.0


@dataclass(slots=True)
class MutantAudit:
    """Hold what came out: scores by task, the mutants that no check caught, and regions that no check reads.

    `made` counts all mutants that there are, `beside` those of them in regions that are declared as `unchecked`, and
    `remembered` the outcomes that an earlier audit had found already.
    """

    slug: str
    made: int = 0
    beside: int = 0
    scores: dict[str, TaskScore] = field(default_factory=dict)
    caught_by: dict[str, str] = field(default_factory=dict)
    survivors: list[Mutant] = field(default_factory=list)
    unread: list[SolutionRegion] = field(default_factory=list)
    remembered: int = 0
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)

    @property
    def whole(self) -> TaskScore:
        """Return the sum of all tasks' scores."""
        scores = self.scores.values()
        return TaskScore(
            sum(one.caught for one in scores), sum(one.missed for one in scores), sum(one.declared for one in scores)
        )


def audit_mutants(course: Path, slug: str, *, request: MutantRequest, progress: AuditProgress) -> MutantAudit:
    """Try mutants of an assignment's solution regions. Raises CourseError where course or declarations are wrong."""
    started = time.monotonic()
    assignment = read_assignment(course, slug)
    concerned = _concerned(assignment, request.tasks)
    checks = {
        name: check
        for name, check in collect_checks(assignment).items()
        if not check.advice and check.task in concerned
    }
    audited, declared = read_audited(assignment, checks), read_equivalents(assignment)
    by_region = {one: make_mutants(audited.reference, one) for one in read_regions(audited.reference, assignment)}
    with_code = [region for region, mutants in by_region.items() if mutants]
    everything = [mutant for mutants in by_region.values() for mutant in mutants]
    found, known = MutantAudit(slug, made=len(everything)), KnownOutcomes(course / KNOWN / f"{slug}.jsonl")
    with tempfile.TemporaryDirectory(prefix="grader-mutants-") as scratch:
        bench = MutantBench(audited, TrialSettings(course, Path(scratch), request.jobs), progress, known)
        readers = bench.find_readers(with_code, quick=request.quick)
        if request.tasks is not None:
            readers = {region: reader for region, reader in readers.items() if reader.task in request.tasks}
        read = [mutants for region, mutants in by_region.items() if region in readers]
        chosen = choose_mutants(read, most=request.most, seed=request.seed)
        failures = bench.grade_mutants(chosen, readers)
        missed = [one for one in chosen if not failures[one.name] and not any(row.fits(one) for row in declared)]
        failures |= bench.grade_again(missed, readers, quick=request.quick)
    for mutant in chosen:
        score = found.scores.setdefault(readers[mutant.region].task, TaskScore())
        _count(found, mutant, failures[mutant.name], score=score, declared=declared)
    found.remembered = known.used
    found.violations += [*_judge_scores(found), *_judge_declared(declared, everything, found, assignment)]
    if request.tasks is None:
        unread = [region for region in with_code if region not in readers]
        found.unread = [region for region in unread if region.instruction not in assignment.unchecked]
        found.beside = sum(len(by_region[region]) for region in unread if region not in found.unread)
    if not request.quick or not audited.long_tasks:
        found.violations += _judge_unread(found.unread)
    found.seconds = time.monotonic() - started
    return found


def _concerned(assignment: Assignment, tasks: Collection[str] | None) -> frozenset[str]:
    """Return the chosen tasks and those they build on. Raises CourseError for one that the assignment doesn't have."""
    known = [task.name for task in assignment.tasks]
    for name in tasks or ():
        if name not in known:
            raise CourseError(f"{assignment.slug} has no task `{name}`.", remedy=suggest(name, known))
    chosen = [task for task in assignment.tasks if tasks is None or task.name in tasks]
    below = [one for task in chosen for one in tasks_below(task, assignment.tasks)]
    return frozenset(task.name for task in (*chosen, *below))


def figures_of(found: MutantAudit) -> dict[str, object]:
    """Return an audit's figures and survivors, as JSON can hold them."""
    survivors = [
        {"file": one.region.file, "line": one.line, "kind": one.kind, "old": one.old, "new": one.new}
        for one in found.survivors
    ]
    return {
        "slug": found.slug,
        "made": found.made,
        "beside": found.beside,
        "scores": {task: asdict(score) | {"share": round(score.share, 4)} for task, score in found.scores.items()},
        "whole": asdict(found.whole) | {"share": round(found.whole.share, 4)},
        "survivors": survivors,
        "unread": [region.name for region in found.unread],
        "violations": [asdict(one) for one in found.violations],
    }


def write_mutant_figures(path: Path, audits: Sequence[MutantAudit]) -> None:
    """Write the figures of audits as JSON."""
    rows = {"schema_version": 1, "assignments": [figures_of(one) for one in audits]}
    path.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _count(
    found: MutantAudit, mutant: Mutant, failed: Collection[str], *, score: TaskScore, declared: Sequence[Equivalent]
) -> None:
    if failed:
        score.caught += 1
        found.caught_by[mutant.name] = min(failed)
    elif any(one.fits(mutant) for one in declared):
        score.declared += 1
    else:
        score.missed += 1
        found.survivors.append(mutant)


def _judge_scores(found: MutantAudit) -> Iterator[Violation]:
    """Yield a violation for every task, and for the whole, of whose mutants too few are caught."""
    for task, score in found.scores.items():
        if score.share < TASK_SHARE:
            yield _too_few(f"task {task}", score, TASK_SHARE)
    whole = found.whole
    if whole.share < WHOLE_SHARE:
        yield _too_few("all tasks", whole, WHOLE_SHARE)
    if whole.declared > max(1, DECLARED_SHARE * (whole.tried + whole.declared)):
        message = f"{whole.declared} of {whole.tried + whole.declared} mutants are declared to be as good."
        yield Violation("equivalents", message, f"At most {DECLARED_SHARE:.0%} may be; let checks tell the others.")


def _too_few(subject: str, score: TaskScore, wanted: float) -> Violation:
    message = f"{score.caught} of {score.tried} mutants are caught; expected at least {wanted:.0%}."
    return Violation(subject, message, "Sharpen its checks by the list above.")


def _judge_unread(regions: Sequence[SolutionRegion]) -> Iterator[Violation]:
    for region in regions:
        message = "No check fails while it is a stub, so nothing that students write there is graded."
        yield Violation(region.name, message, "Write a check that runs it, or name it in `unchecked`.")


def _judge_declared(
    declared: Sequence[Equivalent], mutants: Sequence[Mutant], found: MutantAudit, assignment: Assignment
) -> Iterator[Violation]:
    """Yield a violation for every declaration that fits no mutant any more, or one that a check tells after all."""
    remedy = f"Take it out of tests/assignments/{assignment.slug}/{EQUIVALENTS_FILE}."
    by_text: Mapping[tuple[str, str, str], list[Mutant]] = _by_text(mutants)
    for one in declared:
        fitting = by_text.get((one.file, one.old, one.new), [])
        subject = f"equivalent {one.file} “{one.old}” → “{one.new}”"
        caught = [found.caught_by[mutant.name] for mutant in fitting if mutant.name in found.caught_by]
        if not fitting:
            yield Violation(subject, "There is no such mutant.", remedy)
        elif len(caught) == len(fitting):
            yield Violation(subject, f"`{caught[0]}` tells it from the reference.", remedy)


def _by_text(mutants: Sequence[Mutant]) -> dict[tuple[str, str, str], list[Mutant]]:
    found: dict[tuple[str, str, str], list[Mutant]] = {}
    for mutant in mutants:
        found.setdefault((mutant.region.file, mutant.old, mutant.new), []).append(mutant)
    return found
