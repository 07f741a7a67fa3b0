"""Tests of grader.export.final_points."""

from dataclasses import replace

from grader.export.final_points import final_points
from grader.results.verdict import Status


def test_points_of_graded_submissions_are_final(make_result):
    """Graded submissions keep their points, and a 0 is among them only where checks gave it."""
    states = {"bob": Status.UNREADABLE, "cy": Status.UNCLEAR, "di": Status.GONE}
    results = [make_result("ann"), make_result("eve", points=0)]
    results += [make_result(name, points=0, max_points=12, status=status) for name, status in states.items()]
    results.append(replace(make_result("fay", points=0), tasks=()))
    final = final_points(results)
    assert (final.possible, final.points) == (10, {"ann": 5, "eve": 0})
    assert final.withheld == {
        "bob": "it could not be read",
        "cy": "it is unclear which of several things is meant",
        "di": "it is no longer among the submissions",
        "fay": "no check has graded it",
    }
    assert (final.cell("ann"), final.cell("eve"), final.cell("bob")) == ("5", "0", "")


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


def test_given_points_count_once_all_are_given(make_result, with_answers):
    """Where a person has graded, points are those of checks and answers, and withheld while an answer waits."""
    done, half = with_answers(make_result("ann"), why=3.0, how=2.0), with_answers(make_result("bob"), why=1.0)
    final = final_points([done, half, make_result("cy", points=0, status=Status.UNREADABLE)])
    assert (final.possible, final.points, final.has_answers) == (14, {"ann": 10}, True)
    assert final.withheld == {"bob": "1 of its 2 text answers wait for a person", "cy": "it could not be read"}
    assert final_points([done], out_of=28).cell("ann") == "20"


def test_ungraded_answers_change_nothing(make_result, with_answers):
    """As long as nobody has graded an answer, and where answers are left out, the points are those of the checks."""
    final = final_points([with_answers(make_result("ann"))])
    assert (final.possible, final.points, final.has_answers) == (10, {"ann": 5}, False)
    final = final_points([with_answers(make_result("ann"), why=3.0)], with_answers=False)
    assert (final.possible, final.points, final.withheld, final.has_answers) == (10, {"ann": 5}, {}, False)


def test_points_above_the_maximum_can_be_withheld(make_result, with_answers):
    """Points for a question of unknown worth may lead beyond the maximum, which not every gradebook takes."""
    results = [with_answers(make_result("ann", points=10), why=4.0, how=2.0), make_result("bob")]
    assert final_points(results).points == {"ann": 16, "bob": 5}
    strict = final_points(results, may_exceed=False)
    assert (strict.points, strict.withheld) == (
        {"bob": 5},
        {"ann": "it has 16 points, more than the maximum of 14"},
    )


def test_the_graders_fault_comes_first(make_result, with_answers):
    """A submission that the grader failed on is withheld for that, however its answers were graded."""
    final = final_points([with_answers(make_result("ann", status=Status.NOT_GRADED), why=1.0, how=1.0)])
    assert final.withheld["ann"].startswith("the grader failed on it")
