"""How often checks fail right work: each is run on the reference with many seeds, of its inputs and of student code.

`grader.authoring.audit_rules` has the form of what violates a rule; `grader.commands.rates` prints what came out.

Why: docs/decisions.md#false-fails-are-counted
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from grader.authoring.audit_progress import AuditProgress
from grader.authoring.audit_rules import Violation
from grader.authoring.known_outcomes import KnownOutcomes
from grader.courses.checks import Check
from grader.courses.course import read_assignment
from grader.grading import plugin
from grader.grading.artifacts import FindArtifact, artifacts_of
from grader.grading.check_session import in_session
from grader.grading.grade import run_checks
from grader.grading.keys import task_digests
from grader.grading.opening import open_sandbox, widest_limits
from grader.grading.session import RecordedAssets, Subject
from grader.results.verdict import Verdict
from grader.sandbox.outside.servers import start_server
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.protocol import ProbeCall, ProbeOutcome, Sandbox
from grader.sandbox.wire.tensors import pack_values
from grader.submissions.submission import Found, read_submission

MOST_FALSE = 1 / 1000  # of right submissions may lose a check
KNOWN = ".rates"
_UNCOUNTED = (Verdict.SKIPPED, Verdict.NOT_GRADED, Verdict.TIMED_OUT)
_SAME = "same"


@dataclass(frozen=True, slots=True)
class RateRequest:
    """Say with how many seeds to run each check, from which one on; `quick` leaves long tasks out."""

    seeds: int = 200
    first: int = 0
    quick: bool = False


@dataclass(slots=True)
class Rate:
    """Count how often a check failed on the reference, and with which verdicts; `uncounted` runs gave no answer."""

    check: Check
    tried: int = 0
    failed: list[str] = field(default_factory=list)
    uncounted: int = 0

    @property
    def bounds(self) -> tuple[float, float]:
        """Return between which shares the true one lies, with 95 % confidence."""
        return binomial_bounds(len(self.failed), self.tried)


@dataclass(slots=True)
class RateAudit:
    """Hold the rates of the checks in which something is drawn; `steady` counts the others."""

    slug: str
    rates: list[Rate] = field(default_factory=list)
    steady: int = 0
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)


def binomial_bounds(hits: int, tries: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the bounds of Clopper and Pearson for the share behind `hits` of `tries`; 0 and 1 without tries."""
    tail = (1 - confidence) / 2
    lower = _solve(lambda p: 1 - _at_most(hits - 1, tries, p) - tail) if hits else 0.0
    upper = _solve(lambda p: tail - _at_most(hits, tries, p)) if hits < tries else 1.0
    return lower, upper


def _at_most(hits: int, tries: int, share: float) -> float:
    """Return the probability of at most `hits` of `tries`, each with the probability `share` in (0, 1)."""
    ways = (math.lgamma(tries + 1) - math.lgamma(k + 1) - math.lgamma(tries - k + 1) for k in range(hits + 1))
    return sum(math.exp(way + k * math.log(share) + (tries - k) * math.log1p(-share)) for k, way in enumerate(ways))


