"""Promises of `grader.sandbox.inside.kernel_memory`: on real sockets and a real file system, seen from outside them."""

import contextlib
import socket

import pytest

from grader.sandbox.inside.kernel_memory import KernelMemory

MIB = 1 << 20


@pytest.fixture
def filled():
    """Return a function that fills pairs of sockets of a kind, closes the senders or not, and keeps the receivers."""
    with contextlib.ExitStack() as stack:

        def fill(pairs, *, kind=socket.SOCK_STREAM, closes=False, piece=1 << 14):
            sent = 0
            for _ in range(pairs):
                sender, _receiver = (stack.enter_context(end) for end in socket.socketpair(type=kind))
                sender.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        sent += sender.send(bytes(piece))
                if closes:
                    sender.close()
            return sent / MIB

        yield fill


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
def test_unread_data_is_counted(filled, kind, closes):
    """What was sent and is not read counts with at least its size, also if the sender is closed."""
    memory = KernelMemory(files_in=())
    before = memory.sockets_mib()
    sent = filled(60, kind=kind, closes=closes)
    assert sent > 4
    assert memory.sockets_mib() - before > 0.9 * sent


def test_sockets_that_were_read_hold_nothing():
    """A socket that is used and read counts nothing: honest programs have many of them."""
    memory = KernelMemory(files_in=())
    before = memory.sockets_mib()
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            sender, receiver = (stack.enter_context(end) for end in socket.socketpair())
            sender.send(b"x" * 1000)
            receiver.recv(1000)
        assert memory.sockets_mib() - before < 5


def test_files_are_counted(monkeypatch):
    """Files in the named places count with their blocks; a place that isn't there counts nothing."""
    statvfs = type("statvfs", (), {"f_blocks": 1000, "f_bfree": 744, "f_frsize": 4096})
    answers = {"/tmp": statvfs}
    monkeypatch.setattr("os.statvfs", lambda place: answers[place] if place in answers else _absent())
    assert KernelMemory(files_in=("/tmp", "/absent")).files_mib() == 1.0


def _absent():
    raise FileNotFoundError


def test_a_kernel_that_cannot_tell(monkeypatch):
    """Where the kernel lists no sockets, they count nothing."""
    monkeypatch.setattr("socket.socket", lambda *_args: _absent())
    assert KernelMemory(files_in=()).sockets_mib() == 0.0
