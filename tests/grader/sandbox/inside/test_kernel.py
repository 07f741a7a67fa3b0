"""Promises of `grader.sandbox.inside.kernel`: in forked children, since nothing of it can be undone."""

import ctypes
import errno
import os
import signal
import struct
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.sandbox.inside import kernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="calls of the Linux kernel")


def status(name):
    """Return an entry of this process' status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{name}:"))


def test_a_fork_without_python_s_handlers(in_child):
    """A process of one thread is forked as it is; with a second one Python's handlers run, which free its locks."""

    def body():
        told = []
        os.register_at_fork(after_in_child=lambda: told.append("handler"))
        return [_told_in_fork(told), _with_a_thread(lambda: _told_in_fork(told))]

    assert in_child(body) == str([b"0", b"1"])


def _told_in_fork(told):
    reading, writing = os.pipe()
    child = kernel.fork()
    if child == 0:
        os.write(writing, str(len(told)).encode())
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    return os.read(reading, 10)


def _with_a_thread(body):
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        return body()
    finally:
        done.set()
        thread.join()


def test_a_fork_that_fails(monkeypatch):
    """Where the kernel has no process left, that is an error as of `os.fork`."""

    def fail():
        ctypes.set_errno(errno.EAGAIN)
        return -1

    monkeypatch.setattr(kernel, "_libc_in_python", SimpleNamespace(fork=fail))
    monkeypatch.setattr(sys, "_current_frames", lambda: {1: None})
    with pytest.raises(BlockingIOError, match="fork: Resource temporarily unavailable"):
        kernel.fork()


def test_no_new_privileges(in_child):
    """forbid_new_privileges is told by the kernel."""
    assert in_child(lambda: (kernel.forbid_new_privileges(), status("NoNewPrivs"))[1]) == "1"


def test_dumpable(in_child):
    """A process that is not dumpable belongs to root in /proc, and can be made readable again."""

    def body():
        os.setresuid(65534, 65534, 65534) if os.geteuid() == 0 else None
        kernel.make_undumpable()
        hidden = Path("/proc/self/status").stat().st_uid
        kernel.make_dumpable()
        return hidden, Path("/proc/self/status").stat().st_uid == os.geteuid()

    assert in_child(body) == "(0, True)"


def test_capabilities(in_child):
    """No capability is left after dropping all, in any set."""

    def body():
        if os.geteuid() != 0:
            kernel.unshare(kernel.CLONE_NEWUSER)
        kernel.drop_all_capabilities()
        return {int(status(name), 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}

    assert in_child(body) == "{0}"


def test_namespaces(in_child):
    """A new user namespace maps this user and group to themselves."""

    def body():
        if os.geteuid() == 0:
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            kernel.make_dumpable()
        user, group = os.geteuid(), os.getegid()
        kernel.unshare(kernel.CLONE_NEWUSER)
        kernel.write_id_maps(user=user, group=group)
        return (os.geteuid(), os.getegid()) == (user, group)

    if os.environ.get("GRADER_NO_WALL") == "1":
        pytest.skip("GRADER_NO_WALL=1: this machine allows no user namespaces.")
    assert in_child(body) == "True"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kernel.unshare(-1), "OSError: [Errno 22] unshare: Invalid argument"),
        (lambda: kernel.mount("x", "/nowhere", kind="tmpfs"), "OSError: [Errno {}] mount /nowhere: {}"),
        (lambda: kernel.install_filter(b""), "OSError: [Errno 22] prctl(PR_SET_SECCOMP): Invalid argument"),
        (lambda: kernel.die_with_parent(9999), "OSError: [Errno 22] prctl(PR_SET_PDEATHSIG): Invalid argument"),
    ],
)
def test_failures(in_child, call, words):
    """A call that fails is named, with the kernel's reason."""
    absent = (2, "No such file or directory") if os.geteuid() == 0 else (1, "Operation not permitted")
    expected = words.format(*absent)

    def body():
        kernel.forbid_new_privileges()
        call()

    said = in_child(body)
    assert said.split(": ", 1)[1] == expected.split(": ", 1)[1]


def test_death_of_the_parent(in_child):
    """A process that dies with its parent gets the signal."""
    reading, writing = os.pipe()

    def body():
        if os.fork() == 0:
            kernel.die_with_parent(signal.SIGKILL)
            os.write(writing, b"ready")
            time.sleep(60)
        os.read(reading, 5)

    in_child(body)
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_orphans_are_adopted(in_child):
    """A grandchild whose parent has ended becomes this process' child."""

    def body():
        kernel.adopt_orphans()
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.2)
                os._exit(7)
            os._exit(0)
        return sorted(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2))

    assert in_child(body) == "[0, 7]"


def test_filter_is_installed(in_child):
    """A filter that allows everything is installed and changes nothing."""

    def body():
        kernel.forbid_new_privileges()
        kernel.install_filter(struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
        return status("Seccomp")

    assert in_child(body) == "2"
