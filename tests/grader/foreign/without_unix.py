"""Run Python as on a system that is no Unix: `without_unix.py WHAT...` takes what `python` takes after its options.

Modules of the package under test, and only they, find no Unix-only module, and see `os`, `sys`, `signal`, `select` and
`socket` without what Windows lacks: `sys.platform` is "win32" and `os.name` "nt" for them. Python's own library and
torch stay what they are on this machine. Processes that the package starts are run in the same way.
"""

import builtins
import os
import runpy
import select
import signal
import socket
import stat
import sys
import tempfile
import types
from pathlib import Path

ABSENT = {"resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline"}
_OS = """
fork forkpty geteuid getuid getegid getgid setsid setuid setgid setgroups getpgid killpg wait wait3 wait4 WNOHANG
WIFEXITED WIFSIGNALED WEXITSTATUS WTERMSIG mkfifo pipe2 sched_getaffinity chown fchmod fchown uname O_NOFOLLOW
O_NONBLOCK O_DIRECTORY O_PATH statvfs memfd_create register_at_fork set_blocking
"""
_SIGNAL = "SIGKILL SIGALRM SIGPROF SIGXCPU SIGCHLD SIGHUP setitimer alarm pthread_sigmask sigtimedwait"
_SOCKET = "AF_UNIX send_fds recv_fds SCM_RIGHTS CMSG_SPACE MSG_DONTWAIT"
LACKING = {
    os: frozenset(_OS.split()),
    signal: frozenset(_SIGNAL.split()),
    select: {"poll", "epoll"},
    socket: frozenset(_SOCKET.split()),
    sys: frozenset(),
}
OTHERWISE = {os: {"name": "nt"}, sys: {"platform": "win32"}}


class Disguised(types.ModuleType):
    """Stand for a module: what the foreign system lacks is missing, all else is the module's own."""

    def __init__(self, module):
        super().__init__(module.__name__)
        object.__setattr__(self, "_disguised", module)

    def __getattribute__(self, name):
        module = object.__getattribute__(self, "_disguised")
        if name in LACKING[module]:
            raise AttributeError(f"this system has no {module.__name__}.{name}")
        return OTHERWISE.get(module, {}).get(name, getattr(module, name))

    def __setattr__(self, name, value):
        setattr(object.__getattribute__(self, "_disguised"), name, value)

    def __delattr__(self, name):
        delattr(object.__getattribute__(self, "_disguised"), name)


def disguise():
    """Let modules of the package import what the foreign system would give them."""
    modules = {module.__name__: Disguised(module) for module in LACKING}
    plain = builtins.__import__

    def see(name, globals=None, locals=None, fromlist=(), level=0):
        importer = globals or {}
        is_launcher = str(importer.get("__file__", "")).endswith("child_python.py")
        if importer.get("__name__", "").partition(".")[0] != "grader" and not is_launcher:
            return plain(name, globals, locals, fromlist, level)
        if name in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return modules.get(name) or plain(name, globals, locals, fromlist, level)

    builtins.__import__ = see


def python_without_unix(folder):
    """Return a program that runs this file with its arguments, for `sys.executable`."""
    program = Path(folder, "python")
    program.write_text(f'#!/bin/sh\nexec "{os.environ["REAL_PYTHON"]}" "{Path(__file__).resolve()}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


def main():
    """Run a file or a module, with the options that the package gives to Python left out."""
    os.environ.setdefault("REAL_PYTHON", sys.executable)
    arguments = [argument for argument in sys.argv[1:] if argument not in ("-I", "-P", "-s")]
    sys.path.pop(0)
    with tempfile.TemporaryDirectory() as folder:
        sys.executable = python_without_unix(folder)
        disguise()
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
