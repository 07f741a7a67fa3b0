"""A submission's first processes: its supervisor, pid 1 of its namespaces, and the process that serves its probes.

`grader.sandbox.inside.forkserver` forks them; `grader.sandbox.inside.serving` runs the student's code in the last
of them.
"""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from grader.sandbox.inside import kernel, serving
from grader.sandbox.inside.fair_share import FairShare
from grader.sandbox.inside.kernel_memory import KernelMemory
from grader.sandbox.inside.memory import descendants, exceeds
from grader.sandbox.wire import limits as bounds
from grader.sandbox.wire.protocol import PRELOAD_FOLDER, write_all

OVER_MEMORY = 88  # exit status of a submission's supervisor that had to end it
_WATCH_S = 0.05
_PRIVATE = ("/tmp", "/dev/shm")  # noqa: S108 - both private
_NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)


class Supervisor:
    """Hold what a submission's first processes need; used only between the fork and the student's code."""

    def __init__(
        self,
        root: str,
        descriptors: list[int],
        *,
        report: int,
        limits: bounds.Limits,
        program: bytes | None,
        parent: int,
    ) -> None:
        self.root = root
        self.parent = parent
        self.connection, self.output = descriptors
        self.report = report
        self.limits = limits
        self.program = program

    def supervise_namespaces(self) -> int:
        """Start the submission as pid 1 of its own namespaces and stay outside them, where it can't see us."""
        user, group = os.geteuid(), os.getegid()
        try:
            kernel.die_with_parent(signal.SIGKILL)
            numbers = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)  # ours, before theirs covers it
            kernel.unshare(_NAMESPACES)
            kernel.write_id_maps(user=user, group=group)
            first = kernel.fork()
        except OSError as err:
            write_all(self.report, f"namespaces: {err}".encode())
            return 1
        if first == 0:
            leave_with(self._be_first)
        share = FairShare(numbers, tasks=self.limits.threads)
        beside = KernelMemory(files_in=_PRIVATE)

        def is_over() -> bool:
            share.keep(first)
            return _proc_is_theirs() and exceeds(self.limits.memory_mib, beside=beside)

        return self._watch(first, is_over)

    def supervise_tree(self) -> int:
        """Start the submission as a plain child, for walls without namespaces.

        Whatever ends the grader, this process outlives it to end what the submission has started: in a session of its
        own it isn't killed along with the others.
        """
        os.setsid()
        signal.signal(signal.SIGTERM, lambda _number, _frame: _end_tree())
        with contextlib.suppress(OSError):
            kernel.adopt_orphans()
            kernel.die_with_parent(signal.SIGTERM)
        if os.getppid() != self.parent:  # it has ended before it could be told
            return 0
        first = kernel.fork()
        if first == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            with contextlib.suppress(OSError):
                kernel.die_with_parent(signal.SIGKILL)
            leave_with(lambda: self._be_student(walled=False))
        share = FairShare.of_own(tasks=self.limits.threads)

        def is_over() -> bool:
            if share is not None:
                share.keep(os.getpid())
            return exceeds(self.limits.memory_mib, descendants_of=os.getpid())

        status = self._watch(first, is_over)
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
                return OVER_MEMORY  # our end is theirs; if we ended them first, we would be ended before saying why
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
            student = kernel.fork()
        except OSError as err:
            write_all(self.report, str(err).encode())
            return 1
        if student == 0:
            leave_with(lambda: self._be_student(walled=True))
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
        for place in _PRIVATE:
            shown = [(folder, os.open(folder, os.O_PATH)) for folder in _folders_in(place)]
            kernel.mount("tmpfs", place, kind="tmpfs", flags=flags, options=size)
            for folder, source in shown:  # a Python that is installed there must stay visible, read-only
                Path(folder).mkdir()
                kernel.mount(f"/proc/self/fd/{source}", folder, flags=kernel.MS_BIND | kernel.MS_REC)
                os.close(source)
        kernel.mount("/tmp", PRELOAD_FOLDER, flags=kernel.MS_BIND)  # noqa: S108 - what was preloaded may still write
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
                with contextlib.suppress(OSError):
                    _write("/proc/self/oom_score_adj", "1000")  # where memory is gone, submissions go first
            if walled or self.program is not None:
                kernel.make_dumpable()  # the supervisor has to read how much memory it shares
            if walled:
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
        serving.serve_probes(socket.socket(fileno=3), root=Path(self.root), limits=self.limits)
        return 0


def _folders_in(place: str) -> list[str]:
    """Return the folders that the wall has made in an otherwise empty place because something below them is shown."""
    with os.scandir(place) as entries:
        return sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))


def _proc_is_theirs() -> bool:
    """Tell whether pid 1 has mounted its /proc: until then it sees ours, which shows other submissions as well."""
    return not os.path.exists("/proc/self")  # noqa: PTH110 - twenty times a second


def _place_descriptors(wanted: dict[int, int]) -> int:
    """Move descriptors to fixed numbers, close all others, and return the highest number kept."""
    high = {number: fcntl.fcntl(source, fcntl.F_DUPFD, 100) for number, source in wanted.items()}
    for number, source in high.items():
        os.dup2(source, number)
    last = max(wanted)
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))
    return last


def leave_with(body: Callable[[], int]) -> NoReturn:
    """Run the body of a forked process and leave, never returning into the parent's code."""
    status = 1
    try:
        status = body()
    except BaseException as err:
        with contextlib.suppress(OSError):
            os.write(2, f"{type(err).__name__}: {err}\n".encode(errors="replace"))
    finally:
        os._exit(status)


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


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
