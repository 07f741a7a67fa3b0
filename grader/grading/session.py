"""What the checks of one submission run against: its sandbox, its recorded calls, and the verdicts so far.

`grader.grading.check_run` hands it to the fixtures; `grader.grading.grade` and `grader.authoring.record` make it.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from grader.compare import Context, Expectation, assert_matches
from grader.compare.arrays import copied
from grader.compare.expect import Formula, by_formula
from grader.compare.uncomparable import instead_of, odd_kind_in_words
from grader.courses.assets import asset_name, expectation_of, read_asset
from grader.courses.checks import Check
from grader.courses.manifest import read_manifest
from grader.courses.personal import NOBODY, Personal, drawn_for
from grader.datasets.artifact_files import ArtifactFile
from grader.errors import CourseError, OtherInputsError, SandboxError
from grader.grading.artifacts import FindArtifact, find_none
from grader.grading.following import Before, failed_before
from grader.grading.forbidden import ForbiddenUses, explain_uses, shown_calls
from grader.grading.outcome import ProbeFailed, explain_outcome
from grader.grading.stumbles import MissingOutput, Stumble
from grader.results.verdict import CheckResult, Verdict
from grader.sandbox.wire.protocol import UNRECORDED, Ending, ErrorReport, ProbeCall, ProbeOutcome, Sandbox
from grader.sandbox.wire.tensors import pack_values, what_stays

_MAX_PRINTED = 64 * 1024
_STANDS = (Verdict.PASSED, Verdict.SKIPPED)
_NO_ANSWER = (Verdict.TIMED_OUT, Verdict.OUT_OF_MEMORY)
_SEED_BYTES = 6
_NO_CONTEXT = Context()
_SENDABLE = "Give numbers, texts, tensors, arrays, or lists, tuples and dicts of them; the probe can make the rest."
_NO_FORMULA = (
    "This check draws for each student, and what the reference returns can be recorded for one draw only. Give a "
    "formula as well, which is computed for each student, or compare with `measured`."
)


class ProbeOutput(Mapping[str, Any]):
    """Hold a probe's outputs by name, read-only; `devices` names those tensors that were not on the CPU.

    `any_float` tells whoever compares that one floating dtype is as good as another.
    """

    def __init__(self, values: Mapping[str, Any], *, devices: Mapping[str, str], any_float: bool = False) -> None:
        self._values = values
        self.devices = devices
        self.any_float = any_float

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            raise MissingOutput(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class RecordedAssets:
    """Read an assignment's recorded assets; `replaced` names those for which a formula had to stand in.

    A check draws the same inputs for one submission after another, so what was recorded for them is read once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest: Mapping[str, Any] | None = None
        self._known: dict[tuple[str, str, str], Expectation] = {}  # by asset, probe and digest of the inputs
        self.replaced: list[str] = []

    def expect(
        self,
        name: str,
        *,
        probe: str,
        inputs: Mapping[str, Any],
        formula: Formula | None = None,
        any_float: bool = False,
    ) -> Expectation:
        """Return what the reference returned for this call; `any_float` matters only where it is recorded.

        A formula is computed only where the check draws other inputs on this machine than were recorded. Raises
        AssetError, OtherInputsError where it is the inputs and there is no formula.
        """
        key = (name, probe, hashlib.sha256(pack_values(inputs)).hexdigest())
        if key in self._known:
            known = self._known[key]
            return replace(known, values=copied(known.values, wide=False))  # a check may write to what it gets
        if self._manifest is None:
            self._manifest = read_manifest(self._folder)
        asset = read_asset(self._folder, name, manifest=self._manifest)
        try:
            found = expectation_of(asset, probe=probe, inputs=inputs, folder=self._folder)
            self._known[key] = replace(found, values=copied(found.values, wide=False))
            return found
        except OtherInputsError:
            if formula is None:
                raise
        if name not in self.replaced:
            self.replaced.append(name)
        return by_formula(formula, inputs).expectation


Expect = Callable[..., Expectation]


