"""Tests of grader.export.gradescope."""

import json
from dataclasses import replace

import pytest

from grader.export.final_points import final_points
from grader.export.gradescope import VISIBILITIES, gradescope_json
from grader.results.verdict import Status, TaskResult, Verdict


@pytest.fixture
def document(run_info):
    """Return a function that exports one result and reads it again."""

    def export(result, hidden_as="after_published"):
        text = gradescope_json(result, final=final_points([result]), run=run_info, hidden_as=hidden_as)
        assert text.isascii()
        return json.loads(text)

    return export


def test_the_document_is_what_gradescope_reads(document, make_result):
    """Score, time and one entry per check with its share of the points, status and words."""
    found = document(make_result("ann", notes=["late"]))
    assert (found["score"], found["execution_time"], found["output"]) == (5.0, 2, "late")
    assert found["extra_data"]["assignment"] == "uva-mlp"
    assert [(test["number"], test["score"], test["max_score"], test["status"]) for test in found["tests"]] == [
        ("1.1", 5.0, 5.0, "passed"),
        ("1.2", 0.0, 2.5, "failed"),
        ("1.3", 0.0, 2.5, "failed"),
    ]
    assert found["tests"][1] == {
        "score": 0.0,
        "max_score": 2.5,
        "name": "Linear layer: The public one",
        "number": "1.2",
        "status": "failed",
        "output": "wrong\nIt is wrong.\nhw/layers.py:12 in forward: It is wrong.\nHint: Look at the shapes.",
        "output_format": "text",
        "name_format": "text",
        "visibility": "visible",
        "extra_data": {"task": "linear", "verdict": "wrong"},
    }
    assert {found["output_format"], found["test_output_format"], found["test_name_format"]} == {"text"}
    assert "leaderboard" not in found


@pytest.mark.parametrize("earned", [0.0, 2.0, 4.0])
@pytest.mark.parametrize("all_or_nothing", [False, True])
def test_a_bonus_stands_beside_the_maxima(document, make_result, earned, all_or_nothing):
    """The tests' maxima add up to what can be earned; a bonus has the maximum 0, says what it is, and may exceed it."""
    result = make_result("ann")
    (task,) = result.tasks
    checks = tuple(replace(check, verdict=Verdict.PASSED, hidden=False) for check in task.checks[:2])
    checks = checks if earned == 4.0 else (checks[0], replace(checks[1], verdict=Verdict.WRONG))
    bonus = TaskResult("extra", "Early stop", earned, 4.0, False, checks, bonus=True, all_or_nothing=all_or_nothing)
    found = document(replace(result, tasks=(task, bonus), points=result.points + earned))
    assert sum(test["max_score"] for test in found["tests"]) == found["extra_data"]["max_points"] == 10.0
    extra = [test for test in found["tests"] if test["extra_data"]["task"] == "extra"]
    assert {test["max_score"] for test in extra} == {0.0}
    assert all(test["name"].startswith("Early stop (bonus): ") for test in extra)
    assert (sum(test["score"] for test in extra) > 0) is (earned > 0)
    assert found["score"] == 5.0 + earned


@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_hidden_checks_are_shown_when_asked(document, make_result, secret, visibility):
    """A hidden check has the visibility asked for, and even then tells no finding."""
    found = document(make_result("ann"), visibility)
    assert [test["visibility"] for test in found["tests"]] == ["visible", "visible", visibility]
    assert found["tests"][2]["output"] == "wrong\nHint: Look at the shapes."
    assert secret not in json.dumps(found)


def test_a_provisional_result_has_no_score(document, make_result):
    """Where the grader failed there is no number that could be taken for a grade."""
    found = document(make_result("ann", points=0, status=Status.NOT_GRADED))
    assert "score" not in found
    assert not any("score" in test or "max_score" in test for test in found["tests"])
    assert found["output"].startswith("Not scored: the grader failed on it")
    assert found["extra_data"]["percent"] is None


def test_an_unreadable_submission_says_why(document, make_result):
    """It has no score, since no check gave one, and its notes."""
    found = document(make_result("ann", points=0, status=Status.UNREADABLE, notes=["No zip."]))
    assert "score" not in found
    assert found["output"] == "Not scored: it could not be read.\nNothing could be graded.\nNo zip."


def test_hostile_text_is_shown_as_text(document, make_result, hostile_texts):
    """Control and invisible characters are made visible; Gradescope escapes the rest of a text."""
    for text in hostile_texts:
        output = document(make_result("ann", message=text))["tests"][1]["output"]
        assert all(letter == "\n" or letter.isprintable() for letter in output), output


def test_graded_answers_are_tests_of_their_own(document, make_result, with_answers):
    """An answer that a person graded has points and comment, and counts for the score."""
    found = document(with_answers(make_result("ann"), why=3.0, how=2.0, comment="Well <said>."))
    assert (found["score"], found["extra_data"]["max_points"]) == (10.0, 14.0)
    assert found["extra_data"]["percent"] == 71.43
    why, how = found["tests"][-2:]
    assert (why["name"], why["number"], why["visibility"]) == ("Text answer: Why?", "A.1", "visible")
    assert (why["score"], why["max_score"], why["output"]) == (3.0, 4.0, "3 of 4\nWell <said>.")
    assert (how["score"], how["output"]) == (2.0, "2 points")
    assert "max_score" not in how, "nobody said of how many"


def test_while_an_answer_waits_there_is_no_score(document, make_result, with_answers):
    """What was given is told, and nothing is a number that Gradescope would add up to a grade."""
    found = document(with_answers(make_result("ann"), why=3.0, comment="Good."))
    assert "score" not in found
    assert not any("score" in test for test in found["tests"])
    assert found["output"] == "Not scored: 1 of its 2 text answers wait for a person."
    assert [test["output"] for test in found["tests"][-2:]] == ["3 of 4\nGood.", "not graded yet"]
    untouched = document(with_answers(make_result("ann")))
    assert (untouched["score"], len(untouched["tests"])) == (5.0, 3)
