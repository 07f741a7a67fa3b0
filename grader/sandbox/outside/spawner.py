"""Processes that have imported torch and wait for a probe to run, for systems that can't fork.

`grader.sandbox.outside.spawned` takes one for each probe; `grader.sandbox.outside.servers` says where they are used.

Why: docs/decisions.md#a-process-for-each-probe
"""

import contextlib
import os
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import IO, Self

from grader.errors import ProtocolError, SandboxError
from grader.sandbox.outside.walls import OF_LIBRARIES, Wall, remedy_for
from grader.sandbox.wire.child_python import python_command
from grader.sandbox.wire.protocol import BEGINS, FrameReader, note, read_note

_START_S = 180.0  # importing torch for the first time, beside a virus scanner
_GONE_S = 5.0
_SETTLES_S = 0.5
_CHUNK = 1 << 16
_MOST_PRINTED = 1 << 20
_MOST_REPLIED = 1 << 30
_SPARE = max(1, min(4, (os.cpu_count() or 2) - 1))  # processes that get ready while one works


class ProbeChild:
    """Hold a started process: frames go in, frames and printed text come out, and it can be ended at any time."""

    def __init__(self, command: Sequence[str], *, preload: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
        )
        self._frames: queue.SimpleQueue[bytes | ProtocolError | None] = queue.SimpleQueue()
        self._printed = bytearray()
        self._dropped = 0
        self._threads = [self._begin(self._read_frames), self._begin(self._read_printed)]
        with contextlib.suppress(SandboxError):  # whoever waits for its first word hears of it
            self.send(note(preload=list(preload)))

    def _begin(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def send(self, data: bytes) -> None:
        """Send bytes. Raises SandboxError where the process has ended."""
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except (OSError, ValueError) as err:
            raise SandboxError(f"A probe's process has ended: {self.last_words() or err}") from err

    def receive(self, *, deadline: float) -> bytes | None:
        """Return the next frame, None where the process has ended.

        Raises TimeoutError at the deadline, ProtocolError where what came is no frame.
        """
        try:
            item = self._frames.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(item, ProtocolError):
            raise item
        return item

    def printed(self, *, at_most: int) -> str:
        """Return what the student's code has printed so far, cut to a number of bytes."""
        self._settle()
        text = bytes(self._printed).partition(BEGINS)[2]
        dropped = self._dropped + max(0, len(text) - at_most)
        more = f"\n… {dropped} more bytes were not kept" if dropped else ""
        return text[:at_most].decode(errors="replace").replace("\r\n", "\n") + more

    def last_words(self) -> str:
        """Return what it said before it was given anything to do, shortened."""
        self._settle()
        text = bytes(self._printed).decode(errors="replace").strip()
        return " ".join(text.splitlines()[-3:])[-600:]

    def _settle(self) -> None:
        """Wait a moment for what an ended process has printed: it may still be under way."""
        for thread in self._threads:
            thread.join(timeout=_SETTLES_S)

    def end(self) -> None:
        """End the process if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_GONE_S)
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def wait(self, *, seconds: float) -> int | None:
        """Return its exit status, None where it has not ended within the seconds."""
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def _read_frames(self) -> None:
        assert self._process.stdout is not None
        reader = FrameReader(_MOST_REPLIED)
        try:
            for data in _pieces(self._process.stdout):
                for payload in reader.feed(data):
                    self._frames.put(payload)
        except ProtocolError as err:
            self._frames.put(err)
        self._frames.put(None)

    def _read_printed(self) -> None:
        assert self._process.stderr is not None
        for data in _pieces(self._process.stderr):
            room = max(0, _MOST_PRINTED - len(self._printed))
            self._printed += data[:room]
            self._dropped += max(0, len(data) - room)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what a stream has, until it ends; then close it."""
    with stream, contextlib.suppress(OSError, ValueError):
        while data := os.read(stream.fileno(), _CHUNK):
            yield data


class Spawner:
    """Keep processes ready that have imported torch; a context manager that ends those that nobody took.

    It stands where a fork server does: `wall` and `device` say what its probes get, `problems` what can't be imported.
    """

    def __init__(self, wall: Wall, *, preload: Sequence[str] = (), device: str = "cpu") -> None:
        if wall is not Wall.PROCESS or device != "cpu":
            raise SandboxError(
                f"The wall `{wall}` for the device `{device}` needs Linux.", remedy=remedy_for(Wall.BUBBLEWRAP)
            )
        self.wall = wall
        self.device = device
        self.preload = tuple(preload)
        self.problems: tuple[str, ...] = ()
        self._command = python_command("grader.sandbox.inside.spawned_probe")
        self._waiting: deque[ProbeChild] = deque()  # in the order in which they were started
        self._ready: list[ProbeChild] = []

    def __enter__(self) -> Self:
        self._ready.append(self.take())  # what can't be started, or imported, is known before the first submission
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in (*self._ready, *self._waiting):
            child.end()
        self._ready.clear()
        self._waiting.clear()

    def take(self) -> ProbeChild:
        """Return a process that waits for a submission, and see to it that others get ready for the next probes.

        Raises SandboxError with its last words where it ended instead.
        """
        if self._ready:
            return self._ready.pop()
        while len(self._waiting) <= _SPARE:
            self._waiting.append(self._started())
        child = self._waiting.popleft()
        try:
            said = child.receive(deadline=time.monotonic() + _START_S)
        except (TimeoutError, ProtocolError) as err:
            child.end()
            raise self._failure(child, str(err) or f"it was not ready after {_START_S:g} s") from err
        if said is None:
            child.end()
            raise self._failure(child, child.last_words() or "it ended without a word")
        self.problems = tuple(read_note(said)["problems"])
        return child

    def _started(self) -> ProbeChild:
        try:
            return ProbeChild(self._command, preload=self.preload)
        except OSError as err:
            raise SandboxError(
                f"A process for the student's code can't be started: {err}.",
                remedy=f"Is {self._command[0]} there, and may you execute it?",
            ) from err

    def _failure(self, child: ProbeChild, why: str) -> SandboxError:
        return SandboxError(f"A process for the student's code can't be started: {why}", remedy=remedy_for(self.wall))


def _environment() -> dict[str, str]:
    """Return the environment of a probe: the caller's, who runs their own code, without what makes sums differ."""
    return {**os.environ, **OF_LIBRARIES, "MPLBACKEND": "Agg", "CUDA_VISIBLE_DEVICES": ""}