@dataclass(slots=True)
class Subject:
    """Hold the submission that the checks look at now: its sandbox, where expectations come from, results so far.

    `artifacts` finds what was handed in beside the code, `personal` says for whom data of a student's own is drawn.
    `limits` are those of tasks whose probes have others than their checks say.
    `devices` are those that its probes may run on. `stumbled` tells, by check, that it raised something over what came
    back: which of the two is to blame shows when the reference is asked the same. `raised` keeps, by check, what its
    probe raised where no line of the student's is on the way. `called` collects, by task, the forbidden names that were
    called while probes ran. `key` is the run's: from it come the seeds of the sandbox.

    The calls of a task in `sharing` run in one process, until a check of it does not pass there: it is asked again in
    processes of its own, which counts, and so are those that follow. `doubted` keeps, by check, what came before.
    A check that did not pass on a value from before a training is asked again with what the training makes of it.
    """

    sandbox: Sandbox
    expect: Expect
    devices: Collection[str] = ("cpu",)
    seed_offset: int = 0
    forbidden: ForbiddenUses = field(default_factory=ForbiddenUses)
    results: dict[str, CheckResult] = field(default_factory=dict)
    stumbled: dict[str, Stumble] = field(default_factory=dict)
    raised: dict[str, ErrorReport] = field(default_factory=dict)
    called: dict[str, set[str]] = field(default_factory=dict)
    key: str = ""
    is_hidden: bool = False
    sharing: set[str] = field(default_factory=set)
    doubted: dict[str, CheckResult] = field(default_factory=dict)
    beside_others: set[str] = field(default_factory=set)  # checks of which a probe ran where others had run before
    on_stale: set[str] = field(default_factory=set)  # checks of which a probe used what a stopped training would change
    finishing: set[str] = field(default_factory=set)  # those of them that are asked again with the training
    before_finishing: dict[str, CheckResult] = field(default_factory=dict)
    artifacts: FindArtifact = find_none
    personal: Personal = NOBODY
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def turn_to(self, *, hidden: bool) -> None:
        """Let hidden checks meet other processes than public ones, so that nothing they show comes from hidden ones."""
        if hidden != self.is_hidden:
            self.sandbox.forget()
        self.is_hidden = hidden

    def has_to_repeat(self, name: str) -> bool:
        """Tell whether a check is to be asked again, and let go of what it was told.

        It is where it did not pass and other probes had run before it, or it used what a stopped training would change.
        From the first check on that did not pass, no call of its task shares a process.

        Why: docs/decisions.md#one-fork-for-a-task
        """
        result = self.results.get(name)
        if result is None or result.verdict in _STANDS:
            return False
        self.sharing.discard(result.task)
        is_stale = name in self.on_stale and name not in self.finishing
        if not is_stale and name not in self.beside_others:
            return False
        self.stumbled.pop(name, None)
        self.raised.pop(name, None)
        if is_stale:
            self.finishing.add(name)
            self.before_finishing[name] = result
        elif name in self.beside_others:
            self.doubted[name] = result
        self.beside_others.discard(name)
        return True

    def keep_first(self, name: str) -> None:
        """Let a check's first result count where asking again, with a training, has led to none."""
        before = self.before_finishing.pop(name, None)
        if before is not None and self.results[name].verdict in _NO_ANSWER:
            self.results[name] = before

    def failed_before(self, check: Check) -> Before | None:
        """Return what failed among the checks that this one comes after, None where none did."""
        return failed_before(check, self.results)


