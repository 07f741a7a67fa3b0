"""Tests of grader.export.final_points."""

from grader.export.final_points import final_points
from grader.verdict import Status


def test_points_of_graded_submissions_are_final(make_result):
    """Graded submissions keep their points; one that could not be read has 0, which is its own fault."""
    results = [make_result("ann"), make_result("bob", points=0, max_points=12, status=Status.UNREADABLE)]
    final = final_points(results)
    assert (final.possible, final.points, final.withheld) == (10, {"ann": 5, "bob": 0}, {})
    assert final.cell("ann") == "5"


def test_our_own_fault_costs_nobody_a_grade(make_result):
    """Where the grader failed there are no points at all, and a reason."""
    final = final_points([make_result("ann", points=0, status=Status.NOT_GRADED), make_result("bob")])
    assert final.points == {"bob": 5}
    assert final.withheld == {"ann": "the grader failed on it, so its points are provisional: grade it again"}
    assert final.cell("ann") == ""


def test_points_out_of_another_sum_are_withheld(make_result):
    """A submission that could earn less than most others is not compared with them."""
    results = [make_result("ann"), make_result("bob"), make_result("cy", max_points=8)]
    final = final_points(results)
    assert (final.possible, list(final.points)) == (10, ["ann", "bob"])
    assert final.withheld == {"cy": "it was graded out of 8 points, most others out of 10"}


def test_points_are_converted(make_result):
    """Points out of 10 become points out of 100."""
    final = final_points([make_result("ann", points=6.667)], out_of=100)
    assert (final.possible, final.cell("ann")) == (100, "66.67")


def test_a_run_that_failed_everywhere_has_a_sum(make_result):
    """Without a graded submission the largest sum counts, and nobody has points."""
    final = final_points([make_result("ann", status=Status.NOT_GRADED)], out_of=5)
    assert (final.possible, final.points) == (5, {})
    assert final_points([]).possible == 0
