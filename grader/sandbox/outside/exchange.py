"""One call and its reply, read from a stranger: bounded in time and size, and every byte of it checked.

`grader.sandbox.outside.host` opens the connection and decides what an end means.

Why: docs/decisions.md#deadlines-kept-outside
"""

import os
import select
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grader.errors import ProtocolError, SandboxError
from grader.probes import explain_missing_probe
from grader.sandbox.outside.crowding import Crowding
from grader.sandbox.outside.replies import ending_of, number_of, outcome_of
from grader.sandbox.wire.limits import MIB, Limits
from grader.sandbox.wire.protocol import (
    MAX_NOTE,
    Ending,
    FrameReader,
    ProbeCall,
    ProbeOutcome,
    frame,
    read_note,
)
from grader.sandbox.wire.tensors import pack_values
from grader.sandbox.wire.unpacking import unpack_values

_GRACE_S = 0.5
_FAREWELL_S = 0.25  # how long a probe that has replied may take to end
_SLACK = 4 * MIB
_CHUNK = 1 << 18
_MOST_LETTERS = 300
_MOST_PULLED = 100


class Gone(Exception):
    """Carry the outcome of a probe whose submission has to be ended, or has ended by itself."""

    def __init__(self, outcome: ProbeOutcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class ProbeNeeds:
    """Hold the student's modules that a probe needs, the inputs it takes and those it requires."""

    modules: tuple[str, ...]
    takes: frozenset[str]
    requires: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ready:
    """Hold what each probe needs, and the names of those that can't be used, by the reason.

    `pulled` are the modules on offer that the course's own files have imported.
    """

    needs: Mapping[str, ProbeNeeds]
    broken: Mapping[str, Sequence[str]]
    pulled: tuple[str, ...] = ()


def read_ready(connection: socket.socket, opening: bytes, *, timeout_s: float) -> Ready:
    """Send probes and files, and return which probes there are; no student code has run by then.

    Raises ProtocolError where the answer makes no sense, OSError where nobody answers.
    """
    connection.settimeout(timeout_s)
    connection.sendall(opening)
    reader = FrameReader(1 << 20)
    while True:
        data = connection.recv(_CHUNK)
        if not data:
            raise ProtocolError("it ended before it was ready")
        for payload in reader.feed(data):
            return ready_of(read_note(payload))


def ready_of(message: Mapping[str, Any]) -> Ready:
    """Return which probes there are, as a submission's process tells before any student code has run."""
    needs = {
        name: ProbeNeeds(tuple(modules), frozenset(takes), frozenset(requires))
        for name, (modules, takes, requires) in message["ready"].items()
    }
    return Ready(needs, message["broken"], tuple(message.get("pulled", ())))


def needs_of(call: ProbeCall, ready: Ready) -> ProbeNeeds:
    """Return what the probe of a call needs. Raises SandboxError for a call that no probe can answer."""
    needs = ready.needs.get(call.probe)
    if needs is None:
        known = [name for name in ready.needs if name.isidentifier()]  # without those of all assignments
        why = explain_missing_probe(call.probe, ready.broken)
        raise SandboxError(why, remedy=f"It has {', '.join(known)}." if known and not ready.broken else "")
    for name in sorted({*call.inputs} ^ needs.takes):
        if name not in needs.takes:
            raise SandboxError(f"The probe {call.probe!r} takes no input {name!r}.", remedy="Mend the check.")
        if name in needs.requires:
            raise SandboxError(f"The probe {call.probe!r} was not given its input {name!r}.", remedy="Mend the check.")
    return needs


def timed_out(limits: Limits, *, has_imported: bool) -> ProbeOutcome:
    """Return the outcome of a probe that has not ended in time."""
    if has_imported:
        return ProbeOutcome(Ending.TIMED_OUT, detail=f"ran longer than {limits.wall_s:g} s")
    return ProbeOutcome(Ending.TIMED_OUT, detail=f"ran longer than {limits.import_s:g} s while it was imported")


class Exchange:
    """Send one call and collect its reply, the text printed meanwhile, and how it ended."""

    def __init__(self, connection: socket.socket, output: int, *, limits: Limits) -> None:
        self._connection = connection
        self._output = output
        self._limits = limits
        self._printed = bytearray()
        self._dropped = 0
        self._notes = FrameReader(MAX_NOTE)
        self._reply = FrameReader(int(limits.reply_mib * MIB) + _SLACK)
        self._payload: bytes | None = None
        self._end: dict[str, Any] | None = None
        self._imported = False
        self._process = 0
        self._crowding = Crowding()
        self.import_failed = False
        self.pulled: list[str] = []  # modules on offer that were imported, as the sandbox tells
        self.pulled_by_probe = False  # and not by the process that all probes are forked from
        self.place: tuple[str, int, int] | None = None  # of the statement that was run last, where they are told

    @property
    def stays(self) -> bool | None:
        """Tell whether the process that answered waits for another call, None where it did not say."""
        return None if self._end is None else self._end.get("stays") is True

    def run(self, call: ProbeCall, *, number: int, process: int | None = None) -> ProbeOutcome:
        """Return the outcome, or raise Gone if the submission's processes have to be ended or are dead.

        `process` is the number of the first call of the process that is to answer, None where this is its first.
        """
        started, self._process = time.monotonic(), number if process is None else process
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            try:
                self._send(call, number, writing)
            finally:
                os.close(writing)
            self._collect(reading, number, started=started)
            outcome = self._conclude()
        except Gone as gone:
            gone.outcome = self._with_times(gone.outcome, started)
            raise
        except ProtocolError as err:
            broken = ProbeOutcome(
                Ending.KILLED, detail=f"sent something that is not a reply: {err.message.rstrip('.')}"
            )
            raise Gone(self._with_times(broken, started)) from err
        finally:
            os.close(reading)
        return self._with_times(outcome, started)

    def _send(self, call: ProbeCall, number: int, writing: int) -> None:
        payload = pack_values(
            {
                "id": number,
                "probe": call.probe,
                "inputs": call.inputs,
                "seed": call.seed,
                "dtype": call.dtype,
                "threads": call.threads,
                "device": call.device,
                "watch": list(call.watch),
                "shared": bool(call.shared),
                "finish": call.finish,
                "cpu_s": float(self._limits.cpu_s),
                "wall_s": float(self._limits.wall_s),
                "gpu_mib": float(self._limits.gpu_mib),
            },
        )
        self._connection.settimeout(self._limits.import_s)
        data = frame(payload)
        try:
            sent = socket.send_fds(self._connection, [data], [writing])
            if sent < len(data):  # even an empty message fails if the other side has answered and gone
                self._connection.sendall(data[sent:])
        except OSError as err:
            raise Gone(ProbeOutcome(Ending.KILLED, detail="ended before the probe began")) from err

    def _collect(self, reading: int, number: int, *, started: float) -> None:
        """Read until the reply is whole, the sandbox says that the probe has ended, or time is up."""
        poller = select.poll()
        for source in (reading, self._connection.fileno(), self._output):
            poller.register(source, select.POLLIN)
        deadline = started + self._limits.import_s + _GRACE_S
        while self._end is None:
            left = deadline - time.monotonic()
            if left <= 0 and self._payload is not None:
                break
            if left <= 0:
                raise Gone(self._timed_out())
            for descriptor, _event in poller.poll(left * 1000 + 1):
                deadline = self._take(descriptor, poller, number=number, reading=reading, deadline=deadline)
        while self._payload is None and self._read_reply(reading):
            pass
        self._drain_output()

    def _take(self, descriptor: int, poller: "select.poll", *, number: int, reading: int, deadline: float) -> float:
        """Read what a descriptor has, stop watching one that has ended, and return the deadline from now on."""
        now = time.monotonic()
        if descriptor == self._output:
            if not self._drain_output():
                poller.unregister(self._output)
        elif descriptor == reading:
            if not self._read_reply(reading):
                poller.unregister(reading)
                return min(deadline, now + _FAREWELL_S) if self._payload is not None else deadline
        elif self._read_notes(number) and self._payload is None:
            return now + self._limits.wall_s + _GRACE_S
        return deadline

    def _timed_out(self) -> ProbeOutcome:
        self.import_failed = not self._imported
        return timed_out(self._limits, has_imported=self._imported)

    def _read_notes(self, number: int) -> bool:
        """Read what the submission's process says; True where it has just finished importing."""
        try:
            data = self._connection.recv(MAX_NOTE, socket.MSG_DONTWAIT)
        except OSError:
            data = b""
        if not data:
            self._drain_output()
            self.import_failed = not self._imported
            raise Gone(ProbeOutcome(Ending.KILLED, detail="ended" + self._when()))
        just_imported = False
        for payload in self._notes.feed(data):
            message = read_note(payload)
            if message.get("imported") == number and not self._imported:
                self._imported = just_imported = True
            elif "pulled" in message:
                self._note_pulled(message["pulled"])
            elif "at" in message:
                self.place = statement_told(message["at"])
            elif message.get("done") == number or message.get("ended") == self._process:
                self._end = self._end or message
        return just_imported

    def _note_pulled(self, name: Any) -> None:
        """Keep the name of a module on offer that is about to be imported, and whether a probe does so."""
        if isinstance(name, str) and len(self.pulled) < _MOST_PULLED:
            self.pulled.append(name[:_MOST_LETTERS])
            self.pulled_by_probe |= self._imported

    def _when(self) -> str:
        return " before the probe did" if self._imported else " while its modules were imported"

    def _read_reply(self, reading: int) -> bool:
        """Read a piece of the reply; return False when there is no more."""
        try:
            data = os.read(reading, _CHUNK)
        except BlockingIOError:
            return False
        frames = self._reply.feed(data)
        if frames:
            self._payload = frames[0]
        return bool(data) and not frames

    def _drain_output(self) -> bool:
        """Take what was printed, keep what fits, drop the rest; return False when nobody can print any more."""
        for _piece in range(64):
            try:
                data = os.read(self._output, _CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            room = int(self._limits.output_kib * 1024) - len(self._printed)
            self._printed += data[: max(room, 0)]
            self._dropped += max(len(data) - max(room, 0), 0)
        return True

    def _conclude(self) -> ProbeOutcome:
        """Turn the reply, or its absence, into an outcome."""
        if self._payload is None:
            return ending_of(self._end or {}, cpu_s=self._limits.cpu_s)
        values, devices = unpack_values(self._payload)
        outcome = outcome_of(values, devices, limits=self._limits)
        self.import_failed = outcome.error is not None and outcome.error.phase == "import"
        return outcome

    def _with_times(self, outcome: ProbeOutcome, started: float) -> ProbeOutcome:
        printed = self._printed.decode(errors="replace")
        if self._dropped:
            printed += f"\n… {self._dropped} more bytes were not kept"
        end = self._end or {}
        return replace(
            outcome,
            printed=printed,
            wall_s=time.monotonic() - started,
            cpu_s=number_of(end.get("cpu_s")),
            peak_mib=number_of(end.get("peak_kib")) / 1024,
            waited_s=number_of(end.get("waited_s")),
            crowded=outcome.ending is Ending.TIMED_OUT and self._crowding.is_found(),
        )


def statement_told(told: Any) -> tuple[str, int, int] | None:
    """Return the place of a statement as a submission's process tells it, None for anything that is none."""
    match told:
        case [str(file), int(line), int(column)]:
            return file[:_MOST_LETTERS], line, column
    return None
