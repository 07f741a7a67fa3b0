"""Tests of grader.runs.logs: bounded logs, in which nothing of strangers does harm."""

from pathlib import Path

import pytest

from grader.errors import StoreError
from grader.grading.job import Job
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict
from grader.runs.executor import FinishedJob
from grader.runs.logs import MOST_BYTES, log_finished_job
from grader.submissions.found import Found


def _answer(name="ann", *, told=(), tasks=None, notes=()):
    check = CheckResult("test_a", "A", "a", Verdict.TIMED_OUT, seconds=1.25)
    task = TaskResult("a", "A", 0, 1, False, (check,))
    result = SubmissionResult(name, Status.GRADED, 0, 1, (task,), seconds=2.5, wall="process", notes=notes)
    return FinishedJob(Job(Found(name, Path(name)), tasks), result, "d", where="process 3", told=told)


def test_a_log_says_where_and_how_it_was_graded(tmp_path):
    """An entry has time, place, wall, seconds, tasks, each check with verdict and seconds, and what went wrong."""
    log_finished_job(tmp_path, _answer(told=("attempt 1 of 3: it ended.",), tasks=("a",), notes=("A note.",)))
    head, check, note, told = (tmp_path / "logs" / "ann.log").read_text().splitlines()
    assert head[25:] == " process 3, wall process: graded in 2.50 s (a)"
    assert check == "  timed_out          1.250 s  a: test_a"
    assert note == "  note: A note."
    assert told == "  > attempt 1 of 3: it ended."


def test_entries_follow_each_other_and_the_oldest_go(tmp_path):
    """A log keeps its last 64 KiB in whole lines, and says that there were more."""
    for number in range(9):
        log_finished_job(tmp_path, _answer(told=[f"{number} {'x' * 120}"] * 100))
    content = (tmp_path / "logs" / "ann.log").read_bytes()
    assert MOST_BYTES - 300 < len(content) <= MOST_BYTES
    first, second, *_rest, last = content.decode().splitlines()
    assert first == "(older lines were dropped)"
    assert second.startswith("  > ")
    assert last.startswith("  > 8 x")


def test_control_characters_are_made_visible(tmp_path):
    """What strangers wrote can't steer a terminal or forge lines."""
    log_finished_job(
        tmp_path, _answer("a/b\n\x1b", told=("\x1b]0;x\x07 \u202e \udc80", "one\r\ntwo"), notes=("\x1b[2J",))
    )
    (path,) = (tmp_path / "logs").iterdir()
    text = path.read_text()
    assert path.name.startswith("a_b")
    for harmful in ("\x1b", "\x07", "\u202e", "\r"):
        assert harmful not in text
    assert len(text.splitlines()) == 5


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    """A folder that can't be made is the store's error."""
    (tmp_path / "logs").write_text("")
    with pytest.raises(StoreError, match="can't be written"):
        log_finished_job(tmp_path, _answer())
