"""Tests of grader.report.task_rows."""

import pytest

from grader.report.task_rows import discrimination, task_rows
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict


def _result(name, *points):
    tasks = tuple(
        TaskResult(
            f"t{i}",
            f"T{i}",
            earned,
            10.0,
            False,
            (CheckResult(f"test_{i}", f"Check {i}", f"t{i}", Verdict.PASSED if earned else Verdict.WRONG),),
        )
        for i, earned in enumerate(points)
    )
    return SubmissionResult(name, Status.GRADED, sum(points), 10.0 * len(points), tasks)


def test_a_task_that_follows_the_rest_tells_strong_from_weak():
    """A task passed by exactly those who pass the others discriminates by 1, the opposite by -1 and is odd."""
    rows = task_rows([_result(f"s{i}", 10 * (i % 2), 10 * (i % 2)) for i in range(8)])
    assert (rows["t0"].discrimination, rows["t0"].is_odd) == ("1.00", False)
    rows = task_rows([_result(f"s{i}", 10 * (i % 2), 10 - 10 * (i % 2)) for i in range(8)])
    assert (rows["t1"].discrimination, rows["t1"].is_odd) == ("-1.00", True)


def test_the_task_itself_is_left_out():
    """A task is compared with all others, not with a sum that holds it."""
    rows = task_rows([_result(f"s{i}", 10 * (i % 2), 10 * (i // 2 % 2)) for i in range(8)])
    assert rows["t0"].discrimination == rows["t1"].discrimination == "0.00"


@pytest.mark.parametrize(
    ("pairs", "value"),
    [
        ([(0.0, 0.2), (1.0, 0.8)] * 4, 1.0),
        ([(0.0, 0.2), (1.0, 0.8)] * 3, None),  # too few
        ([(1.0, 0.2), (1.0, 0.8)] * 4, None),  # everybody passed
        ([(0.0, 0.5), (1.0, 0.5)] * 4, None),  # all others equal
        # By hand: means 0.7 of who passed and 0.5 of who didn't, deviation of all 0.1581, half of them passed.
        ([(1.0, 0.6), (1.0, 0.8), (0.0, 0.4), (0.0, 0.6)] * 2, (0.7 - 0.5) / 0.0200**0.5 * 0.5),
    ],
)
def test_discrimination_is_the_point_biserial_correlation(pairs, value):
    """It equals the formula for a task passed or failed as a whole, and isn't told where it means nothing."""
    found = discrimination(pairs)
    assert found is None if value is None else found == pytest.approx(value)


def test_full_part_and_none_are_counted():
    """A row counts who earned all, some and no points, and names the check that most failed."""
    row = task_rows([_result("a", 10), _result("b", 4), _result("c", 0), _result("d", 0)])["t0"]
    assert (row.full, row.part, row.none, row.count) == (1, 1, 2, 4)
    assert (row.hardest, row.hardest_failed) == ("Check 0", 2)
    assert task_rows([_result("a", 10)])["t0"].hardest == ""


def test_a_single_task_has_nothing_to_compare_with():
    """With one task in all there is no discrimination."""
    assert task_rows([_result(f"s{i}", i) for i in range(9)])["t0"].discrimination == ""
