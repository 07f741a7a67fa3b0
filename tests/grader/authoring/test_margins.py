"""Tests of margins: what right and wrong work take of a check's tolerance, and what an audit advises."""

from pathlib import Path

import pytest

from grader.authoring.audit_trials import Outcome
from grader.authoring.margins import Margin, Stretched, advise_on_margins, margins_in_words, measure_margins
from grader.authoring.mistakes import Mistake, Variant
from grader.courses.checks import Check
from grader.results.verdict import CheckResult, Verdict


def _check(name):
    return Check(name, name, "", "task", 1.0, (), "cpu", hidden=False)


def _mistake(name, check="test_a"):
    return Mistake(name, "student.py", "a", "b", check, Verdict.WRONG, (), "", Path("mistakes.toml"))


def _outcome(verdict, stretch, check="test_a"):
    return Outcome({check: CheckResult(check, check, "task", verdict, stretch=stretch)})


def _measure(outcomes, mistakes=()):
    variants = [Variant("other", Path(), {}), Variant("fails", Path(), {})]
    return measure_margins(outcomes, [_check("test_a")], mistakes=map(_mistake, mistakes), variants=variants)["test_a"]


def test_right_work_is_the_reference_and_variants_that_pass():
    """Of right work the one that takes most of the tolerance counts; who fails, and the template, are left out."""
    margin = _measure(
        {
            "reference": _outcome(Verdict.PASSED, 0.1),
            "variant other": _outcome(Verdict.PASSED, 0.2),
            "variant fails": _outcome(Verdict.WRONG, 4.0),
            "template": _outcome(Verdict.PASSED, 0.9),
        }
    )
    assert (margin.right, margin.passed, margin.wrong) == (Stretched("variant other", 0.2), 2, ())


def test_wrong_work_are_mistakes_that_fail_by_values():
    """A mistake of the check counts where more tolerance would let it pass; others are only counted."""
    outcomes = {
        "mistake far": _outcome(Verdict.WRONG, 50.0),
        "mistake near": _outcome(Verdict.WRONG, 2.0),
        "mistake shape": _outcome(Verdict.WRONG, None),
        "mistake words": _outcome(Verdict.WRONG, 0.5),
        "mistake crash": _outcome(Verdict.CRASHED, 9.0),
        "mistake missed": _outcome(Verdict.PASSED, 0.5),
        "mistake elsewhere": _outcome(Verdict.WRONG, 1.5),
    }
    names = [name.removeprefix("mistake ") for name in outcomes if name != "mistake elsewhere"]
    margin = _measure(outcomes, names)
    assert margin.wrong == (Stretched("mistake near", 2.0), Stretched("mistake far", 50.0))
    assert (margin.right, margin.otherwise) == (None, 2)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [(0.3, 3.5, []), (0.5, 3.5, ["variant x takes 50%"]), (0.3, 2.5, ["mistake y, which is 2.5"]), (None, None, [])],
)
def test_what_comes_near_the_limit_is_advice(right, wrong, told):
    """Right work beyond a third of the tolerance and wrong work below three times it are named, with the check."""
    margin = Margin(
        "test_a",
        "task",
        right=None if right is None else Stretched("variant x", right),
        wrong=() if wrong is None else (Stretched("mistake y", wrong), Stretched("mistake z", 1e4)),
    )
    found = [one.message for one in advise_on_margins([margin])]
    assert len(found) == len(told)
    assert all(words in message and "`test_a`" in message for words, message in zip(told, found, strict=True))


def test_words_tell_the_nearest_of_all_checks():
    """The sum of an audit names the largest of right and the smallest of wrong work, or nothing."""
    first = Margin("a", "task", right=Stretched("reference", 0.12))
    second = Margin("b", "task", right=Stretched("reference", 0.0), wrong=(Stretched("mistake y", 35.21),))
    assert margins_in_words([first, second]) == "right work within 0.12 of a tolerance, wrong work from 35 on"
    assert margins_in_words([first]) == "right work within 0.12 of a tolerance"
    assert margins_in_words([Margin("a", "task")]) == ""