class Conversation:
    """Run one check's probes and its recorded expectations: what its fixtures call."""

    def __init__(self, subject: Subject, check: Check) -> None:
        self._subject = subject
        self._check = check
        self._expected = 0
        self.printed = ""
        self.left_blank = False
        self.was_crowded = False
        self.cpu_s = self.waited_s = self.peak_mib = 0.0  # of all probes, as the sandbox tells it
        self.outputs: Mapping[str, Any] | None = None  # what came back last
        self._draws_personally = False

    def refuse_forbidden(self) -> None:
        """Raise ProbeFailed if the submission uses what the check's task forbids."""
        uses = self._subject.forbidden.by_task.get(self._check.task)
        if uses:
            raise ProbeFailed(Verdict.FORBIDDEN, explain_uses(uses))

    def probe(self, name: str, /, **inputs: Any) -> ProbeOutput:
        """Run a probe of the assignment on the submission; raises ProbeFailed where it did not return, or may not."""
        self.refuse_forbidden()
        for path, value in what_stays(inputs):
            raise CourseError(
                f"`{path}` of the probe `{name}` is {odd_kind_in_words(value)}, which no submission can be given.",
                remedy=instead_of(value) or _SENDABLE,
            )
        watch = self._subject.forbidden.names.get(self._check.task, ())
        call = ProbeCall(
            name,
            inputs,
            seed=self.sandbox_seed,
            device=self._check.device,
            watch=watch,
            limits=self._subject.limits.get(self._check.task, self._check.limits),
            shared=self._shared(),
            finish=self._check.name in self._subject.finishing,
        )
        outcome: ProbeOutcome = self._subject.sandbox.run(call)
        if not outcome.is_first:
            self._subject.beside_others.add(self._check.name)
        if outcome.stale:
            self._subject.on_stale.add(self._check.name)
        self.printed = (self.printed + outcome.printed)[-_MAX_PRINTED:]
        called = [call for call in outcome.called if call.name in watch]
        shown = shown_calls(called, forbidden=self._subject.forbidden, task=self._check.task)
        hidden = {call.name for call in called} - {use.name for use in shown}
        if watch and any(call.name == UNRECORDED for call in outcome.called):
            hidden.add(UNRECORDED)
        self._subject.called.setdefault(self._check.task, set()).update(hidden)
        self.was_crowded |= outcome.crowded
        self.cpu_s += outcome.cpu_s
        self.waited_s += outcome.waited_s
        self.peak_mib = max(self.peak_mib, outcome.peak_mib)
        if outcome.ending is Ending.SANDBOX_FAILED:
            raise SandboxError(outcome.detail)
        if outcome.ending is not Ending.OK:
            if outcome.error is not None and not outcome.error.frames:
                self._subject.raised[self._check.name] = outcome.error
            raise ProbeFailed(*explain_outcome(outcome))
        self.left_blank |= _holds_none(outcome.outputs)
        self.outputs = outcome.outputs
        if shown:
            raise ProbeFailed(Verdict.FORBIDDEN, explain_uses(shown))
        return ProbeOutput(outcome.outputs, devices=outcome.devices, any_float=self._check.any_float)

    def _shared(self) -> str:
        """Name the calls that may share a process with the check's: those of its task, unless it needs its own."""
        check = self._check
        is_plain = check.task in self._subject.sharing and check.device == "cpu" and not check.limits
        return check.task if is_plain else ""

    def expected(self, name: str, formula: Formula | None = None, /, **inputs: Any) -> Expectation:
        """Return what the reference returned for the same call, with the tolerance measured at recording.

        An independent `formula` of the inputs proves the asset where it is recorded and audited. The asset then keeps
        only the outputs that it names. A check that draws for each student needs one, which is then what counts.
        """
        if self._draws_personally:
            if formula is None:
                raise CourseError(_NO_FORMULA)
            if self._subject.personal != NOBODY:
                return by_formula(formula, inputs).expectation
        self._expected += 1
        asset = asset_name(self._check.name, self._expected)
        return self._subject.expect(asset, probe=name, inputs=inputs, formula=formula, any_float=self._check.any_float)

    def matches_recorded(
        self, name: str, formula: Formula | None = None, /, *, context: Context = _NO_CONTEXT, **inputs: Any
    ) -> ProbeOutput:
        """Run a probe, compare its outputs with what `expected` returns for the same call, and return them.

        Raises what both do, and Mismatch where an output differs.
        """
        actual = self.probe(name, **inputs)
        assert_matches(actual, self.expected(name, formula, **inputs), context=context)
        return actual

    def artifact(self, name: str, /) -> ArtifactFile:
        """Return what was handed in under a name of `[submission.artifacts]`.

        Raises ProbeFailed where it was not, or is no such file, and CourseError for an unknown name.
        """
        return self._subject.artifacts(name)

    def personal(self, rng: torch.Generator) -> torch.Generator:
        """Return a generator of the student's own, whose seed also depends on that of `rng`."""
        self._draws_personally = True
        return torch.Generator().manual_seed(drawn_for(self._subject.personal, seed=rng.initial_seed()))

    @property
    def not_known_for_whom(self) -> str:
        """Say why it is not known for whom a check would draw, "" where it is."""
        return self._subject.personal.missing

    @property
    def forbidden(self) -> tuple[str, ...]:
        """Return the names that the check's task forbids."""
        return self._subject.forbidden.names.get(self._check.task, ())

    @property
    def task(self) -> str:
        """Return the name of the task that the check belongs to."""
        return self._check.task

    @property
    def seed(self) -> int:
        """Return the seed from which this check draws its inputs."""
        return self._check.seed + self._subject.seed_offset

    @property
    def sandbox_seed(self) -> int:
        """Return the seed of what student code draws in this check: of this run, and not that of the inputs.

        Why: docs/decisions.md#three-seeds
        """
        text = f"{self._subject.key} sandbox {self._check.name} {self._subject.seed_offset}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:_SEED_BYTES])


def _holds_none(value: Any) -> bool:
    """Tell whether there is a None anywhere in what a probe returned."""
    if isinstance(value, Mapping):
        return any(map(_holds_none, value.values()))
    return any(map(_holds_none, value)) if isinstance(value, list | tuple) else value is None
