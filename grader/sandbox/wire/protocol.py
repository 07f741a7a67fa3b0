"""Messages between the grader and its fork server: calls, outcomes, frames and how they are read without trust.

`grader.sandbox.outside.host` speaks it on the trusted side, `grader.sandbox.inside.serving` inside the wall.
"""

import array
import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from grader.errors import ProtocolError

MAX_NOTE = 16 * 1024
SCAN = "scan for forbidden names"  # a probe that every assignment has; no function can have such a name
NOTEBOOK = "describe the notebook"  # likewise
EXECUTE = "execute the notebook"  # likewise, for `grader grade --execute`
ANSWERS = "read text answers"  # likewise
UNRECORDED = "what was called could not be recorded"  # in place of a watched name; none can look like this
BEGINS = b"\0the student's code begins\0\n"  # in what a spawned process prints: nothing before it is the student's
USED_PROCESSOR = ".on-the-processor"  # a file beside the submission's: other processes learn that it played a card
# Where a walled fork server may write while it imports; covered before any student code can see it
# (docs/decisions.md#a-private-folder-for-preloading).
PRELOAD_FOLDER = "/preload"
PRELOAD_BYTES = 64 << 20
_LENGTH = struct.Struct(">Q")
_dumps = json.dumps  # bound here: notes are also written in processes in which a student's code may have replaced it


class Ending(StrEnum):
    """Name how a probe ended."""

    OK = "ok"
    RAISED = "raised"
    TIMED_OUT = "timed_out"
    KILLED = "killed"
    OUT_OF_MEMORY = "out_of_memory"
    SANDBOX_FAILED = "sandbox_failed"


@dataclass(frozen=True, slots=True)
class ProbeCall:
    """Ask for one run of a probe.

    `dtype` is torch's default floating type during the run, `seed` goes to the generators of torch, NumPy and Python
    before it: never the seed that inputs were drawn from, or student code could draw them again. Calls of the
    names in `watch` are recorded. `limits` (`wall_s`, `cpu_s`) replace the
    submission's for this call. `shared` names the calls with which it may share a process, "" for one of its own. With
    `finish`, values of a notebook that wait for a training are computed first.
    """

    probe: str
    inputs: Mapping[str, Any]
    seed: int = 0
    dtype: str = "float32"
    threads: int = 1
    device: str = "cpu"
    watch: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    shared: str = ""
    finish: bool = False


@dataclass(frozen=True, slots=True)
class CodeLine:
    """Point at one line of the student's own code that an exception went through."""

    file: str
    line: int
    function: str
    source: str


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """Describe an exception of the student's code, as the sandbox tells it.

    `type` is the class's name, `bases` the names of all its classes, `frames` the student's lines, outermost first.
    `raised_in` is where the innermost frame lies: student, probe, library. `phase` is import or probe. `author` is the
    innermost line of the course's probes. `present` are names that are there where another one was looked for.
    """

    type: str
    message: str
    bases: tuple[str, ...] = ()
    frames: tuple[CodeLine, ...] = ()
    raised_in: str = "student"
    phase: str = "probe"
    module: str = ""
    author: CodeLine | None = None
    present: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchedCall:
    """Tell that a watched name was called: where in the student's files, and by which classes and functions there.

    `file` is "" where another's code called it. The name is `UNRECORDED` where calls were hidden from the watch.
    """

    name: str
    file: str = ""
    line: int = 0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """Hold what came back from one run of a probe.

    `outputs` only for `ok`; `error` only for `raised`; `detail` says more about the other endings. `printed` is the
    bounded text that the student's code wrote. Times in seconds; `cpu_s`, `waited_s` (asleep or waiting, though a
    processor was free), `peak_mib` and `called`, the first call of each watched name, as the sandbox tells them.
    `crowded` says of a probe that timed out that others may be the cause. `is_first` says that no other probe had run
    in its process, `stale` that it used a value of a notebook that a stopped training would have changed.
    """

    ending: Ending
    outputs: Mapping[str, Any] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)
    error: ErrorReport | None = None
    detail: str = ""
    printed: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float = 0.0
    waited_s: float = 0.0
    called: tuple[WatchedCall, ...] = ()
    crowded: bool = False
    is_first: bool = True
    stale: bool = False


