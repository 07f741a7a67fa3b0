"""Tests that nothing of a submission outlives the grader, however it ends: here without namespaces to end with it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

GRADER = """
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.servers import open_in
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import ProbeCall

probes = b'''
from grader.probes import probe

@probe(needs=["student"])
def spin():
    import student
    student.fork(2)
    while True:
        pass
'''
student = b'''
import os

def fork(number):
    for _ in range(number):
        if os.fork() == 0:
            os.setsid()
            while True:
                pass

fork(2)
'''
with ForkServer(Wall.PROCESS) as server:
    sandbox = open_in(server, files={"student.py": student}, probes={"probes.py": probes}, limits=Limits(wall_s=300))
    sandbox.run(ProbeCall("spin", {}))
"""
_PATIENCE_S = 120.0


def _running(marker):
    """Return the processes whose environment holds a marker, and which are no zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_dead = "\nState:\tZ" in (folder / "status").read_text()
            if marker.encode() in (folder / "environ").read_bytes() and not is_dead:
                found.append(int(folder.name))
    return found


def _wait_until(question):
    end = time.monotonic() + _PATIENCE_S
    while not question():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def grader(tmp_path):
    """Return the number of a grader, in a group of its own, whose submission spins in nine processes."""
    command = [sys.executable, "-c", GRADER]
    process = subprocess.Popen(command, env=os.environ | {"TMPDIR": str(tmp_path)}, start_new_session=True)
    yield process
    for pid in _running(str(tmp_path)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
def test_nothing_outlives_a_killed_grader(grader, kill, tmp_path):
    """Where the grader is killed, alone or with its group, what the submission has forked ends by itself."""
    _wait_until(lambda: len(_running(str(tmp_path))) >= 9)
    kill(grader.pid, signal.SIGKILL)
    grader.wait()
    _wait_until(lambda: not _running(str(tmp_path)))
