"""Tests of grader.runs.view: how a run is shown while it goes on."""

import io

import pytest
from rich.console import Console

from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict
from grader.runs.progress import JobUnderWay, Snapshot
from grader.runs.view import grading_progress, lines_of, run_view, span

HOSTILE = "a\x1b]0;x\x07\u202e\r[red]x[/red]\udc80"
SHOWN = Snapshot(
    10,
    4,
    8,
    3,
    1,
    12.5,
    100.0,
    (JobUnderWay("process 1", "ann", None, 2.4), JobUnderWay("process 2", HOSTILE, tuple("abcdef"), 90)),
)


def _console(*, terminal=False):
    return Console(file=io.StringIO(), force_terminal=terminal, width=160, highlight=False, soft_wrap=True)


def _result(name, **more):
    task = TaskResult("it", "It", 5, 10, False, (CheckResult("test_it", "Is right", "it", Verdict.PASSED),))
    return SubmissionResult(name, Status.GRADED, 5, 10, (task,), **more)


def test_lines_say_all():
    """The lines hold counts, the time left, what had its result, failures, and a line for each job under way."""
    first, ann, hostile = lines_of(SHOWN)
    assert first == (
        "4 of 10 jobs done, about 1 min 40 s left, 3 of 8 submissions had their result, the grader failed on 1"
    )
    assert ann == "  process 1: ann, all tasks, for 2 s"
    assert hostile.endswith("a, b, c, d and 2 more, for 1 min 30 s")


def test_the_end_is_plain():
    """A run that is done says no time left; one about which nothing is known says so."""
    assert lines_of(Snapshot(2, 2, 2, 0, 0, 1.0, 0.0)) == ["2 of 2 jobs done"]
    assert lines_of(Snapshot(2, 0, 2, 0, 0, 1.0, None)) == ["0 of 2 jobs done, time left unknown"]


def test_a_view_has_a_row_for_each_job_under_way():
    """On a terminal there are the figures and a row a job, at most sixteen; hostile names do no harm."""
    under_way = tuple(JobUnderWay(f"process {number}", HOSTILE, None, 1.0) for number in range(20))
    console = _console(terminal=True)
    console.print(run_view(Snapshot(30, 4, 30, 0, 0, 1.0, 5.0, under_way)))
    text = console.file.getvalue()
    assert "4 of 30 jobs done, about 5 s left" in text
    assert "process 15" in text
    assert "process 16" not in text
    assert "and 4 more" in text
    assert "[red]x[/red]" in text
    for harmful in ("\x1b]", "\x07", "\u202e", "\r", "\udc80"):
        assert harmful not in text


def test_progress_is_a_line_each_where_there_is_no_terminal():
    """Without a terminal each answer is one line with count, name, points, seconds, and tasks that are to come."""
    console = _console()
    with grading_progress(console, lambda: Snapshot(2, 1, 2, 0, 0, 1.0, None)) as advance:
        advance(_result("ann"))
        advance(_result(HOSTILE, seconds=2.0, pending=("deep",)))
    first, second = console.file.getvalue().splitlines()
    assert first == "[1/2] ann: 5/10 (0.0 s)"
    assert second.endswith(": 5/10 (2.0 s, 1 tasks to come)")
    assert "\x1b" not in second


def test_progress_is_a_view_on_a_terminal():
    """On a terminal the view is drawn, and there are no lines."""
    console = _console(terminal=True)
    with grading_progress(console, lambda: SHOWN) as advance:
        advance(_result("bo"))
    assert "4 of 10 jobs done" in console.file.getvalue()
    assert "bo: 5/10" not in console.file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (7800, "2 h 10 min")],
)
def test_times_are_said_as_people_do(seconds, words):
    """Seconds below a minute, minutes below an hour, then hours."""
    assert span(seconds) == words
