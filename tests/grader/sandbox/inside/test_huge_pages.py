"""Tests of grader.sandbox.inside.huge_pages: a real process' memory in huge pages, and the places that could be one."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox.inside import huge_pages
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.walls import Wall

COLLAPSES = """
from pathlib import Path
from grader.sandbox.inside.huge_pages import collapse_memory
kept = bytearray(64 << 20)
kept[::4096] = b"x" * len(kept[::4096])
def huge():
    return int(Path("/proc/self/smaps_rollup").read_text().split("AnonHugePages:")[1].split()[0])
before = huge()
count = collapse_memory()
print(count, huge() - before, kept.count(b"x") == len(kept[::4096]))
"""


def _kernel():
    return tuple(map(int, platform.release().split("-")[0].split(".")[:2])) if sys.platform == "linux" else (0, 0)


needs_collapse = pytest.mark.skipif(_kernel() < (6, 1), reason="needs Linux 6.1, which can gather pages on demand")


@needs_collapse
def test_collapse_memory():
    """What a process holds moves to huge pages and stays as it was."""
    environment = os.environ | {"GLIBC_TUNABLES": ""}
    ended = subprocess.run(
        [sys.executable, "-c", COLLAPSES], capture_output=True, text=True, check=True, env=environment, timeout=60
    )
    count, gained_kib, unharmed = ended.stdout.split()
    assert (int(count) >= 25, int(gained_kib) >= 25 * 2048, unharmed) == (True, True, "True")


def _huge_kib(pid):
    return int(Path(f"/proc/{pid}/smaps_rollup").read_text().split("AnonHugePages:")[1].split()[0])


@needs_collapse
def test_fork_server_collapses_after_many_probes(open_on, call):
    """What it costs is spent once it has been lost on probes, and not for the few of a small run."""
    with ForkServer(Wall.PROCESS) as server:
        pid = server._launched.process.pid
        call(open_on(server, "def f(): pass"), "f")
        open_on(server)._open()
        few = _huge_kib(pid)
        assert server.probes == 1
        server.probes = 80
        open_on(server)._open()
        assert _huge_kib(pid) >= few + 20 * 2048


def test_places():
    """Only whole, aligned pieces of private memory without a file, and of the heap."""
    regions = [
        "555500000000-555500500000 rw-p 00000000 00:00 0                          [heap]",
        "7f0000100000-7f0000700000 rw-p 00000000 00:00 0 ",
        "7f0001000000-7f0001400000 r--p 00000000 00:00 0 ",
        "7f0002000000-7f0002400000 rw-p 00000000 08:01 42                         /usr/lib/libtorch.so",
        "7f0003000000-7f00031fffff rw-p 00000000 00:00 0 ",
        "7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0                          [stack]",
        "no region at all",
    ]
    assert list(huge_pages._huge_places(regions)) == [
        0x555500000000,
        0x555500200000,
        0x7F0000200000,
        0x7F0000400000,
    ]


def test_system_without(monkeypatch):
    """Where there is no /proc, nothing is done and nothing is said."""
    monkeypatch.setattr(huge_pages, "Path", lambda _path: huge_pages_missing)
    assert huge_pages.collapse_memory() == 0


class _Missing:
    def read_text(self, **_options):
        raise OSError


huge_pages_missing = _Missing()
