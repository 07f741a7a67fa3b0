"""The trusted side of the sandbox: starts fork servers, opens submissions, runs probes, believes nothing.

`grader.plugin` runs checks against it; `grader.sandbox.exchange` reads what comes back.
"""

import contextlib
import json
import os
import select
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grader.errors import ProtocolError, SandboxError
from grader.sandbox.exchange import Exchange, Gone, ProbeNeeds, read_ready
from grader.sandbox.limits import Limits
from grader.sandbox.protocol import (
    Ending,
    FrameReader,
    ProbeCall,
    ProbeOutcome,
    frame,
    pack_files,
    read_note,
    send_descriptors,
)
from grader.sandbox.walls import Launched, Wall, launch

_START_S = 120.0
_OPEN_S = 30.0
_GONE_S = 5.0
_SUBMISSION_ROOT = "/tmp/submission"  # noqa: S108 - inside the wall, where /tmp is private


class ForkServer:
    """Hold a running fork server; a context manager that ends it and everything below it."""

    def __init__(self, wall: Wall, *, preload: Sequence[str] = ()) -> None:
        self.wall = wall
        self.preload = tuple(preload)
        self.problems: tuple[str, ...] = ()
        self._launched: Launched | None = None
        self._count = 0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            os.set_inheritable(theirs.fileno(), True)
            self._launched = launch(self.wall, theirs.fileno())
        self._control = ours
        self._reader = FrameReader(1 << 20)
        self._gone: dict[str, bool] = {}
        settings = {"preload": list(self.preload), "walled": self._launched.walled}
        try:
            ours.sendall(frame(json.dumps(settings).encode()))
            ready = self._await("ready", deadline=time.monotonic() + _START_S)
        except (SandboxError, OSError) as err:
            said = self._last_words()
            self.close()
            raise SandboxError(
                f"The {self.wall} wall could not be built: {said or err}",
                remedy="`grader doctor` says what is missing. `--wall process` does without, for code that you trust.",
            ) from err
        if not ready["ready"]:
            self.close()
            raise SandboxError(
                f"The fork server runs {ready['threads']} threads after importing {', '.join(self.preload)}; "
                "a fork beside a thread can hang for ever.",
                remedy="Take the module that starts a thread out of `preload` in assignment.toml.",
            )
        self.problems = tuple(ready["problems"])

    def _last_words(self) -> str:
        """Return what the fork server wrote before it died, shortened."""
        launched = self._launched
        if launched is None or launched.process.stderr is None:
            return ""
        with contextlib.suppress(OSError):
            self._control.close()
        with contextlib.suppress(Exception):
            launched.process.wait(timeout=2)
        os.set_blocking(launched.process.stderr.fileno(), False)
        text = (launched.process.stderr.read() or b"").decode(errors="replace").strip()
        return " ".join(text.splitlines()[-3:])[-600:]

    def _await(self, key: str, *, deadline: float) -> dict[str, Any]:
        """Return the next note from the fork server that has this key, keeping track of ended submissions."""
        while True:
            found = None
            for payload in self._read(deadline):
                message = read_note(payload)
                if "gone" in message:
                    self._gone[message["gone"]] = message["over_memory"]
                elif key in message or "failed" in message:
                    found = message
            if found is not None:
                return found

    def _read(self, deadline: float) -> list[bytes]:
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not select.select([self._control], [], [], remaining)[0]:
            raise SandboxError("the fork server did not answer in time")
        data = self._control.recv(1 << 16)
        if not data:
            raise SandboxError("the fork server has ended")
        return self._reader.feed(data)

    def alive(self) -> bool:
        """Tell whether the fork server still runs."""
        return self._launched is not None and self._launched.process.poll() is None

    def open(self, limits: Limits, *, root: str, descriptors: tuple[int, int]) -> str:
        """Fork a submission's process behind its own walls; return the name to close it by. Raises SandboxError."""
        if not self.alive():
            self.close()
            self._start()
        self._count += 1
        name = f"s{self._count}"
        request = {"open": name, "root": root, "limits": asdict(limits)}
        send_descriptors(self._control, json.dumps(request).encode(), descriptors)
        answer = self._await("opened", deadline=time.monotonic() + _OPEN_S)
        if "failed" in answer:
            raise SandboxError(
                f"The walls of a submission could not be built: {answer['why'] or 'it ended at once'}.",
                remedy="`grader doctor` says what this machine lacks.",
            )
        return name

    def end(self, name: str) -> bool:
        """End a submission and everything in it; True where it had gone over its memory."""
        if not self.alive():
            return False
        deadline = time.monotonic() + _GONE_S
        try:
            if name not in self._gone:
                self._control.sendall(frame(json.dumps({"close": name}).encode()))
            while name not in self._gone:
                for payload in self._read(deadline):
                    message = read_note(payload)
                    if "gone" in message:
                        self._gone[message["gone"]] = message["over_memory"]
        except (OSError, SandboxError):
            self.close()
        return self._gone.pop(name, False)

    def close(self) -> None:
        """End the fork server; with it die all submissions."""
        if self._launched is None:
            return
        with contextlib.suppress(OSError):
            self._control.close()
        launched, self._launched = self._launched, None
        with contextlib.suppress(Exception):
            launched.process.wait(timeout=2)
        launched.remove()
        if launched.process.stderr is not None:
            launched.process.stderr.close()


