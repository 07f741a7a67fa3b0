"""Proves that checks compare something: each is run on wrong replies, and has to fail over them in words.

The reference answers once; then its replies are played back, changed by `grader.authoring.wrong_replies`, so nothing of
a submission runs again. `grader.authoring.proof_rules` judges what came out.
"""

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy
import pytest
import torch

from grader.authoring.wrong_files import ListeningFinder, wrong_files
from grader.authoring.wrong_replies import WrongReply, plainly_wrong, wrong_replies
from grader.courses.assignment import Assignment
from grader.courses.checks import Check
from grader.courses.personal import NOBODY, Personal
from grader.grading import plugin
from grader.grading.artifacts import FindArtifact, artifacts_of
from grader.grading.check_session import in_session
from grader.grading.grade import run_checks
from grader.grading.opening import open_sandbox, widest_limits
from grader.grading.session import Expect, RecordedAssets, Subject
from grader.grading.stumbles import Stumble
from grader.results.verdict import CheckResult, Verdict
from grader.sandbox.outside.servers import start_server
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.protocol import Ending, ProbeCall, ProbeOutcome, Sandbox
from grader.sandbox.wire.tensors import pack_values
from grader.submissions.submission import Found, read_submission

_ATTEMPTS = 2
_MADE_UP = ("a student", "another student")


@dataclass(frozen=True, slots=True)
class Slip:
    """Tell over which wrong reply, or which wrong file, a check broke instead of failing: what ended it, and where."""

    source: str
    how: str
    stumble: Stumble


@dataclass(frozen=True, slots=True)
class Proof:
    """Hold what a check did with wrong replies: how many there were, and over which it broke.

    `is_empty`: it passed, or broke, over all of them. `deaf` are probes whose replies decide nothing beside others of
    the same check. `strays` are the generators, beside `rng`, that it has drawn from. `failed` is what the reference
    got instead of passing, where it did not: then nothing could be tried. `of_students` says what is wrong with the
    data that it draws for each student.
    """

    check: Check
    tried: int = 0
    is_empty: bool = False
    deaf: tuple[str, ...] = ()
    slips: tuple[Slip, ...] = ()
    strays: tuple[str, ...] = ()
    failed: CheckResult | None = None
    of_students: str = ""


def prove_checks(assignment: Assignment, *, tasks: Collection[str] | None = None) -> list[Proof]:
    """Return the proofs of all checks (or of `tasks`) that can run on this machine.

    Raises CourseError if the checks can't be collected.
    """
    found: list[Proof] = []

    def run(session: pytest.Session) -> None:
        assert assignment.reference is not None, "a course has a reference"
        torch.set_num_threads(1)
        reference = read_submission(Found("reference", assignment.reference), assignment)
        with (
            start_server(Wall.PROCESS, preload=assignment.sandbox.preload) as server,
            open_sandbox(assignment, reference, server=server, limits=widest_limits(assignment)) as sandbox,
        ):
            checks = session.config.stash[plugin.CHECKS]
            expect, artifacts = RecordedAssets(assignment.assets).expect, artifacts_of(reference, assignment)
            for item in session.items:
                found.extend(_Trial(session, checks[item.name], expect, artifacts).prove(sandbox))

    in_session(assignment, run, tasks=tasks)
    return found


class _Recorder:
    """Be a sandbox that keeps what it was asked and what it answered."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.calls: list[tuple[ProbeCall, ProbeOutcome]] = []

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe and keep the call."""
        outcome = self._sandbox.run(call)
        self.calls.append((call, outcome))
        return outcome

    def forget(self) -> None:
        """End what the sandbox keeps."""
        self._sandbox.forget()

    def close(self) -> None:
        """Leave the sandbox open for the next check."""


class _Player:
    """Be a sandbox that gives outcomes one after another, whatever it is asked; the last one again and again."""

    def __init__(self, outcomes: Sequence[ProbeOutcome]) -> None:
        self._outcomes = outcomes
        self.calls: list[ProbeCall] = []

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Return the next outcome."""
        self.calls.append(call)
        return self._outcomes[min(len(self.calls), len(self._outcomes)) - 1]

    def forget(self) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Hold nothing open."""


