"""Promises of `grader.sandbox.inside.memory`: on real children that hold memory."""

import os
import signal
import time

import pytest

from grader.sandbox.inside import memory
from grader.sandbox.inside.memory import descendants, exceeds


@pytest.fixture
def holder():
    """Return a function that forks a child which holds some MiB, in `children` processes of its own too."""
    started = []

    def hold(mib, *, children=0):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            for _ in range(children):
                if os.fork() == 0:
                    break
            held = b"x" * (mib << 20)
            os.write(writing, b"1")
            time.sleep(60)
            os._exit(len(held) % 2)
        started.append(pid)
        for _ in range(children + 1):
            os.read(reading, 1)
        os.close(reading)
        os.close(writing)
        return pid

    yield hold
    for pid in started:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_memory_of_descendants(holder):
    """What a process' descendants hold together is compared with the limit; their shared pages count once."""
    pid = holder(100, children=2)
    own = os.getpid()
    assert set(descendants(pid)) < set(descendants(own))
    assert len(descendants(pid)) == 2
    assert exceeds(150, descendants_of=pid)
    assert not exceeds(1500, descendants_of=pid)


def test_pages_are_counted_once(holder):
    """Children that share all their pages hold less together than the sum of what each maps."""
    pid = holder(0, children=8)
    resident = sum(memory.resident_mib(child) for child in descendants(pid))
    assert not exceeds(0.7 * resident, descendants_of=pid)


def test_descendants_of_nobody():
    """A process that has ended has no descendants and holds nothing."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert descendants(pid) == []
    assert not exceeds(0, descendants_of=pid)


def test_zombies_are_no_descendants():
    """A child that has ended but was not waited for does not run."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert pid not in descendants(os.getpid())
    os.waitpid(pid, 0)


def test_parents_come_first(holder):
    """Descendants are listed parents before children."""
    pid = holder(0, children=1)
    found = descendants(os.getpid())
    assert found.index(pid) < found.index(descendants(pid)[0])


def test_without_proc(monkeypatch, tmp_path):
    """Where there is no /proc, nothing is over its limit."""
    monkeypatch.setattr(memory, "_PROC", tmp_path / "absent")
    assert descendants(1) == []
    assert not exceeds(0)


def test_pid_1_is_not_counted(monkeypatch, tmp_path):
    """The whole /proc is counted but for pid 1, which is the wall's own and can't be looked into."""
    for pid, pages in ((1, 1 << 20), (2, 5120)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "statm").write_text(f"9 {pages} 0")
    monkeypatch.setattr(memory, "_PROC", tmp_path)
    page_mib = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    assert exceeds(5000 * page_mib)
    assert not exceeds(6000 * page_mib)


def test_name_with_brackets(holder, monkeypatch, tmp_path):
    """A process whose name looks like the end of its own entry is still found."""
    for pid, name, parent in ((20, "x) Z 1 (", 10), (30, "a b", 20)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} 0")
    monkeypatch.setattr(memory, "_PROC", tmp_path)
    assert descendants(10) == [20, 30]
