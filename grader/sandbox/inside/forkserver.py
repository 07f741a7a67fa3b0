"""The fork server: imports torch once, then forks a walled-in process per submission and ends it on request.

`grader.sandbox.outside.walls` starts it, `grader.sandbox.outside.forkserver_client` talks to it,
`grader.sandbox.inside.supervisor` takes over in each fork. It runs no student code itself, never starts a thread (a
child forked beside a thread pool can hang for ever) and never starts CUDA: only a probe's fork does.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

from grader.sandbox.inside import kernel, probe_process
from grader.sandbox.inside.huge_pages import collapse_memory
from grader.sandbox.inside.preloading import missing_packages, preload_learned, preload_modules
from grader.sandbox.inside.seccomp import build_filter
from grader.sandbox.inside.supervisor import OVER_MEMORY, Supervisor, leave_with
from grader.sandbox.wire import limits as bounds
from grader.sandbox.wire.protocol import PRELOAD_FOLDER, note, read_frame, read_note, receive_descriptors

_MANY = 80  # after this many forks of probes, what they save by huge pages makes up for gathering them


def main() -> None:
    """Import what was asked for, report ready, then serve the control connection until it closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = read_note(read_frame(control.fileno()))
    with _place_for_caches(walled=settings["walled"]):
        problems = [*preload_modules(settings["preload"]), *missing_packages(settings["offered"])]
        preload_learned(settings["learned"])
    torch.set_num_threads(1)
    probe_process.warm_up(starts_engine=settings["device"] == "cpu")
    threads = _thread_count()
    control.sendall(note(ready=threads == 1, threads=threads, torch=torch.__version__, problems=problems))
    gc.collect()
    gc.freeze()
    if settings["filtered"] and not settings["walled"]:
        kernel.make_undumpable()  # submissions are the same user: none may write to this process' memory
    _Server(control, settings).serve()


def _place_for_caches(*, walled: bool) -> AbstractContextManager[None]:
    """Return what lets libraries write their caches while they are imported."""
    return _writable_home(PRELOAD_FOLDER) if walled else contextlib.nullcontext()


@contextlib.contextmanager
def _writable_home(folder: str) -> Iterator[None]:
    """Let libraries write their caches to a folder while they are imported, and forget it afterwards."""
    names = ("HOME", "TMPDIR", "MPLCONFIGDIR")
    before = {name: os.environ[name] for name in names}
    os.environ.update(dict.fromkeys(names, folder))
    try:
        yield
    finally:
        os.environ.update(before)
        tempfile.tempdir = None


def _thread_count() -> int:
    """Return how many threads this process has, or 1 if the system can't tell."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 1


class _Server:
    """Hold the control connection and the supervisors of the open submissions."""

    def __init__(self, control: socket.socket, settings: Mapping[str, Any]) -> None:
        self.control = control
        self.walled: bool = settings["walled"]
        self.imported = {*settings["learned"]}
        self.programs = {
            own: build_filter(sessions=own, network=self.walled) if settings["filtered"] else None
            for own in (False, True)
        }
        self.names: dict[int, str] = {}
        self.is_collapsed = False
        self.wakeup, wake = socket.socketpair()
        wake.setblocking(False)
        self.wake = wake
        signal.set_wakeup_fd(wake.fileno())
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def serve(self) -> None:
        """Answer open and close requests and report submissions that have ended."""
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        poller.register(self.wakeup, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _event in poller.poll()}
            if self.wakeup.fileno() in ready:
                self.wakeup.recv(4096)
                self._reap()
            if self.control.fileno() in ready and not self._request():
                return

    def _request(self) -> bool:
        """Answer one request; return False once the grader has hung up."""
        try:
            payload, descriptors = receive_descriptors(self.control, 2)
        except (EOFError, ConnectionError):
            for pid in self.names:
                _end(pid, walled=self.walled)
            return False
        request = read_note(payload)
        if "open" in request:
            self._open(request, descriptors)
        elif "close" in request:
            for pid in [pid for pid, name in self.names.items() if name == request["close"]]:
                _end(pid, walled=self.walled)
        return True

    def _open(self, request: dict[str, Any], descriptors: list[int]) -> None:
        name, limits = request["open"], bounds.Limits(**request["limits"])
        threads = self._learn(request["import"])
        if threads > 1:  # a fork beside a thread can hang for ever
            self.control.sendall(note(failed=name, threads=threads))
            return
        if request["probes"] >= _MANY and not self.is_collapsed:
            self.is_collapsed = True
            collapse_memory()
        reading, writing = os.pipe()
        own = os.getpid()
        pid = kernel.fork()
        if pid == 0:
            leave_with(
                lambda: self._become_supervisor(request["root"], descriptors, (reading, writing), limits, parent=own)
            )
        for descriptor in (*descriptors, writing):
            os.close(descriptor)
        self.names[pid] = name
        problem = _read_all(reading)
        os.close(reading)
        if problem == b"ok":
            self.control.sendall(note(opened=name))
        else:
            self.control.sendall(note(failed=name, why=problem.decode(errors="replace")[:1000]))

    def _learn(self, modules: Sequence[str]) -> int:
        """Import what a submission before has imported; return how many threads this process has then."""
        new = [name for name in modules if name not in self.imported]
        if not new:
            return 1
        self.imported.update(new)
        with _place_for_caches(walled=self.walled):
            preload_learned(new)
        gc.collect()
        gc.freeze()
        return _thread_count()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                name = self.names.pop(pid, None)
                over = os.WIFEXITED(status) and os.WEXITSTATUS(status) == OVER_MEMORY
                if name is not None:
                    self.control.sendall(note(gone=name, over_memory=over))

    def _become_supervisor(
        self, root: str, descriptors: list[int], report: tuple[int, int], limits: bounds.Limits, *, parent: int
    ) -> int:
        """Turn this fork into a submission's supervisor: build its walls, start it, watch its memory."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.control.close()
        self.wakeup.close()
        self.wake.close()
        os.close(report[0])
        program = self.programs[limits.sessions > 0]
        walls = Supervisor(root, descriptors, report=report[1], limits=limits, program=program, parent=parent)
        return walls.supervise_namespaces() if self.walled else walls.supervise_tree()


def _end(pid: int, *, walled: bool) -> None:
    """End a submission: its namespaces die with their supervisor; a plain tree is ended by it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL if walled else signal.SIGTERM)


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 4096):
        parts.append(part)
    return b"".join(parts)
