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
from grader.notebooks.plan import PLAN_FILE
from grader.sandbox.outside.exchange import Ready, needs_of, ready_of, statement_told, timed_out
from grader.sandbox.outside.leaving_out import LeavingOut
from grader.sandbox.outside.replies import outcome_of
from grader.sandbox.outside.scratch import make_scratch
from grader.sandbox.outside.spawner import ProbeChild, Spawner
from grader.sandbox.wire.limits import MIB, Limits
from grader.sandbox.wire.protocol import (
    NOTEBOOK,
    USED_PROCESSOR,
    Ending,
    ProbeCall,
    ProbeOutcome,
    frame,
    note,
    pack_files,
    read_note,
)
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
        self._leaving_out = LeavingOut(PLAN_FILE in files, limits)
        self._failed_import: dict[tuple[str, ...], ProbeOutcome] = {}
        self._ready: Ready | None = None
        self._imported: dict[str, None] = {}
        self._has_used_processor = False

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe; modules whose import failed or hung once are not imported again.

        A statement at which the process dies twice while it is imported is left out from then on.
        """
        started = time.monotonic()
        try:
            needs = needs_of(call, self._ready) if self._ready is not None else None
            if needs is not None and needs.modules in self._failed_import:
                return self._failed_import[needs.modules]
            outcome, reading = self._attempt(call)
            while reading.has_died_importing and self._leaving_out.learn(outcome, reading.place):
                self._failed_import.clear()
                outcome, reading = self._attempt(call)
        except (SandboxError, OSError) as err:
            outcome = ProbeOutcome(Ending.SANDBOX_FAILED, detail=str(err))
        return replace(outcome, wall_s=time.monotonic() - started)

    def _attempt(self, call: ProbeCall) -> tuple[ProbeOutcome, "_Reading"]:
        child, folder = self._spawner.take(), make_scratch()
        limits = replace(self._limits, **call.limits)
        try:
            root = folder.resolve() / "submission"
            root.mkdir()
            if self._has_used_processor:
                (root / USED_PROCESSOR).touch()
            settings = note(root=str(root), shims=self._shims, limits=asdict(limits), **self._leaving_out.settings)
            child.send(settings + self._contents)
            self._ready = _await_ready(child)
            needs = needs_of(call, self._ready)
            tells = call.probe == NOTEBOOK and not self._leaving_out.is_notebook
            first = [*self._imported] if tells else []  # the files that it tells of have to be there
            child.send(frame(pack_values(_described(call) | {"first": first})))
            reading = _Reading(child, limits)
            outcome = reading.outcome()
            self._has_used_processor |= (root / USED_PROCESSOR).exists()
        finally:
            child.end()
            shutil.rmtree(folder, ignore_errors=True)
        outcome = replace(outcome, printed=child.printed(at_most=int(limits.output_kib * 1024)))
        self._imported.update(dict.fromkeys(needs.modules))
        if not reading.has_imported or (outcome.error is not None and outcome.error.phase == "import"):
            self._failed_import[needs.modules] = outcome
        return outcome, reading

    def forget(self) -> None:
        """Do nothing: each process has ended with its probe."""

    def close(self) -> None:
        """Do nothing: each process has ended with its probe."""


def _described(call: ProbeCall) -> dict[str, object]:
    settings = {"probe": call.probe, "inputs": call.inputs, "seed": call.seed, "dtype": call.dtype}
    settings |= {"threads": call.threads, "device": call.device, "watch": list(call.watch)}
    return settings | {"finish": call.finish}


def _await_ready(child: ProbeChild) -> Ready:
    """Return which probes there are; no student code has run by then. Raises SandboxError where nobody answers."""
    try:
        said = child.receive(deadline=time.monotonic() + _OPEN_S)
        if said is None:
            raise SandboxError(f"The sandbox did not take the submission: {child.last_words() or 'it ended'}")
        return ready_of(read_note(said))
    except (TimeoutError, ProtocolError) as err:
        raise SandboxError(f"The sandbox did not take the submission: {err}") from err


class _Reading:
    """Read what a probe's process says of a call.

    `has_imported` tells whether the student's modules were imported, `has_died_importing` whether the process ended, or
    its time did, before that; `place` is the statement that was run last, where they are told.
    """

    def __init__(self, child: ProbeChild, limits: Limits) -> None:
        self._child = child
        self._limits = limits
        self.has_imported = self.has_died_importing = False
        self.place: tuple[str, int, int] | None = None

    def outcome(self) -> ProbeOutcome:
        """Wait for the reply and return the outcome."""
        limits = self._limits
        try:
            if not self._await_import():
                self.has_died_importing = True
                return _ended(self._child, " while its modules were imported")
            self.has_imported = True
            payload = self._child.receive(deadline=time.monotonic() + limits.wall_s + _GRACE_S)
            if payload is None:
                return _ended(self._child, "")
            if len(payload) > limits.reply_mib * MIB + _SLACK:
                raise ProtocolError(
                    f"A message has {len(payload)} bytes; at most {limits.reply_mib:g} MiB are allowed."
                )
            values, devices = unpack_values(payload)
            return outcome_of(values, devices, limits=limits)
        except TimeoutError:
            self.has_died_importing = not self.has_imported
            return timed_out(limits, has_imported=self.has_imported)
        except ProtocolError as err:
            detail = f"sent something that is not a reply: {err.message.rstrip('.')}"
            return ProbeOutcome(Ending.KILLED, detail=detail)

    def _await_import(self) -> bool:
        """Read which statements run, until all are imported; return False where the process has ended before."""
        deadline = time.monotonic() + self._limits.import_s + _GRACE_S
        while (said := self._child.receive(deadline=deadline)) is not None:
            told = read_note(said)
            if "at" not in told:
                return True
            self.place = statement_told(told["at"]) or self.place
        return False


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
