"""Tests of grader.compare.readings: several attempts, of which one has to pass."""

import pytest
import torch

from grader.compare import Mismatch, assert_any, assert_matches
from grader.errors import AssetError, CourseError
from grader.grading.outcome import ProbeFailed
from grader.results.verdict import Feedback, Verdict

THREE = {"z": torch.tensor([1.0, 2.0, 3.0])}


def other_values():
    assert_matches({"z": torch.tensor([1.0, 2.0, 4.0])}, THREE)


def other_shape():
    assert_matches({"z": torch.zeros(2)}, THREE)


def blank():
    assert_matches({"z": None}, THREE)


def probe_ends(verdict):
    def attempt():
        raise ProbeFailed(verdict, Feedback(message=f"It {verdict}."))

    return attempt


def test_one_attempt_is_enough():
    """It passes with the first attempt that raises nothing, and the later ones are not called."""
    called = []
    assert_any(probe_ends(Verdict.CRASHED), other_values, lambda: called.append(1), lambda: called.append(2))
    assert called == [1]


@pytest.mark.parametrize(
    ("attempts", "words"),
    [
        ((probe_ends(Verdict.CRASHED), other_shape, other_values), "differs at 1 of 3"),
        ((other_values, other_shape), "differs at 1 of 3"),
        ((probe_ends(Verdict.CRASHED), blank), "forget to return"),
        ((probe_ends(Verdict.CRASHED), probe_ends(Verdict.TIMED_OUT)), "It crashed."),
        ((lambda: {}["z"], probe_ends(Verdict.CRASHED)), "It crashed."),
        ((other_values, probe_ends(Verdict.NOT_GRADED)), "It not_graded."),
    ],
    ids=["values first", "in any order", "blank before crash", "first of equals", "crash", "our own fault"],
)
def test_the_nearest_is_told(attempts, words):
    """If every attempt fails, the one that got furthest is raised; one that could not run comes before all."""
    with pytest.raises((Mismatch, ProbeFailed), match=words):
        assert_any(*attempts)


def test_first_of_equal_mismatches():
    """Of attempts that got equally far, the first is told."""
    with pytest.raises(Mismatch, match="instead of 3"):
        assert_any(other_values, lambda: assert_matches({"z": THREE["z"]}, {"z": torch.tensor([1.0, 2.0, 9.0])}))


def test_errors_of_the_course_are_not_caught():
    """An error of the course ends it at once: a later attempt that passes would hide it."""

    def stale():
        raise AssetError("An asset is stale.", remedy="Record it.")

    with pytest.raises(AssetError, match="stale"):
        assert_any(stale, lambda: None)


def test_without_an_attempt():
    """Without an attempt nothing can pass."""
    with pytest.raises(CourseError, match="without an attempt"):
        assert_any()
