"""Tests of grader.export.given_points."""

from grader.export.final_points import final_points
from grader.export.given_points import answers_told, final_sum_in_words, in_words


def test_nothing_is_said_before_somebody_has_graded(make_result, with_answers):
    """Answers are told once one of them was graded; the others then say that they wait."""
    assert answers_told(with_answers(make_result("ann"))) == ()
    told = answers_told(with_answers(make_result("ann"), why=3.5))
    assert [in_words(answer) for answer in told] == ["3.5 of 4", "not graded yet"]
    assert in_words(with_answers(make_result("ann"), how=0.0).answers[1]) == "0 points"


def test_the_sum_says_what_it_is_made_of(make_result, with_answers):
    """Points of checks and of answers are told apart where both count, and only those of checks elsewhere."""
    result = with_answers(make_result("ann"), why=3.0, how=1.0)
    words = "9 of 14 points: 5 of 10 for the checks, 4 of 4 for text answers"
    assert final_sum_in_words(result, final_points([result])) == words
    assert final_sum_in_words(result, final_points([result], with_answers=False)) == "5 of 10 points"
    assert final_sum_in_words(make_result("bob"), final_points([result])) == "5 of 10 points"
