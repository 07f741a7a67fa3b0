"""Tests of grader.compare.kinds: what a check may compute with, asked before it does."""

import pytest
import torch

from grader.compare import Mismatch, Spec, assert_kinds
from grader.errors import CourseError

KINDS = {
    "epoch": int,
    "accuracy": float,
    "modes": [bool],
    "values": [[float]],
    "scores": Spec((2,)),
    "results": {"val": float},
    "name": str,
}
GOOD = {
    "epoch": 3,
    "accuracy": 0.5,
    "modes": [True, False],
    "values": [[1.0, 2], []],
    "scores": torch.ones(2),
    "results": {"val": 1, "test": None},
    "name": "model",
    "more": object(),
}


def test_right_kinds():
    """Values of the kinds asked for pass, a whole number is a number, and what isn't asked for may be anything."""
    assert_kinds(GOOD, KINDS)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("epoch", 3.0, "`epoch` is 3.0 (float); expected an int."),
        ("epoch", True, "`epoch` is True (bool); expected an int."),
        ("epoch", 2**70, "expected an int."),
        ("accuracy", torch.tensor(0.5), "`accuracy` is a tensor of shape (); expected a number. Turn a tensor of one"),
        ("accuracy", "0.5", '`accuracy` is "0.5" (str); expected a number.'),
        ("accuracy", 10**400, "expected a number."),
        ("accuracy", float("nan"), "`accuracy` is nan; expected a finite number."),
        ("modes", 3, "`modes` is 3 (int); expected a list."),
        ("modes", [True, 1], "`modes[1]` is 1 (int); expected a bool."),
        ("values", [[1.0], 2.0], "`values[1]` is 2.0 (float); expected a list."),
        ("values", [[1.0, "x"]], '`values[0][1]` is "x" (str); expected a number.'),
        ("scores", torch.ones(3), "`scores` has shape (3,); expected (2,)."),
        ("scores", [1.0, 2.0], "`scores` is a list of 2 items; expected a tensor of shape (2,)."),
        ("results", [1.0], "`results` is a list of 1 item; expected a dict."),
        ("results", {"val": "x"}, '`results["val"]` is "x" (str); expected a number.'),
        ("results", {}, '`results["val"]` is missing; expected a number.'),
        ("name", 3, "`name` is 3 (int); expected a str."),
    ],
)
def test_other_kinds(name, value, words):
    """Whatever else comes is told with its name, what it is, and what is expected."""
    with pytest.raises(Mismatch) as caught:
        assert_kinds(GOOD | {name: value}, KINDS)
    assert words in str(caught.value)


def test_missing():
    """A name that isn't there is told with what is expected."""
    with pytest.raises(Mismatch, match="`modes` is missing; expected a list"):
        assert_kinds({}, {"modes": [bool]})


def test_stub():
    """None in place of everything is a stub, as in any comparison."""
    with pytest.raises(Mismatch) as caught:
        assert_kinds({"epoch": None}, {"epoch": int})
    assert caught.value.comparison.all_stub


@pytest.mark.parametrize("kind", ["int", 3, set, [], [int, float], None])
def test_unknown_kind(kind):
    """A kind that there is not is the check's own mistake."""
    with pytest.raises(CourseError, match=r"The check asks for the kind .*\. Ask for bool, int"):
        assert_kinds({"x": 1}, {"x": kind})