def _solve(rising: Callable[[float], float]) -> float:
    """Return where a function that rises between 0 and 1 is 0."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def measure_rates(course: Path, slug: str, *, request: RateRequest, progress: AuditProgress) -> RateAudit:
    """Run an assignment's checks on its reference again and again, and count how often they fail.

    Raises CourseError if the checks can't be collected.
    """
    started, assignment = time.monotonic(), read_assignment(course, slug)
    tasks = [task.name for task in assignment.tasks if not (request.quick and task.long)]
    found, known = RateAudit(slug), KnownOutcomes(course / KNOWN / f"{slug}.jsonl")
    digests = task_digests(assignment, wall="process")

    def run(session: pytest.Session) -> None:
        assert assignment.reference is not None, "a course has a reference"
        torch.set_num_threads(1)
        reference = read_submission(Found("reference", assignment.reference), assignment)
        artifacts = artifacts_of(reference, assignment)
        with (
            start_server(Wall.PROCESS, preload=assignment.sandbox.preload) as server,
            open_sandbox(assignment, reference, server=server, limits=widest_limits(assignment)) as sandbox,
            progress(total=len(session.items)) as advance,
        ):
            checks = session.config.stash[plugin.CHECKS]
            for item in session.items:
                check = checks[item.name]
                runner = _Runner(session, check, sandbox, RecordedAssets(assignment.assets), artifacts)
                _add(found, _Remembering(runner, known, digests[check.task]), check, request)
                advance(check.name)

    in_session(assignment, run, tasks=tasks)
    found.violations += _judge(found.rates)
    found.seconds = time.monotonic() - started
    return found


class _Listener:
    """Be a sandbox that digests what it was asked and what it answered."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.heard = hashlib.sha256()

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe and listen."""
        outcome = self._sandbox.run(call)
        for values in (call.inputs, outcome.outputs):
            self.heard.update(pack_values(values))
        return outcome

    def forget(self) -> None:
        """End what the sandbox keeps."""
        self._sandbox.forget()

    def close(self) -> None:
        """Leave the sandbox open for the next check."""


class _Runner:
    """Run one check on the reference, with a seed of its own each time."""

    def __init__(
        self, session: pytest.Session, check: Check, sandbox: Sandbox, assets: RecordedAssets, artifacts: FindArtifact
    ) -> None:
        self._session, self._check, self._sandbox, self._assets = session, check, sandbox, assets
        self._artifacts = artifacts
        item = next(item for item in session.items if item.name == check.name)
        self._records = isinstance(item, pytest.Function) and "expected" in item.fixturenames

    def run(self, number: int) -> tuple[Verdict, str]:
        """Return the verdict, and a digest of all that was asked and answered; what is recorded keeps its inputs."""
        listener = _Listener(self._sandbox)
        offset = 0 if self._records else number
        subject = Subject(
            listener, self._assets.expect, seed_offset=offset, key=f"rates {number}", artifacts=self._artifacts
        )
        result = run_checks(self._session, subject, only={self._check.name})[self._check.name]
        return result.verdict, listener.heard.hexdigest()


class _Remembering:
    """Run a check only where it is not known what came out."""

    def __init__(self, runner: _Runner, known: KnownOutcomes, digest: str) -> None:
        self._runner, self._known, self._digest = runner, known, digest

    def verdict(self, check: Check, number: int) -> Verdict:
        """Return the verdict with one seed."""
        key = _key(self._digest, check.name, str(number))
        known = self._known.recall(key)
        if known is None:
            known = (str(self._runner.run(number)[0]),)
            self._known.remember(key, known)
        return Verdict(known[0])

    def is_steady(self, check: Check, numbers: Sequence[int]) -> bool:
        """Tell whether a check asks the same and is answered the same with all of some seeds."""
        key = _key(self._digest, check.name, f"steady {numbers}")
        known = self._known.recall(key)
        if known is None:
            is_steady = len({self._runner.run(number)[1] for number in numbers}) == 1
            known = (_SAME,) if is_steady else ()
            self._known.remember(key, known)
        return known == (_SAME,)


def _key(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _add(found: RateAudit, runner: _Remembering, check: Check, request: RateRequest) -> None:
    if runner.is_steady(check, (request.first, request.first + 1)):
        found.steady += 1
        return
    rate = Rate(check)
    for number in range(request.first, request.first + request.seeds):
        verdict = runner.verdict(check, number)
        if verdict in _UNCOUNTED:
            rate.uncounted += 1
            continue
        rate.tried += 1
        if verdict is not Verdict.PASSED:
            rate.failed.append(f"{verdict} with seed {number}")
    found.rates.append(rate)


def _judge(rates: Collection[Rate]) -> Iterator[Violation]:
    """Yield a violation for every check of which the data say that it fails right work too often."""
    for rate in rates:
        lower, upper = rate.bounds
        if lower > MOST_FALSE and not rate.check.advice:
            message = (
                f"It failed the reference {len(rate.failed)} times in {rate.tried}, so between {lower:.2%} and "
                f"{upper:.2%} of right submissions lose it ({rate.failed[0]})."
            )
            yield Violation(rate.check.name, message, "Widen what it accepts, by what the text allows.")