class _Trial:
    """Run one check on the reference, and then on what is made of its replies."""

    def __init__(self, session: pytest.Session, check: Check, expect: Expect, artifacts: FindArtifact) -> None:
        self._session = session
        self._check = check
        self._expect = expect
        self._artifacts = ListeningFinder(artifacts)

    def prove(self, sandbox: Sandbox) -> Iterator[Proof]:
        """Yield the proof, unless data or a graphics card is missing; where the reference fails, that is the proof."""
        before = _other_generators()
        for _attempt in range(_ATTEMPTS):
            recorder = _Recorder(sandbox)
            result, _ = self._run(recorder)
            if result.verdict is not Verdict.TIMED_OUT:  # which a crowded machine can cause
                break
        if result.verdict is not Verdict.PASSED:
            yield from [] if result.verdict is Verdict.SKIPPED else [Proof(self._check, failed=result)]
            return
        strays = {name for name, state in _other_generators().items() if state != before[name]}
        if not torch.equal(torch.default_generator.get_state(), _fresh(self._check.seed)):
            strays.add("torch")
        calls = [(call, outcome) for call, outcome in recorder.calls if outcome.ending is Ending.OK]
        outcomes = [outcome for _, outcome in calls]
        again = _Player(outcomes)
        self._run(again)
        if not strays and _inputs(again.calls) != _inputs(call for call, _ in calls):
            strays.add("a generator without a seed")
        tried, heard, slips = 0, dict.fromkeys((call.probe for call, _ in calls), 0), []
        for place, reply in _to_try(calls):
            changed = replace(outcomes[place], outputs=reply.outputs)
            result, stumble = self._run(_Player([*outcomes[:place], changed, *outcomes[place + 1 :]]))
            probe, tried = calls[place][0].probe, tried + 1
            if stumble is not None and not stumble.is_in_words:
                slips.append(Slip(f"the probe `{probe}`", reply.how, stumble))
            heard[probe] += stumble is None and result.verdict is not Verdict.PASSED
        of_files = list(self._try_files(_Player(outcomes) if outcomes else sandbox))
        tried, slips = tried + len(of_files), [*slips, *(one for one in of_files if isinstance(one, Slip))]
        is_empty = not any(heard.values()) and True not in of_files
        deaf = () if is_empty else tuple(probe for probe, times in heard.items() if not times)
        of_students = self._with_other_students(sandbox, calls)
        yield Proof(self._check, tried, is_empty, deaf, tuple(slips), tuple(sorted(strays)), of_students=of_students)

    def _with_other_students(self, sandbox: Sandbox, calls: Sequence[tuple[ProbeCall, ProbeOutcome]]) -> str:
        """Say what is wrong with a check that draws for each student, tried with the data of some; "" for nothing."""
        item = next(item for item in self._session.items if item.name == self._check.name)
        if "personal" not in getattr(item, "fixturenames", ()):
            return ""
        asked = {tuple(_inputs(call for call, _ in calls))}
        for student in _MADE_UP:
            recorder = _Recorder(sandbox)
            result, _ = self._run(recorder, personal=Personal(student))
            if result.verdict is not Verdict.PASSED:
                return f"fails the reference with the data of another student: {result.feedback.message}"
            asked.add(tuple(_inputs(call for call, _ in recorder.calls)))
        return "" if len(asked) > 1 else "asks for `personal`, and asks its probes the same for every student."

    def _try_files(self, sandbox: Sandbox) -> Iterator[bool | Slip]:
        """Yield for each wrong prediction file whether the check has failed over it, or how it broke."""
        for name, right in list(self._artifacts.found.items()):
            for how, wrong in wrong_files(right):
                finder = ListeningFinder(self._artifacts, {name: wrong})
                result, stumble = self._run(sandbox, finder)
                if stumble is not None and not stumble.is_in_words:
                    yield Slip(f"the file `{right.path}`", how, stumble)
                else:
                    yield result.verdict is not Verdict.PASSED

    def _run(
        self, sandbox: Sandbox, artifacts: FindArtifact | None = None, *, personal: Personal = NOBODY
    ) -> tuple[CheckResult, Stumble | None]:
        subject = Subject(sandbox, self._expect, artifacts=artifacts or self._artifacts, personal=personal)
        name = self._check.name
        result = run_checks(self._session, subject, only={name})[name]
        stumble = subject.stumbled.get(name)
        if stumble is None and result.verdict is Verdict.NOT_GRADED:
            stumble = Stumble(result.feedback.message, None, is_in_words=False)
        return result, stumble


def _to_try(calls: Sequence[tuple[ProbeCall, ProbeOutcome]]) -> Iterator[tuple[int, WrongReply]]:
    """Yield the wrong replies, each with the place of the call that gets it; a probe's later calls get few."""
    seen: set[str] = set()
    for place, (call, outcome) in enumerate(calls):
        replies = plainly_wrong if call.probe in seen else wrong_replies
        seen.add(call.probe)
        for reply in replies(outcome.outputs):
            yield place, reply


def _inputs(calls: Iterable[ProbeCall]) -> list[bytes]:
    return [pack_values(call.inputs) for call in calls]


def _other_generators() -> dict[str, str]:
    """Return the states of the generators that are nobody's own, in a form that can be compared."""
    return {"random": str(random.getstate()), "numpy.random": str(numpy.random.get_state(legacy=False))}


def _fresh(seed: int) -> torch.Tensor:
    return torch.Generator().manual_seed(seed).get_state()
