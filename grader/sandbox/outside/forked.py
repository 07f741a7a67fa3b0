"""Fork a fork server from this process, which has imported torch and nothing of a course yet.

`grader.grading.early` asks for it, so that `grader check` imports torch once; `grader.sandbox.outside.walls` starts
the fork server as a process of its own everywhere else. What the fork takes over from the command line is put aside:
its modules, path, arguments, streams, environment and files are those of a process of its own.

Why: docs/decisions.md#one-import-of-torch
"""

import contextlib
import fcntl
import gc
import importlib.machinery
import locale
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO

from grader.sandbox.inside import forkserver, kernel
from grader.sandbox.inside.supervisor import leave_with
from grader.sandbox.outside.scratch import make_scratch
from grader.sandbox.outside.walls import Launched, Wall, environment_of_submissions, temporary_folder
from grader.sandbox.wire.child_python import package_folders

_POLL_S = 0.01
_CONTROL = 3
_HIGH = 100


class ForkedProcess:
    """Hold a child that this process has forked, with what the grader asks of a `subprocess.Popen`."""

    def __init__(self, pid: int, stderr: IO[bytes]) -> None:
        self.pid = pid
        self.stderr = stderr
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, None as long as it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has waited for it
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended. Raises TimeoutExpired after so many seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout or 0.0)
            time.sleep(_POLL_S)
        return code

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def can_be_forked() -> bool:
    """Tell whether a fork of this process is as good as a new one: no second thread, and paths written in UTF-8."""
    threads = sum(1 for _entry in Path("/proc/self/task").iterdir())
    return threads == threading.active_count() == 1 and sys.getfilesystemencoding() == "utf-8"


def fork_server(wall: Wall, control: int, *, device: str = "cpu", ours: Collection[str] = ()) -> Launched:
    """Fork this process into a fork server that holds the control descriptor.

    `ours` are the modules that the command line alone has needed: students' code finds them as if never imported.
    """
    scratch = make_scratch(temporary_folder(wall))
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        leave_with(lambda: _become_server(control, writing, home=scratch, device=device, ours=ours, parent=parent))
    os.close(writing)
    return Launched(ForkedProcess(pid, os.fdopen(reading, "rb")), scratch, wall)


def _become_server(control: int, errors: int, *, home: Path, device: str, ours: Collection[str], parent: int) -> int:
    """Put aside what this process was, and serve as if it had been started for that."""
    kernel.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    gc.freeze()  # nothing of ours is collected any more: what it closed would be another's descriptor
    _keep_descriptors(control, errors)
    path = _path_of_its_own()
    os.environ.clear()
    os.environ.update(environment_of_submissions(home=str(home), device=device))
    time.tzset()
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, os.environ["LANG"])
    os.chdir(home)
    sys.argv = [forkserver.__name__, str(_CONTROL)]
    sys.path[:] = path
    sys.excepthook = sys.__excepthook__
    put_aside = [sys.modules.pop(name) for name in (*_without_extensions(ours), "__main__")]
    sys.modules["__main__"] = ModuleType("__main__")
    streams = [sys.stdin, sys.stdout, sys.stderr]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    return _serve([*put_aside, *streams])


def _serve(_kept: Sequence[object]) -> int:
    """Be the fork server, for as long as what was put aside is kept: what it closed would be another's descriptor."""
    forkserver.main()
    return 0


def _keep_descriptors(control: int, errors: int) -> None:
    """Leave open what a new process would have: nothing but the control connection and where it complains."""
    null = os.open(os.devnull, os.O_RDWR)
    wanted = {0: null, 1: null, 2: errors, _CONTROL: control}
    high = {number: fcntl.fcntl(source, fcntl.F_DUPFD, _HIGH) for number, source in wanted.items()}
    for number, source in high.items():
        os.dup2(source, number)
    os.closerange(_CONTROL + 1, os.sysconf("SC_OPEN_MAX"))


def _path_of_its_own() -> list[str]:
    """Return the path that `grader.sandbox.wire.child_python` gives a new process.

    That is this process' own, without the folder it was started in or from, and what PYTHONPATH adds to packages.
    """
    installed = package_folders()
    added = {Path(entry).absolute() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    entries = sys.path if sys.flags.safe_path else sys.path[1:]
    return [entry for entry in entries if Path(entry).absolute() in installed or Path(entry).absolute() not in added]


def _without_extensions(names: Collection[str]) -> list[str]:
    """Return those modules that can be imported twice: not Python's own or ours, nor those beside compiled code."""
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"grader", "__main__"}
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    files = ((name.partition(".")[0], getattr(module, "__file__", None)) for name, module in [*sys.modules.items()])
    compiled = {top for top, file in files if file is not None and file.endswith(suffixes)}
    return [name for name in [*sys.modules] if name.partition(".")[0] in tops - compiled]