class WalledSandbox:
    """Run one submission's probes through a fork server, opening its process anew after each that had to be killed."""

    def __init__(self, server: ForkServer, *, files: Mapping[str, bytes], probes: bytes, limits: Limits) -> None:
        self._server = server
        self._opening = frame(probes) + frame(pack_files(files))
        self._limits = limits
        self._name: str | None = None
        self._failed_import: dict[tuple[str, ...], ProbeOutcome] = {}
        self._needs: Mapping[str, ProbeNeeds] = {}
        self._folder: str | None = None
        self._calls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe; a second time where the grader's own side failed."""
        needs = self._needs.get(call.probe)
        if needs is not None and needs.modules in self._failed_import:
            return self._failed_import[needs.modules]
        try:
            outcome = self._attempt(call)
            if outcome.ending is Ending.SANDBOX_FAILED:
                self.close()
                outcome = self._attempt(call)
        except (SandboxError, OSError) as err:
            self.close()
            return ProbeOutcome(Ending.SANDBOX_FAILED, detail=str(err))
        return outcome

    def _attempt(self, call: ProbeCall) -> ProbeOutcome:
        if self._name is None:
            self._open()
        needs = self._needs_of(call)
        self._calls += 1
        exchange = Exchange(self._connection, self._output, limits=self._limits)
        try:
            outcome = exchange.run(call, number=self._calls)
        except Gone as gone:
            outcome = self._explain_end(gone)
        if exchange.import_failed and outcome.ending is not Ending.SANDBOX_FAILED:
            self._failed_import[needs.modules] = outcome
        return outcome

    def _needs_of(self, call: ProbeCall) -> ProbeNeeds:
        """Return what the probe needs. Raises SandboxError for a call that probes.py can't answer."""
        needs = self._needs.get(call.probe)
        if needs is None:
            raise SandboxError(f"probes.py has no probe {call.probe!r}.", remedy=f"It has {', '.join(self._needs)}.")
        for name in sorted({*call.inputs} ^ needs.takes):
            if name not in needs.takes:
                raise SandboxError(f"The probe {call.probe!r} takes no input {name!r}.", remedy="Mend the check.")
            if name in needs.requires:
                raise SandboxError(
                    f"The probe {call.probe!r} was not given its input {name!r}.", remedy="Mend the check."
                )
        return needs

    def _explain_end(self, gone: Gone) -> ProbeOutcome:
        """Name the cause of an end from outside, and make sure that everything is dead."""
        assert self._name is not None
        over_memory = self._end()
        if not self._server.alive():
            return replace(gone.outcome, ending=Ending.SANDBOX_FAILED, detail="the fork server has ended")
        if over_memory:
            limit = f"more than {self._limits.memory_mib:g} MiB"
            return replace(gone.outcome, ending=Ending.OUT_OF_MEMORY, detail=f"held {limit} of memory")
        return gone.outcome

    def _open(self) -> None:
        """Fork the submission's process and hand it the probes and the student's files."""
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            root = self._make_root()
            self._name = self._server.open(self._limits, root=root, descriptors=(theirs.fileno(), writing))
        except BaseException:
            ours.close()
            os.close(reading)
            self._remove_root()
            raise
        finally:
            theirs.close()
            os.close(writing)
        self._connection, self._output = ours, reading
        os.set_blocking(reading, False)
        try:
            self._needs = read_ready(ours, self._opening, timeout_s=_OPEN_S)
        except (OSError, ProtocolError) as err:
            self._end()
            raise SandboxError(f"The sandbox did not take the submission: {err}") from err

    def _make_root(self) -> str:
        if self._server.wall is Wall.BUBBLEWRAP:
            return _SUBMISSION_ROOT
        self._folder = tempfile.mkdtemp(prefix="grader-submission-")
        return str(Path(self._folder).resolve() / "submission")

    def _remove_root(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _end(self) -> bool:
        """End the submission's processes, wait until all are gone, and release what belongs to them."""
        if self._name is None:
            return False
        over_memory = self._server.end(self._name)
        self._name = None
        _drain(self._connection, seconds=_GONE_S)
        self._connection.close()
        os.close(self._output)
        self._remove_root()
        return over_memory

    def close(self) -> None:
        """End every process of the submission and remove its files."""
        self._end()


def _drain(connection: socket.socket, *, seconds: float) -> None:
    """Read until the last holder of the other end is dead: the kernel ends a namespace's processes in its own time."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([connection], [], [], left)[0] or not connection.recv(1 << 16):
                return
