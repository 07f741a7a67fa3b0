"""The trusted side of the sandbox: opens a submission, runs its probes, believes nothing.

`grader.grading.opening` makes one for each submission; `grader.sandbox.outside.exchange` reads what comes back.
"""

import contextlib
import os
import select
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from grader.errors import ProtocolError, SandboxError
from grader.notebooks.plan import PLAN_FILE
from grader.sandbox.outside.exchange import Exchange, Gone, Ready, needs_of, read_ready
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.leaving_out import LeavingOut
from grader.sandbox.outside.scratch import make_scratch
from grader.sandbox.outside.walls import Wall, folder_of_submissions, temporary_folder
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall, ProbeOutcome, Sandbox, frame, note, pack_files

_OPEN_S = 30.0
_GONE_S = 5.0
_SUBMISSION_ROOT = "/tmp/submission"  # noqa: S108 - inside the wall, where /tmp is private


@dataclass(frozen=True, slots=True)
class _SharedProcess:
    """Describe the process that waits for further calls: the name of those, and the number of its first call."""

    name: str
    number: int


class WalledSandbox:
    """Run one submission's probes through a fork server, opening its process anew after each that had to be killed."""

    def __init__(
        self,
        server: ForkServer,
        *,
        files: Mapping[str, bytes],
        probes: Mapping[str, bytes],
        limits: Limits,
        shims: Sequence[str] = (),
    ) -> None:
        self._server = server
        self._shims = list(shims)
        self._files = frame(pack_files(probes)) + frame(pack_files(files))
        self._leaving_out = LeavingOut(PLAN_FILE in files, limits)
        self._limits = limits
        self._name: str | None = None
        self._failed_import: dict[tuple[str, ...], ProbeOutcome] = {}
        self._ready = Ready({}, {})
        self._folder: str | None = None
        self._calls = 0
        self._shared: _SharedProcess | None = None
        self._imported: set[str] = set()
        self._has_answered = False
        self._has_died_importing = False
        self._place: tuple[str, int, int] | None = None
        self._lacks_imports = False  # each probe would import anew what the fork server has by then

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe; try again if the grader's own side failed, or the submission's process died too early.

        A process that dies before it has answered any check may have been killed by the system, and is given one more
        try; whatever makes it die again is the student's. A statement at which it dies again while it is imported is
        left out from then on.
        """
        needs = self._ready.needs.get(call.probe)
        if needs is not None and needs.modules in self._failed_import:
            return self._failed_import[needs.modules]
        try:
            outcome = self._attempt(call)
            if outcome.ending is Ending.SANDBOX_FAILED or (self._died_early(outcome) and not self._has_died_importing):
                outcome = self._attempt_anew(call)
            while self._has_died_importing and self._leaving_out.learn(outcome, self._place):
                outcome = self._attempt_anew(call)
            self._has_answered |= call.probe.isidentifier()
        except (SandboxError, OSError) as err:
            self.close()
            return ProbeOutcome(Ending.SANDBOX_FAILED, detail=str(err))
        return outcome

    def _died_early(self, outcome: ProbeOutcome) -> bool:
        """Tell whether the submission's own process, not just the fork of a probe, is dead and never gave an answer."""
        return outcome.ending is Ending.KILLED and self._name is None and not self._has_answered

    def _attempt_anew(self, call: ProbeCall) -> ProbeOutcome:
        self.close()
        self._failed_import.clear()
        return self._attempt(call)

    def _attempt(self, call: ProbeCall) -> ProbeOutcome:
        if self._lacks_imports and not (self._shared is not None and self._shared.name == call.shared):
            self._end()
        if self._name is None:
            self._open()
        needs = needs_of(call, self._ready)
        self._calls += 1
        self._server.probes += 1
        limits = replace(self._limits, **call.limits)
        if call.device == "cuda":  # the probe's own fork imports the modules, too
            limits = replace(limits, wall_s=limits.wall_s + limits.import_s)
        shared = self._join(call, needs.modules)
        exchange = Exchange(self._connection, self._output, limits=limits)
        try:
            process = shared.number if shared is not None else None
            outcome = exchange.run(call, number=self._calls, process=process)
            if outcome.ending is Ending.KILLED and self._server.ran_out_of_memory():
                outcome = self._out_of_memory(outcome)
        except Gone as gone:
            outcome = self._explain_end(gone)
        is_news = self._server.learn(exchange.pulled) and exchange.pulled_by_probe
        self._lacks_imports |= is_news and self._name is not None
        outcome = replace(outcome, is_first=shared is None)
        if call.shared and self._name is not None:
            first = shared or _SharedProcess(call.shared, self._calls)
            self._keep(first, stays=exchange.stays)
        self._place = exchange.place
        self._has_died_importing = exchange.import_failed and self._name is None
        if exchange.import_failed and outcome.ending is not Ending.SANDBOX_FAILED:
            self._failed_import[needs.modules] = outcome
        return outcome

    def _join(self, call: ProbeCall, modules: Sequence[str]) -> "_SharedProcess | None":
        """Return the process that waits for such calls; end the one that waits for others.

        Modules are imported where all processes are forked from, so a call that needs more of them can't join.
        """
        shared = self._shared
        if shared is not None and not (shared.name == call.shared and self._imported.issuperset(modules)):
            shared = self._shared = None
            with contextlib.suppress(OSError):  # where the submission has ended, the call will find out
                self._connection.sendall(frame(b""))
        if call.device == "cpu":
            self._imported.update(modules)
        return shared

    def _keep(self, shared: "_SharedProcess", *, stays: bool | None) -> None:
        """Remember that a process waits for more calls; where it has not said so in time, end all of them."""
        self._shared = shared if stays else None
        if stays is None:
            self._end()

    def _explain_end(self, gone: Gone) -> ProbeOutcome:
        """Name the cause of an end from outside, and make sure that everything is dead."""
        assert self._name is not None
        over_memory = self._end()
        if not self._server.alive():
            return replace(gone.outcome, ending=Ending.SANDBOX_FAILED, detail="the fork server has ended")
        return self._out_of_memory(gone.outcome) if self._server.ran_out_of_memory() or over_memory else gone.outcome

    def _out_of_memory(self, outcome: ProbeOutcome) -> ProbeOutcome:
        limit = f"more than {self._limits.memory_mib:g} MiB"
        return replace(outcome, ending=Ending.OUT_OF_MEMORY, detail=f"held {limit} of memory")

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
            offered = list(self._server.offered)
            settings = note(shims=self._shims, offered=offered, **self._leaving_out.settings)
            self._ready = read_ready(ours, settings + self._files, timeout_s=_OPEN_S)
            self._server.learn(self._ready.pulled)
        except (OSError, ProtocolError) as err:
            self._end()
            raise SandboxError(f"The sandbox did not take the submission: {err}") from err

    def _make_root(self) -> str:
        if self._server.wall is Wall.BUBBLEWRAP:
            return _SUBMISSION_ROOT
        scratch = make_scratch(temporary_folder(self._server.wall))
        self._folder = str(scratch)
        return str(folder_of_submissions(self._server.wall, scratch.resolve()) / "submission")

    def _remove_root(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _end(self) -> bool:
        """End the submission's processes, wait until all are gone, and release what belongs to them."""
        if self._name is None:
            return False
        over_memory = self._server.end(self._name)
        self._name = self._shared = None
        self._lacks_imports = False
        self._imported.clear()
        _drain(self._connection, seconds=_GONE_S)
        self._connection.close()
        os.close(self._output)
        self._remove_root()
        return over_memory

    def forget(self) -> None:
        """End every process of the submission, with its private folders; the next call opens it anew."""
        self._end()

    def close(self) -> None:
        """End every process of the submission and remove its files."""
        self._end()


class ByDevice:
    """Run a submission's probes in two sandboxes: those that need a graphics card in the one that sees cards."""

    def __init__(self, plain: Sandbox, on_cards: Sandbox) -> None:
        self._plain = plain
        self._on_cards = on_cards

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe where its device is."""
        return (self._plain if call.device == "cpu" else self._on_cards).run(call)

    def forget(self) -> None:
        """End every process of the submission in both; the next call opens it anew."""
        self._plain.forget()
        self._on_cards.forget()

    def close(self) -> None:
        """End every process of the submission in both, and remove its files."""
        try:
            self._plain.close()
        finally:
            self._on_cards.close()


def _drain(connection: socket.socket, *, seconds: float) -> None:
    """Read until the last holder of the other end is dead: the kernel ends a namespace's processes in its own time."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([connection], [], [], left)[0] or not connection.recv(1 << 16):
                return
