"""Tests of grader.results.shares."""

from grader.results.shares import Share, shares
from grader.results.verdict import CheckResult, TaskResult, Verdict


def _check(verdict, *, weight=1.0, counted=True):
    return CheckResult("test_x", "X", "t", verdict, weight, counted=counted)


def test_points_are_split_by_weight():
    """Shares add up to the points of the task; checks that don't count get nothing."""
    checks = (
        _check(Verdict.PASSED, weight=3),
        _check(Verdict.WRONG),
        _check(Verdict.NOT_GRADED, weight=9, counted=False),
    )
    assert shares(TaskResult("t", "T", 6, 8, False, checks)) == (Share(6, 6), Share(0, 2), Share(0, 0))


def test_all_or_nothing_gives_no_part():
    """A task that earned nothing gives a passed check 0 points."""
    checks = (_check(Verdict.PASSED), _check(Verdict.WRONG))
    assert shares(TaskResult("t", "T", 0, 8, False, checks)) == (Share(0, 4), Share(0, 4))


def test_a_task_without_weights_has_no_shares():
    """Nothing is divided by zero when no check counts."""
    checks = (_check(Verdict.SKIPPED, counted=False),)
    assert shares(TaskResult("t", "T", 0, 0, False, checks)) == (Share(0, 0),)
