"""Tests of grader.grading.points."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.courses.assignment import Assignment, HandedIn, SandboxSettings, Scoring, SubmissionKind, Task
from grader.errors import SubmissionError
from grader.grading.points import add_up, add_up_task, failed_to_grade, put_together, ungraded
from grader.results.shares import shares
from grader.results.verdict import Adjusted, CheckResult, Status, Verdict

P, W, S, N = Verdict.PASSED, Verdict.WRONG, Verdict.SKIPPED, Verdict.NOT_GRADED
TASK = Task("a", "A", 10.0)
ALL = Task("a", "A", 10.0, Scoring.ALL_OR_NOTHING)
BONUS = Task("a", "A", 10.0, bonus=True)


def _check(verdict, *, weight=1.0, counted=True, task="a", name="t", unrun=False, adjusted=Adjusted.NO):
    return CheckResult(name, "T", task, verdict, weight, counted=counted, unrun=unrun, adjusted=adjusted)


def _assignment(*tasks):
    here = Path()
    handed_in = HandedIn(SubmissionKind.PACKAGE, ("a.py",), ("*.py",))
    return Assignment("x", "X", here, here, None, handed_in, SandboxSettings(), {}, tasks)


@pytest.mark.parametrize(
    ("task", "checks", "points", "unjudged"),
    [
        (TASK, [_check(P), _check(P)], 10.0, 0.0),
        (TASK, [_check(P), _check(W)], 5.0, 0.0),
        (TASK, [_check(P, weight=3), _check(W, weight=1)], 7.5, 0.0),
        (TASK, [_check(P), _check(W), _check(W)], 3.33, 0.0),
        (TASK, [_check(P), _check(S)], 5.0, 0.0),
        (TASK, [_check(P), _check(N, counted=False)], 5.0, 5.0),
        (TASK, [_check(W), _check(N, weight=3, counted=False)], 0.0, 7.5),
        (TASK, [_check(N, counted=False)], 0.0, 10.0),
        (TASK, [_check(P), _check(S, counted=False, unrun=True)], 5.0, 5.0),
        (TASK, [_check(P), _check(S, counted=False)], 10.0, 0.0),
        (TASK, [_check(W), _check(P), _check(S, counted=False)], 5.0, 0.0),
        (TASK, [_check(S, counted=False)], 0.0, 0.0),
        (BONUS, [_check(P), _check(S, counted=False)], 5.0, 0.0),
        (BONUS, [_check(S, counted=False)], 0.0, 0.0),
        (TASK, [_check(P, weight=0.1)] * 3, 10.0, 0.0),
        (ALL, [_check(P), _check(P, weight=0.1), _check(P, weight=0.2)], 10.0, 0.0),
        (ALL, [_check(P), _check(W)], 0.0, 0.0),
        (ALL, [_check(P), _check(S, counted=False)], 10.0, 0.0),
        (ALL, [_check(P), _check(N, counted=False)], 0.0, 10.0),
        (ALL, [_check(W), _check(N, counted=False)], 0.0, 0.0),
        (ALL, [_check(N, counted=False)], 0.0, 10.0),
        (TASK, [_check(W, adjusted=Adjusted.DROPPED), _check(P)], 10.0, 0.0),
        (TASK, [_check(W, adjusted=Adjusted.GIVEN), _check(W)], 5.0, 0.0),
        (TASK, [_check(N, counted=False, adjusted=Adjusted.GIVEN), _check(P)], 10.0, 0.0),
        (TASK, [_check(N, counted=False, adjusted=Adjusted.DROPPED), _check(W)], 0.0, 0.0),
        (ALL, [_check(P), _check(W, adjusted=Adjusted.DROPPED)], 10.0, 0.0),
    ],
)
def test_a_task_earns_by_its_scoring(task, checks, points, unjudged):
    """Points go by weight or all at once: what was left out has no part in them, what wasn't judged leaves them open.

    A bonus is different: what was left out of it is not earned.
    """
    result = add_up_task(task, tuple(checks))
    assert (result.points, result.unjudged, result.max_points) == (points, unjudged, 10.0)


def test_a_task_without_any_weight_is_worth_nothing():
    """Where no check has any weight for anybody, nobody can earn anything."""
    dropped = [_check(P, adjusted=Adjusted.DROPPED), replace(_check(W, weight=0.0, counted=False), advice=True)]
    for checks in (dropped, dropped[:1]):
        assert add_up_task(TASK, tuple(checks)).max_points == 0.0
    assert add_up_task(Task("a", "A", 0.0), (_check(P), _check(W))).max_points == 0.0


VERDICTS = st.sampled_from([(verdict, counted, unrun) for verdict, counted, unrun in itertools.product(
    Verdict, (True, False), (True, False)) if not (unrun and (counted or verdict is not S)) and not (
    verdict is N and counted) and not (verdict is P and not counted)])  # fmt: skip


@given(st.lists(st.tuples(st.floats(0.1, 9), st.lists(VERDICTS, min_size=2, max_size=2)), min_size=1, max_size=6))
def test_the_maximum_is_the_same_for_every_reply(checks):
    """Whatever a submission's checks say: the maximum is the task's, and earned and open points stay within it."""
    for task in (TASK, ALL, BONUS):
        for reply in (0, 1):
            results = []
            for number, (weight, replies) in enumerate(checks):
                verdict, counted, unrun = replies[reply]
                results.append(_check(verdict, weight=weight, counted=counted, unrun=unrun, name=f"t{number}"))
            found = add_up_task(task, tuple(results))
            assert found.max_points == 10.0
            assert 0 <= found.points <= found.points + found.unjudged <= 10.01
            assert sum(share.points for share in shares(found)) == pytest.approx(found.points, abs=0.01)


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
    assert (total.status, total.points, total.unjudged, total.max_points) == (Status.NOT_GRADED, 5.0, 5.0, 10.0)


def test_what_can_not_run_here_makes_the_points_provisional():
    """Where data or a device is missing the points stay open, which is not the grader's failure."""
    results = {"a": _check(P, name="a"), "b": _check(S, counted=False, unrun=True, name="b")}
    total = add_up("me", _assignment(TASK), results, notes=(), seconds=0.0, wall="")
    assert (total.status, total.points, total.unjudged, total.max_points) == (Status.PROVISIONAL, 5.0, 5.0, 10.0)


