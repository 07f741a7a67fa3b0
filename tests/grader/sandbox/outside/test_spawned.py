"""Tests of grader.sandbox.outside.spawned and grader.sandbox.outside.spawner, with real processes."""

import os
import sys
import time
from dataclasses import replace

import pytest
import torch

from grader.errors import SandboxError
from grader.sandbox.outside import leaving_out
from grader.sandbox.outside import spawner as spawning
from grader.sandbox.outside.forkserver_client import can_fork
from grader.sandbox.outside.servers import open_in
from grader.sandbox.outside.spawner import Spawner
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import NOTEBOOK, Ending, ProbeCall

PROBES = b"""
from grader.probes import probe


@probe(needs=["student"])
def call(*, name, x=None):
    import student

    return {"result": getattr(student, name)(x)}


@probe()
def alone(*, x):
    return {"y": 2 * x}
"""
STUDENT = b"""
import os, pathlib, sys

seen = []


def remember(x):
    seen.append(x)
    return len(seen)


def talk(x):
    print("a" * 5000)
    print("said", input(), file=sys.stderr)


def loop(x):
    print("begun")
    while True:
        pass


def leave(x):
    os._exit(7)


def scribble(x):
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"\\xff" * 64)
        except OSError:
            pass


def where(x):
    return pathlib.Path.cwd().name, sorted(os.listdir())
"""
LIMITS = Limits(wall_s=2, import_s=4, output_kib=1)


@pytest.fixture(scope="module")
def spawner():
    """Return a spawner whose processes are shared by this file's tests."""
    with Spawner(Wall.PROCESS, preload=["nowhere_at_all"]) as running:
        yield running


@pytest.fixture
def run(spawner):
    """Return a function that runs a probe on files, `student.py` where none are given."""

    def run(*calls, student=STUDENT, limits=LIMITS):
        files = {"student.py": student, "data/x.txt": b"x"}
        sandbox = open_in(spawner, files=files, probes={"probes.py": PROBES}, limits=limits)
        return [sandbox.run(call) for call in calls]

    return run


def _call(name):
    return ProbeCall("call", {"name": name})


def test_values_come_back(run):
    """A probe gets its inputs and returns its outputs, without any student's module too."""
    (outcome,) = run(ProbeCall("alone", {"x": torch.tensor([1.0, 2.0])}))
    assert outcome.ending is Ending.OK
    assert outcome.outputs["y"].tolist() == [2.0, 4.0]
    assert outcome.wall_s > 0


def test_probes_share_nothing(run):
    """Each probe has a process to itself: what one left in the student's module is unknown to the next."""
    outcomes = run(_call("remember"), _call("remember"))
    assert [outcome.outputs["result"] for outcome in outcomes] == [1, 1]


def test_the_files_are_around_it(run):
    """The student's code runs in a folder with its files, as under every wall."""
    (outcome,) = run(_call("where"))
    assert list(outcome.outputs["result"]) == ["submission", ["data", "student.py"]]


def test_what_is_printed_is_kept_and_cut(run):
    """Printed text is kept up to its limit, from both streams; input() finds nothing and reads no message of ours."""
    (outcome,) = run(_call("talk"))
    assert "EOFError" in outcome.error.bases
    assert outcome.error.frames[-1].file == "student.py"
    assert outcome.printed.startswith("a" * 1024 + "\n… ")
    assert outcome.printed.endswith("more bytes were not kept")


def test_a_loop_is_ended_by_the_trusted_sides_clock(run):
    """Code that never ends is ended when its time is up; what it has printed is told."""
    started = time.monotonic()
    (outcome,) = run(_call("loop"))
    assert (outcome.ending, outcome.detail, outcome.printed) == (Ending.TIMED_OUT, "ran longer than 2 s", "begun\n")
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("leave", "left the process with exit status 7 before returning"),
        ("scribble", "sent something that is not a reply: "),
    ],
)
def test_what_is_no_reply_is_the_students(run, name, detail):
    """An exit, and bytes that are no reply, are told as what they are."""
    (outcome,) = run(_call(name))
    assert outcome.ending is Ending.KILLED
    assert outcome.detail.startswith(detail)


