"""What a site has, for tests: schedulers, workers and submissions, and ways to look at processes."""

import contextlib
import csv
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 0.3
import_s = 3.0
[tasks.double]
title = "Doubling"
points = 10
[tasks.triple]
title = "Tripling"
points = 5
"""
CHECKS = '''\
import pytest
import torch
from grader.compare import assert_matches

@pytest.mark.graded(task="double")
def test_double(probe, rng):
    """double returns twice its input"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})

@pytest.mark.graded(task="triple")
def test_triple(probe, rng):
    """triple returns three times its input"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("triple", x=x), {"y": 3 * x})
'''
GOOD = "def double(x): return 2 * x\ndef triple(x): return 3 * x\n"
HALF = "def double(x): return 2 * x\ndef triple(x): return x\n"
SLOW = "import time\ntime.sleep(0.3)\n" + GOOD
SUBMISSIONS = {
    "Ann Example/student.py": GOOD,
    "Ann Example/big.pt": b"0" * (2 << 20),
    "=cmd()/student.py": HALF,
    "émile 😀/Homework/student.py": GOOD,
    "loops/student.py": GOOD.replace("return 2 * x", "\n  while True: pass"),
    "dies/student.py": GOOD.replace("return 2 * x", "\n  import os; os.abort()"),
    "wrong syntax/student.py": "def double(x:\n",
    "no archive.zip": "this is no zip",
    **{f"slow {number:02}/student.py": SLOW for number in range(8)},
}
DESERTER = """\
import os, pathlib, signal
marker = pathlib.Path({marker!r})
pid = os.getpid()
while "grading_process_main" not in pathlib.Path(f"/proc/{{pid}}/cmdline").read_text():
    pid = int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[1])
worker = int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[1])
(marker / str(worker)).touch()
os.kill(worker, signal.SIGKILL)
os.kill(pid, signal.SIGKILL)
"""


class Site:
    """Start schedulers and workers as a site does, and end them all."""

    def __init__(self, folder):
        self.folder = folder
        self.port = _free_port()
        self.processes = []

    @property
    def address(self):
        return f"tcp://127.0.0.1:{self.port}"

    def scheduler(self, **environment):
        return self._start("scheduler", "--port", self.port, "--host", "127.0.0.1", environment=environment)

    def worker(self, *options, environment=None):
        number = len(self.processes)
        named = ("--name", f"node{number}", "--local-directory", self.folder / f"node{number}")
        return self._start("worker", self.address, *named, *options, environment=environment or {})

    def _start(self, kind, *arguments, environment):
        with (self.folder / f"{kind}{len(self.processes)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *map(str, arguments), "--no-dashboard"],
                env=os.environ | {"PYTHONWARNINGS": "ignore"} | environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def end(self, processes=None):
        for process in processes or self.processes:
            everyone = [process.pid, *descendants(process.pid)]
            for pid in everyone:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
            wait_until(lambda pids=everyone: not any(map(is_running, pids)), seconds=10)


def _free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def rows_of(out):
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def stored(out):
    """Return how many results a store holds, while a run writes it."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(out / "run.sqlite")) as store:
        return store.execute("SELECT count(*) FROM submissions").fetchone()[0]
    return 0


def wait_until(is_so, *, seconds=600.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def descendants(pid):
    children = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    return children + [below for child in children for below in descendants(child)]


def is_running(pid):
    """Tell whether a process is there and no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def commands_of(pid):
    """Return the numbers of all processes below one by their command lines."""
    found = {}
    for below in descendants(pid):
        with contextlib.suppress(OSError):
            found[below] = Path(f"/proc/{below}/cmdline").read_text().replace("\0", " ")
    return found
