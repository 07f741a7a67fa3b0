"""Tests of grader.results.shares."""

from dataclasses import replace

import pytest

from grader.results.shares import Share, shares
from grader.results.verdict import Adjusted, CheckResult, TaskResult, Verdict


def _check(verdict, *, weight=1.0, counted=True):
    return CheckResult("test_x", "X", "t", verdict, weight, counted=counted)


def test_points_are_split_by_weight():
    """Shares add up to the points of the task; what was left out has none, what is open could earn its own."""
    checks = (
        _check(Verdict.PASSED, weight=3),
        _check(Verdict.WRONG),
        _check(Verdict.NOT_GRADED, weight=4, counted=False),
        _check(Verdict.SKIPPED, weight=9, counted=False),
    )
    assert shares(TaskResult("t", "T", 3, 8, False, checks)) == (Share(3, 3), Share(0, 1), Share(0, 4), Share(0, 0))


def test_a_bonus_that_was_left_out_keeps_its_share():
    """In a bonus task what was left out is not earned, and nobody else's share grows."""
    checks = (_check(Verdict.PASSED), _check(Verdict.SKIPPED, counted=False))
    assert shares(TaskResult("t", "T", 2, 4, False, checks, bonus=True)) == (Share(2, 2), Share(0, 2))


@pytest.mark.parametrize(("adjusted", "expected"), [(Adjusted.GIVEN, Share(2, 2)), (Adjusted.DROPPED, Share(0, 0))])
def test_an_adjusted_check_has_what_everybody_gets(adjusted, expected):
    """A check that is given has its points, one that is dropped has none, whatever its verdict."""
    check = replace(_check(Verdict.WRONG), adjusted=adjusted, reason="x")
    task = TaskResult("t", "T", 4, 4, False, (_check(Verdict.PASSED), check))
    assert shares(task)[1] == expected


def test_all_or_nothing_gives_no_part():
    """A task that earned nothing gives a passed check 0 points."""
    checks = (_check(Verdict.PASSED), _check(Verdict.WRONG))
    assert shares(TaskResult("t", "T", 0, 8, False, checks)) == (Share(0, 4), Share(0, 4))


def test_a_task_without_weights_has_no_shares():
    """Nothing is divided by zero when no check counts."""
    checks = (_check(Verdict.SKIPPED, counted=False),)
    assert shares(TaskResult("t", "T", 0, 0, False, checks)) == (Share(0, 0),)