@pytest.mark.parametrize(
    ("student", "ending", "words"),
    [
        (b"import nowhere\n", Ending.RAISED, "No module named 'nowhere'"),
        (b"while True:\n    pass\n", Ending.TIMED_OUT, "ran longer than 4 s while it was imported"),
        (b"import posix\nposix._exit(3)\n", Ending.KILLED, "status 3 before returning while its modules were imported"),
    ],
)
def test_an_import_that_failed_is_not_tried_again(run, student, ending, words, monkeypatch):
    """A module that can't be imported fails every probe that needs it at once, and no other probe."""
    monkeypatch.setattr(leaving_out, "_MOST", 0)
    first, again, other = run(_call("x"), _call("y"), ProbeCall("alone", {"x": torch.ones(1)}), student=student)
    assert first.ending is ending
    assert words in (first.error.message if first.error else first.detail)
    assert replace(again, wall_s=first.wall_s) == first
    assert again.wall_s < 1
    assert other.ending is Ending.OK


def test_what_ends_the_process_costs_itself(run):
    """A statement that ends the process while a package is imported is left out; what stands below it is there."""
    student = b"import ctypes\nctypes.string_at(0)\ndef below(x):\n    return 2\n"
    outcome, described = run(_call("below"), ProbeCall(NOTEBOOK, {}), student=student)
    assert outcome.outputs == {"result": 2}
    ((file, line, why),) = described.outputs["left_out"]
    assert (file, line) == ("student.py", 2)
    assert why.startswith("it ends Python itself")


def test_code_runs_as_it_does_beside_forks(run):
    """What ends the process or asks is passed over, a card is played, and nothing is compiled: as on other systems."""
    student = b"""
import os, torch
os._exit(3)
answer = input()
model = torch.compile(torch.nn.Linear(2, 3), backend="inductor", mode="max-autotune")
def f(x):
    return model(torch.ones(1, 2).cuda()).shape[1]
"""
    patient = replace(LIMITS, import_s=60, wall_s=60)
    outcome, described = run(_call("f"), ProbeCall(NOTEBOOK, {}), student=student, limits=patient)
    assert outcome.outputs == {"result": 3}
    rows = [(line, why) for _file, line, why in described.outputs["left_out"]]
    assert rows == [(3, "it ends the process"), (4, "it asks for input")]
    assert described.outputs["on processor"] is True


def test_a_call_that_no_probe_can_answer(run):
    """A mistake of a check is the grader's fault, and says which; also before any probe has run."""
    words = ["The probe 'alone' was not given its input 'x'", "nothing", "The probe 'call' takes no input 'z'"]
    calls = [ProbeCall("alone", {}), ProbeCall("nothing", {}), ProbeCall("call", {"name": "loop", "z": 1})]
    for outcome, told in zip(run(*calls), words, strict=True):
        assert outcome.ending is Ending.SANDBOX_FAILED
        assert told in outcome.detail


def test_only_the_process_wall(monkeypatch):
    """Where there is no fork there is no wall around strangers either, and no card."""
    with pytest.raises(SandboxError, match=r"The wall `bubblewrap` for the device `cpu` needs Linux\."):
        Spawner(Wall.BUBBLEWRAP)
    with pytest.raises(SandboxError, match=r"The wall `process` for the device `cuda` needs Linux\."):
        Spawner(Wall.PROCESS, device="cuda")


@pytest.mark.skipif(os.name == "nt", reason="its scripts are a shell's")
def test_a_process_that_cannot_start(monkeypatch, tmp_path):
    """A process that ends before it is ready is told with its last words, and leaves none behind."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'no torch here' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with (
        pytest.raises(SandboxError, match=r"code can't be started: no torch here.*import torch"),
        Spawner(Wall.PROCESS),
    ):
        pass


def test_a_python_that_is_not_there(monkeypatch, tmp_path):
    """Where Python itself can't be executed, one sentence says which file."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(SandboxError, match=r"can't be started: .*nothing.*may you execute it\?"), Spawner(Wall.PROCESS):
        pass


@pytest.mark.skipif(os.name == "nt", reason="its scripts are a shell's")
def test_a_process_that_says_nothing(monkeypatch, tmp_path):
    """A process that never gets ready is given up."""
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(silent))
    monkeypatch.setattr(spawning, "_START_S", 0.2)
    with pytest.raises(SandboxError, match=r"it was not ready after 0\.2 s"), Spawner(Wall.PROCESS):
        pass


def test_a_problem_of_preloading_is_told(spawner):
    """What an assignment preloads and can't be imported is known once the spawner has begun."""
    assert spawner.problems[0].startswith("nowhere_at_all could not be imported: ModuleNotFoundError")


def test_only_linux_forks(monkeypatch):
    """The fork server is used on Linux only: macOS's own libraries don't survive a fork."""
    monkeypatch.setattr(sys, "platform", "linux")
    assert can_fork()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_fork()
