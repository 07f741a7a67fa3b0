"""Tests of grader.grading.adjusting: points change for everybody, and nothing runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.assignment import Adjustment, Assignment, HandedIn, SandboxSettings, SubmissionKind, Task
from grader.errors import CourseError
from grader.grading.adjusting import adjusted
from grader.grading.points import add_up
from grader.results.verdict import Adjusted, CheckResult, Status, Verdict

P, W, N = Verdict.PASSED, Verdict.WRONG, Verdict.NOT_GRADED
DROP = Adjustment("test_b", Adjusted.DROPPED, "The text says nothing about it.")
GIVE = Adjustment("test_b", Adjusted.GIVEN, "The check was wrong.")


@pytest.fixture
def assignment(tmp_path):
    """Return a function that returns an assignment of two tasks with these adjustments."""

    def make(*adjustments):
        handed_in = HandedIn(SubmissionKind.PACKAGE, ("a.py",), ("*.py",))
        tasks = (Task("a", "A", 6.0), Task("b", "B", 4.0))
        settings = SandboxSettings()
        made = Assignment("x", "X", tmp_path, Path(), None, handed_in, settings, {}, tasks)
        return replace(made, adjustments=adjustments)

    return make


def _result(assignment, **verdicts):
    tasks = {"test_a": "a", "test_b": "a", "test_c": "b"}
    checks = {
        name: CheckResult(name, name[-1].upper(), tasks[name], verdict, counted=verdict is not N)
        for name, verdict in verdicts.items()
    }
    return add_up("me", assignment, checks, notes=("read",), seconds=0.0, wall="")


def test_a_check_counts_for_nobody(assignment):
    """A check that is dropped has no part in its task: the others share its points, and the maximum stays."""
    graded = _result(assignment(), test_a=P, test_b=W, test_c=P)
    (found,) = adjusted([graded], assignment(DROP))
    assert (graded.points, found.points, found.max_points) == (7.0, 10.0, 10.0)
    assert found.notes == ("read", "For everybody: “B”. This check counts for nobody: The text says nothing about it.")
    assert found.tasks[0].checks[1].verdict is W


def test_everybody_gets_the_points_of_a_check(assignment):
    """A check that is given pays whatever its verdict, also where the grader failed on it: nothing stays open then."""
    for verdict in (W, P, N, Verdict.SKIPPED):
        (found,) = adjusted([_result(assignment(), test_a=P, test_b=verdict, test_c=W)], assignment(GIVE))
        assert (found.points, found.max_points, found.unjudged, found.status) == (6.0, 10.0, 0.0, Status.GRADED)
        assert found.notes[-1] == "For everybody: “B”. Everybody gets the points of this check: The check was wrong."


def test_all_submissions_keep_one_maximum(assignment):
    """Dropping the only check of a task takes the task out of everybody's maximum alike."""
    gone = Adjustment("test_c", Adjusted.DROPPED, "No.")
    results = [_result(assignment(), test_a=one, test_b=one, test_c=one) for one in (P, W, N, Verdict.MISSING)]
    assert {found.max_points for found in adjusted(results, assignment(gone))} == {6.0}


def test_adjusting_can_be_taken_back(assignment):
    """What is adjusted is told by the assignment as it is now, whatever was adjusted before; again changes nothing."""
    graded = _result(assignment(), test_a=P, test_b=W, test_c=P)
    (given,) = adjusted([graded], assignment(GIVE))
    assert adjusted([given], assignment(GIVE)) == [given]
    assert adjusted([given], assignment(DROP)) == adjusted([graded], assignment(DROP))
    assert adjusted([given], assignment()) == [graded]


def test_a_submission_that_is_gone_stays_gone(assignment):
    """Only the points of a submission change, not what became of it."""
    gone = replace(_result(assignment(), test_a=P, test_b=W), status=Status.GONE)
    unreadable = replace(gone, status=Status.UNREADABLE, tasks=())
    first, second = adjusted([gone, unreadable], assignment(GIVE))
    assert (first.status, first.points) == (Status.GONE, 6.0)
    assert second == unreadable


def test_an_unknown_check_is_refused(assignment):
    """A name that neither results nor checks have is answered with the nearest one."""
    wrong = Adjustment("test_bb", Adjusted.GIVEN, "x")
    with pytest.raises(CourseError, match=r"adjusts `test_bb`, which is no check of x\. Did you mean `test_b`\?"):
        adjusted([_result(assignment(), test_a=P, test_b=W)], assignment(wrong))
