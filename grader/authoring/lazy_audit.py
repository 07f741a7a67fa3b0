"""The proof that points are given for work only: lazy submissions are graded, and none may earn a check.

`grader.authoring.lazy` makes them; `grader.commands.audit` prints what is found.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.authoring.audit_progress import AuditProgress
from grader.authoring.audit_rules import Violation
from grader.authoring.audit_trials import (
    AuditedAssignment,
    Outcome,
    Trial,
    TrialSettings,
    grade_trials,
    read_audited,
)
from grader.authoring.lazy import SILENT, UNWRITTEN, LazyPart, all_ways, find_parts, keeps_the_work, make_lazy
from grader.authoring.lazy_replies import WAYS, grade_replies
from grader.authoring.mistakes import Grant, read_grants
from grader.courses.assignment import Assignment
from grader.courses.checks import Check
from grader.courses.course import read_assignment
from grader.errors import CourseError
from grader.grading.check_session import collect_checks
from grader.results.verdict import CheckResult, Verdict
from grader.submissions.artifacts import without_artifacts

EVERYTHING = "everything"


@dataclass(slots=True)
class LazyAudit:
    """Hold what lazy submissions of one assignment earned: `tried` of them, `granted` earned checks that are stated.

    `earned` are the names of the checks that some lazy submission earned.
    """

    slug: str
    parts: int = 0
    tried: int = 0
    granted: int = 0
    seconds: float = 0.0
    earned: set[str] = field(default_factory=set)
    violations: list[Violation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LazyRequest:
    """Say what to try: `names` are texts of which a part's name holds one, none for all parts and all at once.

    `quick` grades only lazy replies, and leaves out the tasks that take long.
    """

    names: tuple[str, ...] = ()
    quick: bool = False
    jobs: int | None = None


def audit_laziness(course: Path, slug: str, *, request: LazyRequest, progress: AuditProgress) -> LazyAudit:
    """Grade lazy replies to one assignment and, unless `quick`, lazy submissions: all parts at once, and each alone.

    A part alone may earn only the checks that are about other parts. Raises CourseError if the checks can't be
    read, and where no part has a name that is asked for.
    """
    started = time.monotonic()
    assignment = read_assignment(course, slug)
    long = {task.name for task in assignment.tasks if task.long}
    checks = {
        name: check
        for name, check in collect_checks(assignment).items()
        if not check.advice and not (request.quick and check.task in long)
    }
    audited = read_audited(assignment, checks)
    parts = _choose(find_parts(audited.reference, assignment), request.names)
    found = LazyAudit(slug, parts=len(parts))
    grants = read_grants(assignment)
    if not request.names:
        for way, results in _grade_replies(assignment, request, progress):
            found.tried += 1
            _judge(found, "a reply", way, Outcome(results), grants)
    with tempfile.TemporaryDirectory(prefix="grader-audit-") as scratch:
        grading = _Grading(audited, TrialSettings(course, Path(scratch), request.jobs), progress)
        for who, way, outcome in () if request.quick or request.names else grading.of_everything(parts):
            _judge(found, who, way, outcome, grants)
        for who, way, outcome in () if request.quick else grading.of_each(parts):
            _judge(found, who, way, outcome, grants)
    found.tried += grading.tried
    found.violations += () if request.names else _unused(grants, found.earned, checks)
    found.seconds = time.monotonic() - started
    return found


def _choose(parts: list[LazyPart], names: Sequence[str]) -> list[LazyPart]:
    chosen = [part for part in parts if not names or any(name in part.name for name in names)]
    if not chosen:
        wanted = " or ".join(f"`{name}`" for name in names) or "a solution region"
        raise CourseError(
            f"No part of the reference has {wanted} in its name.",
            remedy=f"Known: {', '.join(part.name for part in parts)}." if parts else "Mark what students write.",
        )
    return chosen


def _grade_replies(
    assignment: Assignment, request: LazyRequest, progress: AuditProgress
) -> Iterator[tuple[str, dict[str, CheckResult]]]:
    with progress(total=len(WAYS)) as advance:
        for way, results in grade_replies(assignment, quick=request.quick):
            advance(f"reply: {way}")
            yield way, results


@dataclass(slots=True)
class _Grading:
    """Grade lazy submissions in two rounds: what depends on a part is known before its lazy forms are graded."""

    audited: AuditedAssignment
    settings: TrialSettings
    progress: AuditProgress
    tried: int = 0

    def of_everything(self, parts: Sequence[LazyPart]) -> Iterator[tuple[str, str, Outcome]]:
        """Yield what came out where all parts do nothing in one way."""
        trials = {way: self._trial(parts, way, self.audited.checks) for way in all_ways(parts)}
        outcomes = self._grade(trials.values())
        for way, trial in trials.items():
            yield EVERYTHING, way, outcomes[trial.subject]

    def of_each(self, parts: Sequence[LazyPart]) -> Iterator[tuple[str, str, Outcome]]:
        """Yield what came out where one part does nothing, of the checks that are its own."""
        unwritten = {part: self._trial([part], UNWRITTEN, self.audited.checks) for part in parts}
        outcomes = self._grade(unwritten.values())
        lost = _own_checks(
            {part: set(self.audited.checks) - _earned(outcomes[trial.subject]) for part, trial in unwritten.items()}
        )
        ways = {part: [*([SILENT] if part.is_returning else ()), *part.ways] for part in parts if lost[part]}
        trials = {(part, way): self._trial([part], way, lost[part]) for part in ways for way in ways[part]}
        outcomes = self._grade(trials.values())
        for (part, way), trial in trials.items():
            outcome = outcomes[trial.subject]
            if keeps_the_work(way):
                silent = outcomes[trials[part, SILENT].subject]
                outcome = _without(outcome, _earned(silent))
            if way != SILENT:
                yield str(part), way, _only(outcome, lost[part])

    def _trial(self, parts: Sequence[LazyPart], way: str, checks: Iterable[str]) -> Trial:
        name, files = str(parts[0]) if len(parts) == 1 else EVERYTHING, self.audited.reference
        if name == EVERYTHING:
            files = without_artifacts(files, self.audited.assignment)
        return Trial(f"lazy {name}: {way}", "", make_lazy(files, parts, way), tuple(checks))

    def _grade(self, trials: Iterable[Trial]) -> Mapping[str, Outcome]:
        listed = list(trials)
        self.tried += len(listed)
        with self.progress(total=len(listed)) as advance:
            return grade_trials(listed, self.audited, settings=self.settings, advance=advance)


def _own_checks(lost: Mapping[LazyPart, set[str]]) -> dict[LazyPart, list[str]]:
    """Return the checks that are about each part, of those that are lost while it isn't written.

    A check that needs several parts is about the one that the fewest checks need: the others only lead there, and who
    did nothing in them may have done what the check asks for.
    """
    needed = {part: len(names) for part, names in lost.items()}
    fewest = {
        name: min(count for part, count in needed.items() if name in lost[part]) for name in set().union(*lost.values())
    }
    return {part: sorted(name for name in names if fewest[name] == needed[part]) for part, names in lost.items()}


def _earned(outcome: Outcome) -> set[str]:
    """Return the checks that passed or earn a part: what is given since an earlier part is wrong is another matter."""
    return {
        name
        for name, result in outcome.results.items()
        if result.is_scored and (result.verdict is Verdict.PASSED or result.is_partly_right)
    }


def _without(outcome: Outcome, names: set[str]) -> Outcome:
    return Outcome({name: result for name, result in outcome.results.items() if name not in names}, outcome.problem)


def _only(outcome: Outcome, names: Iterable[str]) -> Outcome:
    kept = set(names)
    return _without(outcome, set(outcome.results) - kept)


def _judge(found: LazyAudit, who: str, way: str, outcome: Outcome, grants: Sequence[Grant]) -> None:
    """Add a violation for every check that a lazy submission earned and that no grant explains."""
    for name in sorted(_earned(outcome)):
        if outcome.results[name].advice:
            continue
        found.earned.add(name)
        if any(grant.check == name for grant in grants):
            found.granted += 1
            continue
        message = f"{who}, {way}: `{name}` gives its points all the same."
        remedy = (
            "Let the check ask for the work in the same reply; or, where nothing more was asked, say so in a "
            f"`[[granted]]` of tests/assignments/{found.slug}/mistakes.toml."
        )
        found.violations.append(Violation("lazy", message, remedy))


def _unused(grants: Sequence[Grant], earned: set[str], checks: Mapping[str, Check]) -> Iterator[Violation]:
    for grant in grants:
        if grant.check not in earned and grant.check in checks:
            message = f"`{grant.check}` is granted, and no lazy submission earned it."
            yield Violation("lazy", message, f"Take the grant out of {grant.source.name}.")
