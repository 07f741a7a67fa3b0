"""Tests of grader.authoring.naming: whether an explanation names the cause that a mistake declares."""

from pathlib import Path

import pytest

from grader.authoring.mistakes import Mistake
from grader.authoring.naming import Naming, judge_naming, name_cause
from grader.results.verdict import CheckResult, Feedback, Item, Verdict


def _mistake(**facts):
    defaults = {"words": (), "lookalike": "", "source": Path("mistakes.toml")}
    return Mistake("half", "a.py", "2 * x", "x", "test_a", Verdict.WRONG, **(defaults | facts))


def _result(message, *, told=(), verdict=Verdict.WRONG):
    items = tuple(Item("z", "close", message, lookalike=name) for name in told)
    return CheckResult("test_a", "A", "a", verdict, feedback=Feedback(message, items=items))


@pytest.mark.parametrize(
    ("facts", "message", "told", "naming"),
    [
        ({"cause": ("average", "batch")}, "Average over\nthe  batch.", (), Naming.RIGHTLY),
        ({"cause": ("average over the batch",)}, "Average over\nthe  Batch.", (), Naming.RIGHTLY),
        ({"cause": ("average", "batch")}, "Average it.", (), Naming.GENERAL),
        ({"cause": ("average",)}, "It is 3; expected 2.", ("scaled",), Naming.OTHER),
        ({"cause": ("in place",)}, "It did not move.", ("equals another",), Naming.GENERAL),
        ({"cause": ("average",)}, "Average it, and transpose it.", ("transposed",), Naming.RIGHTLY),
        ({"cause": ("average",), "innocent": ("learning rate",)}, "Average it: learning rate.", (), Naming.OTHER),
        ({"lookalike": "halved"}, "It is half.", ("halved",), Naming.RIGHTLY),
        ({"lookalike": "halved"}, "It is twice that.", ("doubled",), Naming.OTHER),
        ({"cause": ("½",), "lookalike": "halved"}, "It is half.", ("halved",), Naming.RIGHTLY),
        ({}, "It is 3; expected 2.", ("scaled",), Naming.UNDECLARED),
    ],
)
def test_a_cause_is_named_rightly_generally_or_another_is(facts, message, told, naming):
    """All words of the cause, or its lookalike, name it; innocent words or another lookalike name another one."""
    assert name_cause(_mistake(**facts), _result(message, told=told)) is naming


def test_a_mistake_that_is_not_caught_names_nothing(read_tiny, make_course, tmp_path):
    """A check that passed says nothing, so it is not counted, and a violation is told only of what blames another."""
    assignment = read_tiny(make_course(tmp_path))
    passed = _result("", verdict=Verdict.PASSED)
    assert name_cause(_mistake(cause=("average",)), passed) is Naming.UNDECLARED
    assert list(judge_naming(_mistake(cause=("average",)), _result("It is 3."), assignment)) == []
    (told,) = judge_naming(_mistake(cause=("average",)), _result("It is 3.", told=("scaled",)), assignment)
    assert told.message == "`test_a` names another cause; it says: It is 3."
