"""The fork server: imports torch once, then forks a walled-in process per submission and ends it on request.

Started by `grader.sandbox.walls`, spoken to by `grader.sandbox.host`. It runs no student code itself, never starts a
thread (a child forked beside a thread pool can hang for ever) and never touches CUDA.
"""

import contextlib
import fcntl
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch

from grader.sandbox import kernel, worker
from grader.sandbox import limits as bounds
from grader.sandbox.memory import descendants, exceeds
from grader.sandbox.protocol import note, read_frame, read_note, receive_descriptors, write_all
from grader.sandbox.seccomp import build_filter

OVER_MEMORY = 88  # exit status of a submission's supervisor that had to end it
_WATCH_S = 0.05
_NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)
SUBMISSION_ROOT = "/tmp/submission"  # noqa: S108 - a private tmpfs of each submission


def main() -> None:
    """Import what was asked for, report ready, then serve the control connection until it closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = read_note(read_frame(control.fileno()))
    problems = _preload(settings["preload"])
    torch.set_num_threads(1)
    worker.warm_up()
    threads = _thread_count()
    control.sendall(note(ready=threads == 1, threads=threads, torch=torch.__version__, problems=problems))
    gc.collect()
    gc.freeze()
    _Server(control, walled=settings["walled"]).serve()


def _preload(modules: list[str]) -> list[str]:
    """Import modules once for all submissions; return a sentence for each that failed."""
    problems = []
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as err:
            problems.append(f"{name} could not be imported: {type(err).__name__}: {err}"[:500])
    return problems


def _thread_count() -> int:
    """Return how many threads this process has, 1 where the system can't tell."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 1


