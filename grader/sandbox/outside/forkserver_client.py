"""The trusted side's hold on a fork server: starts it behind a wall, has submissions opened and ended.

`grader.sandbox.outside.host` runs probes in what it opens.
"""

import contextlib
import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from grader.errors import SandboxError
from grader.sandbox.outside.walls import Launched, Wall, launch, remedy_for
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import FrameReader, frame, note, read_note, send_descriptors

_START_S = 120.0
_STARTS = 3  # how often it is started before that counts as impossible
_OPEN_S = 60.0  # with the import of what was learned
_GONE_S = 5.0
# The watchdog ends a submission at its limit; a control group only holds what it takes between two looks.
_GROUP_SLACK = 1.25
_GROUP_MIB = 512

Launch = Callable[..., Launched]


def can_fork() -> bool:
    """Tell whether the fork server works here: it needs Linux, as macOS's own libraries don't survive a fork."""
    return sys.platform == "linux"


class ForkServer:
    """Hold a running fork server; a context manager that ends it and everything below it.

    It imports the modules of `preload` at once, and those of `offered` before the first submission after one that has
    imported them. Submissions of a fork server for the `device` "cuda" see the graphics cards, all others see none.
    `probes` counts the calls of its submissions: after many, the fork server prepares for more.

    Why: docs/decisions.md#what-is-imported-beforehand-is-learned
    """

    def __init__(
        self,
        wall: Wall,
        *,
        preload: Sequence[str] = (),
        offered: Sequence[str] = (),
        device: str = "cpu",
        first: Launch | None = None,
    ) -> None:
        self.wall = wall
        self.device = device
        self.preload = tuple(preload)
        self.offered = tuple(offered)
        self._first = first  # how it is started the first time, None: as ever after
        self._learned: dict[str, None] = {}  # of `offered`, what some submission has imported
        self.problems: tuple[str, ...] = ()
        self.probes = 0
        self._launched: Launched | None = None
        self._own_mib = 0.0  # what the fork server itself holds
        self._bounds: dict[str, float] = {}  # of open submissions, by name
        self._ended = 0  # processes that the kernel had ended when somebody last asked
        self._count = 0
        self._was_refused = False  # nothing could be started: to try again would change nothing
        self._has_settings = False

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        ready: dict[str, Any] = {}
        for left in reversed(range(_STARTS)):
            try:
                ready = self._start_once()
                break
            except SandboxError:
                if not left or self._was_refused:  # a process that was killed while it started is started again
                    raise
        if not ready["ready"]:
            self.close()
            raise SandboxError(
                f"The fork server runs {ready['threads']} threads after importing {', '.join(self.preload)}; "
                "a fork beside a thread can hang for ever.",
                remedy="Take the module that starts a thread out of `preload` in assignment.toml.",
            )
        self.problems = tuple(ready["problems"])

    def begin(self) -> None:
        """Start the process and don't wait for it: it imports torch meanwhile. Raises SandboxError."""
        self._was_refused = True
        ours, theirs = socket.socketpair()
        with theirs:
            os.set_inheritable(theirs.fileno(), True)
            how, self._first = self._first or launch, None
            self._launched = how(self.wall, theirs.fileno(), device=self.device)
        self._was_refused = False
        self._control = ours
        self._reader = FrameReader(1 << 20)
        self._gone: dict[str, bool] = {}

    def prepare(self, *, preload: Sequence[str], offered: Sequence[str]) -> None:
        """Tell a process that has begun what to import. Where it is gone, whoever enters the server starts another."""
        self.preload, self.offered = tuple(preload), tuple(offered)
        self._has_settings = True
        with contextlib.suppress(OSError):
            self._control.sendall(note(**self._settings()))

    def _settings(self) -> dict[str, Any]:
        assert self._launched is not None
        launched = self._launched
        return {
            "preload": [*self.preload],
            "learned": [*self._learned],
            "offered": [*self.offered],
            "walled": launched.walled,
            "filtered": launched.filtered,
            "device": self.device,
        }

    def _start_once(self) -> dict[str, Any]:
        """Start the process and wait for what it says of itself. Raises SandboxError where it ends before."""
        if self._launched is None:
            self.begin()
        assert self._launched is not None
        try:
            if not self._has_settings:
                self._control.sendall(note(**self._settings()))
            self._has_settings = False
            return self._await("ready", deadline=time.monotonic() + _START_S)
        except (SandboxError, OSError) as err:
            said = self._last_words()
            self.close()
            raise SandboxError(
                f"The {self.wall} wall could not be built: {said or err}",
                remedy=remedy_for(self.wall),
            ) from err
        except BaseException:  # Ctrl-C: it would go on importing, for nobody
            self._launched.process.kill()
            self.close()
            raise

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
        request = {"open": name, "root": root, "limits": asdict(limits), "probes": self.probes}
        request["import"] = [*self._learned]
        self._bound(name, limits.memory_mib)
        send_descriptors(self._control, json.dumps(request).encode(), descriptors)
        answer = self._await("opened", deadline=time.monotonic() + _OPEN_S)
        if "threads" in answer:  # a module that was learned has started one: from now on nothing is learned
            self.close()
            self.offered, self._learned = (), {}
            return self.open(limits, root=root, descriptors=descriptors)
        if "failed" in answer:
            raise SandboxError(
                f"The walls of a submission could not be built: {answer['why'] or 'it ended at once'}.",
                remedy=remedy_for(self.wall),
            )
        return name

    def learn(self, names: Iterable[str]) -> bool:
        """Note what a submission has imported; return whether the next one will find more of it there beforehand.

        A stranger tells the names: only those on offer count, which the course has named for everybody.
        """
        new = {name: None for name in names if name in self.offered and name not in self._learned}
        self._learned |= new
        return bool(new)

    def _bound(self, name: str, memory_mib: float | None) -> None:
        """Bound the control group, if there is one, for a submission that is opened, or (None) has ended."""
        group = self._launched.group if self._launched is not None else None
        if memory_mib is None:
            self._bounds.pop(name, None)
        elif group is not None and not self._bounds:
            self._own_mib = max(self._own_mib, group.held_mib())
        if memory_mib is not None:
            self._bounds[name] = memory_mib
        if group is not None and self._bounds:
            group.bound(self._own_mib + sum(self._bounds.values()) * _GROUP_SLACK + _GROUP_MIB)

    def ran_out_of_memory(self) -> bool:
        """Tell whether the kernel has ended a process since the last question: its group held more than it may."""
        group = self._launched.group if self._launched is not None else None
        before, self._ended = self._ended, group.ended() if group is not None else 0
        return self._ended > before

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
        self._bound(name, None)
        return self._gone.pop(name, False)

    def close(self) -> None:
        """End the fork server; with it die all submissions."""
        if self._launched is None:
            return
        with contextlib.suppress(OSError):
            self._control.close()
        launched, self._launched = self._launched, None
        self._bounds, self._own_mib, self._ended = {}, 0.0, 0
        with contextlib.suppress(Exception):
            launched.process.wait(timeout=2)
        launched.remove()
        if launched.process.stderr is not None:
            launched.process.stderr.close()