class Sandbox(Protocol):
    """Run probes on one submission; all walls offer exactly this."""

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe and return what came back; never raises for anything the student's code does."""

    def forget(self) -> None:
        """End every process of the submission, and with them all they kept; the next call meets new ones."""

    def close(self) -> None:
        """End every process of the submission and remove its files."""


def frame(payload: bytes) -> bytes:
    """Return the payload with its length in front."""
    return _LENGTH.pack(len(payload)) + payload


class FrameReader:
    """Collect bytes from a stranger and hand out whole frames; refuses any that claims more than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes and return the payloads that are complete now."""
        self._buffer += data
        frames = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > self._max_bytes:
                raise ProtocolError(f"A message claims {length} bytes; at most {self._max_bytes} are allowed.")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            frames.append(bytes(self._buffer[_LENGTH.size : end]))
            del self._buffer[:end]
        return frames


def read_note(payload: bytes) -> dict[str, Any]:
    """Read a small JSON object from a stranger."""
    try:
        note = json.loads(payload)
    except (ValueError, RecursionError) as err:
        raise ProtocolError(f"A note is not JSON: {str(err)[:100]}.") from err
    if not isinstance(note, dict):
        raise ProtocolError("A note is not a JSON object.")
    return note


def note(**values: Any) -> bytes:
    """Return a small JSON object as a frame."""
    return frame(_dumps(values).encode())


def read_exactly(descriptor: int, size: int) -> bytes:
    """Read `size` bytes from a blocking descriptor; raises EOFError where it ends before."""
    parts = []
    while size:
        part = os.read(descriptor, min(size, 1 << 20))
        if not part:
            raise EOFError("the other side closed the connection")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_frame(descriptor: int) -> bytes:
    """Read one frame from the trusted side."""
    (length,) = _LENGTH.unpack(read_exactly(descriptor, _LENGTH.size))
    return read_exactly(descriptor, length)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """Return files as one message: a JSON table of (path, size), then their bytes."""
    table = json.dumps([[path, len(data)] for path, data in files.items()]).encode()
    return frame(table) + b"".join(files.values())


def unpack_files(payload: bytes) -> dict[str, bytes]:
    """Read what `pack_files` wrote; only the trusted side sends it."""
    (length,) = _LENGTH.unpack_from(payload)
    position = _LENGTH.size + length
    files = {}
    for path, size in json.loads(payload[_LENGTH.size : position]):
        files[path] = payload[position : position + size]
        position += size
    return files


def send_descriptors(connection: socket.socket, payload: bytes, descriptors: Sequence[int]) -> None:
    """Send a frame with open descriptors attached to its first byte."""
    data = frame(payload)
    sent = socket.send_fds(connection, [data], list(descriptors))
    connection.sendall(data[sent:])


def receive_descriptors(connection: socket.socket, count: int) -> tuple[bytes, list[int]]:
    """Receive a frame and up to `count` descriptors; raises EOFError where the other side is gone."""
    space = socket.CMSG_SPACE(count * array.array("i").itemsize)
    head, ancillary, _flags, _address = connection.recvmsg(_LENGTH.size, space)
    if not head:
        raise EOFError("the other side closed the connection")
    descriptors = array.array("i")
    for _level, kind, data in ancillary:
        if kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    head += read_exactly(connection.fileno(), _LENGTH.size - len(head)) if len(head) < _LENGTH.size else b""
    (length,) = _LENGTH.unpack(head)
    return read_exactly(connection.fileno(), length), list(descriptors)