class _Server:
    """Hold the control connection and the supervisors of the open submissions."""

    def __init__(self, control: socket.socket, *, walled: bool) -> None:
        self.control = control
        self.walled = walled
        self.program = build_filter() if walled else None
        self.names: dict[int, str] = {}
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
        """Answer one request; False where the grader has hung up."""
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
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            _leave_with(lambda: self._become_supervisor(request["root"], descriptors, (reading, writing), limits))
        for descriptor in (*descriptors, writing):
            os.close(descriptor)
        self.names[pid] = name
        problem = _read_all(reading)
        os.close(reading)
        if problem == b"ok":
            self.control.sendall(note(opened=name))
        else:
            self.control.sendall(note(failed=name, why=problem.decode(errors="replace")[:1000]))

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
        self, root: str, descriptors: list[int], report: tuple[int, int], limits: bounds.Limits
    ) -> int:
        """Turn this fork into a submission's supervisor: build its walls, start it, watch its memory."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.control.close()
        self.wakeup.close()
        self.wake.close()
        os.close(report[0])
        walls = _Walls(root, descriptors, report=report[1], limits=limits, program=self.program)
        return walls.supervise_namespaces() if self.walled else walls.supervise_tree()


class _Walls:
    """Hold what a submission's first processes need; used only between the fork and the student's code."""

    def __init__(
        self, root: str, descriptors: list[int], *, report: int, limits: bounds.Limits, program: bytes | None
    ) -> None:
        self.root = root
        self.connection, self.output = descriptors
        self.report = report
        self.limits = limits
        self.program = program

    def supervise_namespaces(self) -> int:
        """Start the submission as pid 1 of its own namespaces and stay outside them, where it can't see us."""
        user, group = os.geteuid(), os.getegid()
        try:
            kernel.die_with_parent(signal.SIGKILL)
            kernel.unshare(_NAMESPACES)
            kernel.write_id_maps(user=user, group=group)
            first = os.fork()
        except OSError as err:
            write_all(self.report, f"namespaces: {err}".encode())
            return 1
        if first == 0:
            _leave_with(self._be_first)
        return self._watch(first, lambda: _proc_is_theirs() and exceeds(self.limits.memory_mib))

    def supervise_tree(self) -> int:
        """Start the submission as a plain child, for walls without namespaces."""
        with contextlib.suppress(OSError, AttributeError):  # other systems have no prctl
            kernel.adopt_orphans()
            kernel.die_with_parent(signal.SIGTERM)
        first = os.fork()
        if first == 0:
            _leave_with(lambda: self._be_student(walled=False))
        signal.signal(signal.SIGTERM, lambda _number, _frame: _end_tree())
        status = self._watch(first, lambda: exceeds(self.limits.memory_mib, descendants_of=os.getpid()))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _kill_descendants()
        return status

    def _watch(self, first: int, is_over: Callable[[], bool]) -> int:
        """Wait until the submission has ended or holds more memory than it may; return the exit status that says so."""
        self._close_descriptors()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        while True:
            with contextlib.suppress(ChildProcessError):
                while (reaped := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                    if reaped == first:
                        return 0
            if is_over():
                return OVER_MEMORY  # our end is theirs; ending them first would get us ended before we have said why
            if sys.platform == "linux":
                signal.sigtimedwait({signal.SIGCHLD}, _WATCH_S)
            else:
                time.sleep(_WATCH_S)

    def _be_first(self) -> int:
        """Be pid 1: mount the private file systems, close the door behind us, start the student, reap."""
        try:
            kernel.die_with_parent(signal.SIGKILL)
            self._mount_private()
            _write("/proc/sys/user/max_user_namespaces", "0")
            kernel.make_undumpable()
            student = os.fork()
        except OSError as err:
            write_all(self.report, str(err).encode())
            return 1
        if student == 0:
            _leave_with(lambda: self._be_student(walled=True))
        self._close_descriptors()
        while True:
            pid, _status = os.wait()
            if pid == student:
                return 0

    def _close_descriptors(self) -> None:
        """Let go of what only the student's process may hold: its end of a pipe must mean that it has ended."""
        for descriptor in (self.connection, self.output, self.report):
            os.close(descriptor)

    def _mount_private(self) -> None:
        flags = kernel.MS_NOSUID | kernel.MS_NODEV
        size = f"size={int(self.limits.tmp_mib)}m,nr_inodes=20000,mode=0755"
        for place in ("/tmp", "/dev/shm"):  # noqa: S108 - both private
            kernel.mount("tmpfs", place, kind="tmpfs", flags=flags, options=size)
        kernel.mount("proc", "/proc", kind="proc", flags=flags | kernel.MS_NOEXEC)
        Path(self.root).mkdir()

    def _be_student(self, *, walled: bool) -> int:
        """Give up every right, keep the connection and the output, and serve probes."""
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        self.report = _place_descriptors({0: null, 1: self.output, 2: self.output, 3: self.connection, 4: self.report})
        try:
            bounds.apply_to_submission(self.limits, private_users=walled)
            if walled:
                kernel.make_dumpable()  # the supervisor has to read how much memory it shares
                kernel.drop_all_capabilities()
            if sys.platform == "linux":
                kernel.forbid_new_privileges()
            if self.program is not None:
                kernel.install_filter(self.program)
        except OSError as err:
            write_all(self.report, str(err).encode())
            return 1
        write_all(self.report, b"ok")
        os.close(self.report)
        worker.serve(socket.socket(fileno=3), root=Path(self.root), limits=self.limits)
        return 0


def _proc_is_theirs() -> bool:
    """Tell whether pid 1 has mounted its /proc: until then ours is there, which shows other submissions as well."""
    return not os.path.exists("/proc/self")  # noqa: PTH110 - twenty times a second


def _place_descriptors(wanted: dict[int, int]) -> int:
    """Move descriptors to fixed numbers, close all others, and return the highest number kept."""
    high = {number: fcntl.fcntl(source, fcntl.F_DUPFD, 100) for number, source in wanted.items()}
    for number, source in high.items():
        os.dup2(source, number)
    last = max(wanted)
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))
    return last


def _leave_with(body: Callable[[], int]) -> NoReturn:
    """Run the body of a forked process and leave, never returning into the parent's code."""
    status = 1
    try:
        status = body()
    except BaseException as err:
        with contextlib.suppress(OSError):
            os.write(2, f"{type(err).__name__}: {err}\n".encode(errors="replace"))
    finally:
        os._exit(status)


def _end(pid: int, *, walled: bool) -> None:
    """End a submission: its namespaces die with their supervisor; a plain tree is ended by it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL if walled else signal.SIGTERM)


def _end_tree() -> NoReturn:
    _kill_descendants()
    os._exit(0)


def _kill_descendants() -> None:
    """Kill all descendants of this process, also those that start new ones meanwhile; gives up after a second."""
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline and (left := descendants(os.getpid())):
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.002)


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 4096):
        parts.append(part)
    return b"".join(parts)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main()
