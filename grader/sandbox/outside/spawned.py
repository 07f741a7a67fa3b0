"""Run one submission's probes where the system can't fork: each in a process of its own, with the trusted side's clock.

`grader.sandbox.outside.spawner` has the processes ready; `grader.sandbox.outside.servers` opens submissions.

Why: docs/decisions.md#a-process-for-each-probe
"""

import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from grader.errors import ProtocolError, SandboxError
from grader.sandbox.outside.exchange import Ready, needs_of, ready_of, timed_out
from grader.sandbox.outside.replies import outcome_of
from grader.sandbox.outside.scratch import make_scratch
from grader.sandbox.outside.spawner import ProbeChild, Spawner
from grader.sandbox.wire.limits import MIB, Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall, ProbeOutcome, frame, note, pack_files, read_note
from grader.sandbox.wire.tensors import pack_values
from grader.sandbox.wire.unpacking import unpack_values

_OPEN_S = 60.0
_GRACE_S = 0.5
_FAREWELL_S = 2.0
_SLACK = 4 * MIB


class SpawnedSandbox:
    """Run one submission's probes, each in a fresh process that holds the files and the probes, and nothing else."""

    def __init__(
        self,
        spawner: Spawner,
        *,
        files: Mapping[str, bytes],
        probes: Mapping[str, bytes],
        limits: Limits,
        shims: Sequence[str] = (),
    ) -> None:
        self._spawner = spawner
        self._contents = frame(pack_files(probes)) + frame(pack_files(files))
        self._shims = list(shims)
        self._limits = limits
        self._failed_import: dict[tuple[str, ...], ProbeOutcome] = {}
        self._ready: Ready | None = None

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe; modules whose import failed or hung once are not imported again."""
        started = time.monotonic()
        try:
            outcome = self._attempt(call)
        except (SandboxError, OSError) as err:
            outcome = ProbeOutcome(Ending.SANDBOX_FAILED, detail=str(err))
        return replace(outcome, wall_s=time.monotonic() - started)

    def _attempt(self, call: ProbeCall) -> ProbeOutcome:
        if self._ready is not None:
            needs = needs_of(call, self._ready)
            if needs.modules in self._failed_import:
                return self._failed_import[needs.modules]
        child, folder = self._spawner.take(), make_scratch()
        limits = replace(self._limits, **call.limits)
        try:
            root = folder.resolve() / "submission"
            root.mkdir()
            settings = note(root=str(root), shims=self._shims, limits=asdict(limits))
            child.send(settings + self._contents)
            self._ready = _await_ready(child)
            needs = needs_of(call, self._ready)
            child.send(frame(pack_values(_described(call))))
            outcome, has_imported = _outcome_of(child, limits)
        finally:
            child.end()
            shutil.rmtree(folder, ignore_errors=True)
        outcome = replace(outcome, printed=child.printed(at_most=int(limits.output_kib * 1024)))
        if not has_imported or (outcome.error is not None and outcome.error.phase == "import"):
            self._failed_import[needs.modules] = outcome
        return outcome

    def forget(self) -> None:
        """Do nothing: each process has ended with its probe."""

    def close(self) -> None:
        """Do nothing: each process has ended with its probe."""


def _described(call: ProbeCall) -> dict[str, object]:
    settings = {"probe": call.probe, "inputs": call.inputs, "seed": call.seed, "dtype": call.dtype}
    return settings | {"threads": call.threads, "device": call.device, "watch": list(call.watch)}


def _await_ready(child: ProbeChild) -> Ready:
    """Return which probes there are; no student code has run by then. Raises SandboxError where nobody answers."""
    try:
        said = child.receive(deadline=time.monotonic() + _OPEN_S)
        if said is None:
            raise SandboxError(f"The sandbox did not take the submission: {child.last_words() or 'it ended'}")
        return ready_of(read_note(said))
    except (TimeoutError, ProtocolError) as err:
        raise SandboxError(f"The sandbox did not take the submission: {err}") from err


def _outcome_of(child: ProbeChild, limits: Limits) -> tuple[ProbeOutcome, bool]:
    """Wait for the reply to a call; return the outcome, and whether the student's modules were imported by then."""
    has_imported = False
    try:
        if child.receive(deadline=time.monotonic() + limits.import_s + _GRACE_S) is None:
            return _ended(child, " while its modules were imported"), False
        has_imported = True
        payload = child.receive(deadline=time.monotonic() + limits.wall_s + _GRACE_S)
        if payload is None:
            return _ended(child, ""), True
        if len(payload) > limits.reply_mib * MIB + _SLACK:
            raise ProtocolError(f"A message has {len(payload)} bytes; at most {limits.reply_mib:g} MiB are allowed.")
        values, devices = unpack_values(payload)
        return outcome_of(values, devices, limits=limits), True
    except TimeoutError:
        return timed_out(limits, has_imported=has_imported), has_imported
    except ProtocolError as err:
        detail = f"sent something that is not a reply: {err.message.rstrip('.')}"
        return ProbeOutcome(Ending.KILLED, detail=detail), has_imported


def _ended(child: ProbeChild, when: str) -> ProbeOutcome:
    """Say how a process ended that gave no reply."""
    status = child.wait(seconds=_FAREWELL_S)
    if status is None:
        return ProbeOutcome(Ending.KILLED, detail=f"ended without a reply{when}")
    if status < 0:
        known = {one.value: one.name for one in signal.Signals}
        return ProbeOutcome(Ending.KILLED, detail=f"was ended by {known.get(-status, f'signal {-status}')}{when}")
    left = f"left the process with exit status {status} before returning"
    return ProbeOutcome(Ending.KILLED, detail=left + when)