def test_a_bonus_stands_beside_the_sum():
    """A bonus adds to the points and not to the maximum, wherever a maximum is told."""
    assignment = _assignment(TASK, Task("b", "B", 3.0, bonus=True))
    results = {"a": _check(P, name="a"), "b": _check(P, task="b", name="b")}
    total = add_up("me", assignment, results, notes=(), seconds=0.0, wall="")
    assert (total.points, total.max_points, total.percent) == (13.0, 10.0, 130.0)
    error = SubmissionError("No files.", remedy="Look.")
    assert ungraded("me", assignment, error=error, wall="").max_points == 10.0
    failed = failed_to_grade("me", assignment, problem="It ended.", wall="")
    assert (failed.max_points, failed.unjudged) == (10.0, 10.0)


def test_tasks_that_wait_are_open():
    """A task that is still to be graded is in the maximum already, and its points are open."""
    assignment = _assignment(TASK, Task("b", "B", 3.0), Task("c", "C", 2.0, bonus=True))
    half = add_up("me", assignment, {"a": _check(P, name="a")}, notes=(), seconds=0.0, wall="")
    whole = put_together(half, assignment, kept=(), wanted=("a", "b", "c"))
    assert (whole.max_points, whole.unjudged, whole.pending) == (13.0, 3.0, ("b", "c"))


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
    """A failure of the grader leaves every point open and says that it costs none."""
    result = failed_to_grade("me", _assignment(TASK), problem="its process ended.", wall="process")
    assert (result.status, result.points, result.unjudged, result.max_points) == (Status.NOT_GRADED, 0.0, 10.0, 10.0)
    assert result.notes == (
        "The grader failed on this submission: its process ended. It costs no points; grade it again.",
    )
