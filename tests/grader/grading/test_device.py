"""Tests of `--device cuda`: which checks run where, and what is said where there is no card.

On a machine without a card the probes' file stands in for CUDA; tests/grader/sandbox/inside/test_on_card.py has a real
one.
"""

import os

import pytest
import torch

from grader.errors import CourseError
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.results.verdict import Verdict
from grader.submissions.submission import Found

PROBES = """
import os
import types

import torch

from grader.probes import probe

torch.cuda.get_device_properties = lambda index: types.SimpleNamespace(total_memory=8 << 30)
torch.cuda.set_per_process_memory_fraction = lambda fraction: None


@probe(needs=["student"])
def triple(*, number):
    import student

    return {"y": student.triple(number), "sees": os.environ["CUDA_VISIBLE_DEVICES"]}
"""
CHECKS = '''
import pytest

@pytest.mark.graded(task="double")
def test_here(probe):
    """triples"""
    assert probe("triple", number=2) == {"y": 6, "sees": ""}

@pytest.mark.graded(task="triple", device="cuda", after="test_here")
def test_on_card(probe):
    """triples on a card"""
    assert probe("triple", number=3) == {"y": 9, "sees": "0"}
'''
GOOD = "def triple(x):\n    return 3 * x\n"
DRIVER = "#!/bin/sh\necho '0, GPU-aaaa, 40000'\n"


@pytest.fixture(scope="module")
def course(make_course, tmp_path_factory):
    """Return a course of which one check needs a card."""
    folder = tmp_path_factory.mktemp("device")
    return make_course(folder, probes=PROBES, checks={"test_device.py": CHECKS})


@pytest.fixture
def path_with_driver(write_files, tmp_path):
    """Return a PATH on which nvidia-smi tells of a card."""
    folder = write_files(tmp_path / "driver", {"nvidia-smi": DRIVER})
    (folder / "nvidia-smi").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def _grade(assignment, folder, **settings):
    found = []
    grade_all(
        Order(assignment.folder, assignment, wall="process", **settings),
        [Job(Found("me", folder))],
        report=lambda result, _digest: found.append(result),
    )
    return {check.name: check for task in found[0].tasks for check in task.checks}


def test_checks_run_on_their_device(course, read_tiny, write_files, tmp_path, monkeypatch):
    """With a card its checks see it, and those for the CPU don't; without, its checks are left out at no cost."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    folder = write_files(tmp_path / "me", {"student.py": GOOD})
    checks = _grade(read_tiny(course), folder, device="cuda")
    assert {name: check.verdict for name, check in checks.items()} == dict.fromkeys(checks, Verdict.PASSED)
    assert len(checks) == 2
    left_out = _grade(read_tiny(course), folder)["test_on_card"]
    assert (left_out.verdict, left_out.counted) == (Verdict.SKIPPED, False)


def test_a_card_that_nothing_needs(make_course, read_tiny, tmp_path):
    """Where no check that would run needs the device, the option is a mistake and said to be one."""
    plain = make_course(tmp_path / "course", checks={"test_device.py": CHECKS.replace(', device="cuda"', "")})
    with pytest.raises(CourseError, match="No check of tiny that would run needs the device `cuda`"):
        _grade(read_tiny(plain), tmp_path, device="cuda")


def test_without_a_card_nothing_is_graded(course, run_grader, write_files, tmp_path):
    """Where no card is here, `--device cuda` stops before anything is graded, with the remedy."""
    folder = write_files(tmp_path / "in", {"me/student.py": GOOD})
    environment = {"CUDA_VISIBLE_DEVICES": ""}
    out = tmp_path / "out"
    ended = run_grader(
        "grade", "tiny", folder, "-o", out, "--device", "cuda", "--wall", "process", cwd=course, environment=environment
    )
    assert ended.returncode == 3, ended.stderr
    assert "No CUDA device is here for `--device cuda`" in " ".join(ended.stderr.split())
    assert not (out / "grades.csv").exists()


@pytest.mark.skipif(torch.version.cuda is not None, reason="this torch may be able to use a card")
def test_a_card_that_does_not_work(course, run_grader, write_files, tmp_path, path_with_driver):
    """A card on which nothing runs is found by a trial, before the first submission is blamed."""
    folder = write_files(tmp_path / "in", {"me/student.py": GOOD})
    environment = {"PATH": path_with_driver, "CUDA_VISIBLE_DEVICES": "0"}
    out = tmp_path / "out"
    ended = run_grader(
        "grade", "tiny", folder, "-o", out, "--device", "cuda", "--wall", "process", cwd=course, environment=environment
    )
    said = " ".join(ended.stderr.split())
    assert ended.returncode == 3, said
    assert "A trial of the wall `process` with a card failed: " in said
    assert "torch has to be built for CUDA" in said
    assert not (out / "grades.csv").exists()


def test_the_doctor_tries_a_card(monkeypatch, path_with_driver):
    """`grader doctor` names the cards and tries a wall around one; without cards it says what that means."""
    from grader import doctor

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (none,) = doctor._gpu()
    assert (none.mark, none.message) == ("–", "none: checks that need one are skipped and cost no points")
    monkeypatch.setenv("PATH", path_with_driver)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    cards, wall = doctor._gpu()
    assert (cards.is_good, cards.message) == (True, "0 (40000 MiB free)")
    assert wall.subject == "wall `bubblewrap` with a card"
