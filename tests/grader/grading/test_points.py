"""Tests of grader.grading.points."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.assignment import Assignment, HandedIn, SandboxSettings, Scoring, SubmissionKind, Task
from grader.errors import SubmissionError
from grader.grading.points import add_up, add_up_task, failed_to_grade, ungraded
from grader.results.verdict import CheckResult, Status, Verdict

P, W, S, N = Verdict.PASSED, Verdict.WRONG, Verdict.SKIPPED, Verdict.NOT_GRADED
TASK = Task("a", "A", 10.0)
ALL = Task("a", "A", 10.0, Scoring.ALL_OR_NOTHING)


def _check(verdict, *, weight=1.0, counted=True, task="a", name="t"):
    return CheckResult(name, "T", task, verdict, weight, counted=counted)


def _assignment(*tasks):
    here = Path()
    handed_in = HandedIn(SubmissionKind.PACKAGE, ("a.py",), ("*.py",))
    return Assignment("x", "X", here, here, None, handed_in, SandboxSettings(), {}, tasks)


@pytest.mark.parametrize(
    ("task", "checks", "points", "most"),
    [
        (TASK, [_check(P), _check(P)], 10.0, 10.0),
        (TASK, [_check(P), _check(W)], 5.0, 10.0),
        (TASK, [_check(P, weight=3), _check(W, weight=1)], 7.5, 10.0),
        (TASK, [_check(P), _check(W), _check(W)], 3.33, 10.0),
        (TASK, [_check(P), _check(S)], 5.0, 10.0),
        (TASK, [_check(P), _check(N, counted=False)], 5.0, 5.0),
        (TASK, [_check(W), _check(N, weight=3, counted=False)], 0.0, 2.5),
        (TASK, [_check(N, counted=False)], 0.0, 0.0),
        (TASK, [_check(P, weight=0.1)] * 3, 10.0, 10.0),
        (ALL, [_check(P), _check(P, weight=0.1), _check(P, weight=0.2)], 10.0, 10.0),
        (ALL, [_check(P), _check(W)], 0.0, 10.0),
        (ALL, [_check(P), _check(S, counted=False)], 5.0, 5.0),
        (ALL, [_check(N, counted=False)], 0.0, 0.0),
        (Task("a", "A", 0.0), [_check(P), _check(W)], 0.0, 0.0),
    ],
)
def test_a_task_earns_by_its_scoring(task, checks, points, most):
    """Points go by weight or all at once; checks that count for nobody shrink what could be earned."""
    result = add_up_task(task, tuple(checks))
    assert (result.points, result.max_points) == (points, most)


def test_a_submission_sums_its_tasks():
    """The sum is over the tasks in the assignment's order, rounded to cents; a task without checks is left out."""
    assignment = _assignment(TASK, Task("b", "B", 1.0), Task("c", "C", 5.0, hidden=True))
    results = {
        "c": _check(P, task="c", name="c"),
        "a1": _check(P, name="a1"),
        "a2": _check(W, name="a2"),
        "a3": _check(P, name="a3"),
    }
    total = add_up("me", assignment, results, notes=("n",), seconds=2.0, wall="process")
    assert [(task.name, task.points, task.hidden) for task in total.tasks] == [("a", 6.67, False), ("c", 5.0, True)]
    assert (total.points, total.max_points, total.status) == (11.67, 15.0, Status.GRADED)
    assert (total.submission, total.notes, total.seconds, total.wall) == ("me", ("n",), 2.0, "process")


def test_one_check_that_was_not_graded_makes_the_points_provisional():
    """A submission with a check that the grader failed on has the status not_graded."""
    results = {"a": _check(P, name="a"), "b": _check(N, counted=False, name="b")}
    total = add_up("me", _assignment(TASK), results, notes=(), seconds=0.0, wall="")
    assert (total.status, total.points, total.max_points, total.percent) == (Status.NOT_GRADED, 5.0, 5.0, 100.0)


def test_advice_neither_costs_nor_gives_points():
    """Advice leaves points and what can be earned alone, whatever its verdict; not even the grader's failure counts."""
    known = [_check(verdict, weight=0.0, counted=False, name=verdict) for verdict in Verdict]
    advice = {check.name: replace(check, advice=True) for check in known}
    for scored in (TASK, ALL):
        results = {"a": _check(P, name="a"), "b": _check(W, name="b")}
        plain = add_up("me", _assignment(scored), results, notes=(), seconds=0.0, wall="")
        told = add_up("me", _assignment(scored), results | advice, notes=(), seconds=0.0, wall="")
        assert (told.points, told.max_points, told.status) == (plain.points, plain.max_points, Status.GRADED)


def test_an_unreadable_submission_earns_nothing_of_everything():
    """An unreadable submission has no points of all that could be earned, and its note says why."""
    error = SubmissionError("No files.", remedy="Look.")
    result = ungraded("me", _assignment(TASK, Task("b", "B", 2.0)), error=error, wall="process")
    assert (result.status, result.points, result.max_points) == (Status.UNREADABLE, 0.0, 12.0)
    assert result.notes == ("No files. Look.",)
    assert [task.max_points for task in result.tasks] == [10.0, 2.0]


def test_a_submission_that_the_grader_failed_on_costs_nothing():
    """A failure of the grader takes every point out of what could be earned and says that it costs none."""
    result = failed_to_grade("me", _assignment(TASK), problem="its process ended.", wall="process")
    assert (result.status, result.points, result.max_points, result.percent) == (Status.NOT_GRADED, 0.0, 0.0, 0.0)
    assert result.notes == (
        "The grader failed on this submission: its process ended. It costs no points; grade it again.",
    )
