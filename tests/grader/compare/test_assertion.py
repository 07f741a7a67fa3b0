"""Comparing and raising: what a check and the plugin see."""

import pytest
import torch

from grader.compare import Context, Expectation, Mismatch, Spec, Tolerance, assert_matches
from grader.compare.assertion import compare

X = torch.randn(7, 5, generator=torch.Generator().manual_seed(3))


def test_a_match_is_silent():
    """assert_matches returns nothing where everything matches, for mappings, expectations and Specs alike."""
    assert assert_matches({"z": X}, {"z": X.clone()}) is None
    assert assert_matches({"z": X}, Expectation({"z": X.clone()})) is None
    assert assert_matches({"z": X}, {"z": Spec((7, 5))}) is None
    assert assert_matches({}, {}) is None


def test_a_mismatch_carries_comparison_and_feedback():
    """Mismatch holds the comparison as data and the feedback as sentences; its text is the message."""
    with pytest.raises(Mismatch) as caught:
        assert_matches({"z": -X, "b": None}, {"z": X, "b": X})
    error = caught.value
    assert isinstance(error, AssertionError)
    assert [difference.name for difference in error.comparison.differences] == ["z", "b"]
    assert str(error) == error.feedback.message
    assert [item.name for item in error.feedback.items] == ["z", "b"]


def test_the_context_reaches_the_lookalikes():
    """Facts in the context are used to explain."""
    with pytest.raises(Mismatch, match=r"It equals the input\."):
        assert_matches({"z": X}, {"z": X + X.sin()}, context=Context(others={"the input": X}))


def test_tolerances_of_the_expectation_hold():
    """A named tolerance replaces the floor."""
    expectation = Expectation({"z": X}, tolerances={"z": Tolerance(rtol=0.0, atol=0.5)})
    assert_matches({"z": X + 0.4}, expectation)
    with pytest.raises(Mismatch):
        assert_matches({"z": X + 0.6}, expectation)


def test_lookalikes_are_sought_for_what_is_told_only():
    """Every failing value is in the comparison, the first five with lookalikes."""
    names = [f"p{i}" for i in range(8)]
    comparison = compare(dict.fromkeys(names, -X), dict.fromkeys(names, X))
    assert [difference.name for difference in comparison.differences] == names
    assert [bool(difference.lookalike) for difference in comparison.differences] == 5 * [True] + 3 * [False]


def test_inputs_are_left_alone():
    """Neither side is changed, and gradients stay where they are."""
    actual, expected = torch.nn.Parameter(X.clone()), X.clone()
    compare({"z": actual}, {"z": expected + 1})
    assert torch.equal(actual, X)
    assert torch.equal(expected, X)
    assert actual.requires_grad
