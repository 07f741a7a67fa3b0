"""Lookalikes of functions that are applied, missing, or have another slope: each told for its own mistake."""

import pytest
import torch
import torch.nn.functional as functional

from grader.compare import Context
from grader.compare.assertion import compare

SHAPES = [(7,), (4, 4), (7, 5), (2, 3, 4), (4, 2, 3, 3)]


def noise(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def found(actual, expected, **facts):
    """Return the (name, sentence) of the lookalike of one value."""
    lookalike = compare({"z": actual}, {"z": expected}, context=Context(**facts)).lookalike
    return (lookalike.name, lookalike.sentence) if lookalike else (None, "")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("function", "words"), [(torch.relu, "ReLU"), (torch.sigmoid, "sigmoid"), (torch.tanh, "tanh")]
)
def test_a_function_too_much_or_missing(shape, function, words):
    """An activation that is applied once too often, or forgotten, is named."""
    x = noise(shape)
    assert found(function(x), x) == (
        "function applied",
        f"It is the {words} of what is expected: is that applied once too often?",
    )
    assert found(x, function(x)) == ("function missing", f"Its {words} is what is expected: is that missing?")


@pytest.mark.parametrize("axis", [0, 1])
def test_softmax_missing_or_twice(axis):
    """A softmax that is missing or applied twice is named with its axis."""
    x = noise((6, 5))
    once = x.softmax(dim=axis)
    assert found(x, once)[1] == f"Its softmax over axis {axis} is what is expected: is that missing?"
    assert found(once.softmax(dim=axis), once)[1] == (
        f"It is the softmax over axis {axis} of what is expected: is that applied once too often?"
    )


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_softmax_over_the_wrong_axis(function):
    """A softmax over the wrong axis is told with both, where the check names the scores."""
    x = noise((6, 5))
    actual, expected = getattr(x, function)(dim=0), getattr(x, function)(dim=1)
    words = function.replace("_", "-")
    assert found(actual, expected, others={"the scores": x}) == (
        "function over the wrong axis",
        f"It is the {words} of the scores over axis 0; expected is that over axis 1.",
    )


def test_log_softmax_missing():
    """A log-softmax that is missing, or applied where scores are expected, is named."""
    x = noise((6, 5))
    assert found(x, x.log_softmax(dim=1))[1].startswith("Its log-softmax over axis 1 is what is expected")
    assert found(x.log_softmax(dim=1), x)[1].startswith("It is the log-softmax over axis 1 of what is expected")


def test_softmax_for_log_softmax():
    """Probabilities for log-probabilities, and the other way round, are told as a logarithm."""
    x = noise((6, 5))
    assert found(x.softmax(dim=1), x.log_softmax(dim=1)) == (
        "exponential",
        "It is the exponential of what is expected: is a logarithm missing, as in softmax instead of log-softmax?",
    )
    assert found(x.log_softmax(dim=1), x.softmax(dim=1)) == (
        "logarithm",
        "It is the logarithm of what is expected, as log-softmax is that of softmax.",
    )


@pytest.mark.parametrize("slope", [0.0, 0.2, -0.01])
def test_a_wrong_slope(slope):
    """An activation whose negative side has another slope is told with the factor between the two."""
    x = noise((7, 5))
    name, sentence = found(functional.leaky_relu(x, slope), functional.leaky_relu(x, 0.01))
    if slope == 0.0:
        assert name == "function applied"
        return
    assert name == "wrong slope"
    assert sentence == (
        "It is right except where the expected value is negative: "
        f"there it is {slope / 0.01:g} times what is expected. Check the slope."
    )


def test_a_wrong_slope_of_the_gradient():
    """A gradient whose slope is wrong for negative inputs is told, where the input is known."""
    x, dout = noise((7, 5)), noise((7, 5), seed=1)
    actual, expected = torch.where(x > 0, dout, 0.1 * dout), torch.where(x > 0, dout, 0.2 * dout)
    assert found(actual, expected)[0] is None
    assert found(actual, expected, others={"the input": x}) == (
        "wrong slope",
        "It is right except where the input is negative: there it is 0.5 times what is expected. Check the slope.",
    )


def test_a_slope_on_both_sides_is_no_slope():
    """Where one factor holds on both sides, or each element has its own, nothing is said of a slope."""
    x = noise((7, 5))
    assert found(0.3 * x, x)[0] == "scaled"
    assert found(torch.where(x > 0, x, noise((7, 5), seed=1)), x)[0] is None


@pytest.mark.parametrize("p", [0.2, 0.5, 0.7])
def test_dropout_where_nothing_is_dropped(p):
    """Scattered zeros among values that are too large by 1 / (1 - p) are told as dropout."""
    x = noise((20, 10)) + 0.5
    kept = torch.rand((20, 10), generator=torch.Generator().manual_seed(1)) >= p
    name, sentence = found(x * kept / (1 - p), x)
    assert name == "dropout active"
    assert sentence == (
        f"{int((~kept).sum())} of 200 elements are zero, all others {1 / (1 - p):.4g} times what is expected: "
        "is dropout active where nothing should be dropped?"
    )


def test_zeros_that_do_not_fit_the_factor_are_no_dropout():
    """Zeros of another share than the factor implies, or only for negative values, are no dropout."""
    x = noise((20, 10))
    few = torch.rand((20, 10), generator=torch.Generator().manual_seed(1)) >= 0.05
    assert found(x * few * 2, x)[0] is None
    assert found(2 * x.relu(), x)[0] is None


def test_dropout_that_is_not_rescaled():
    """Dropout that isn't rescaled is told where the check names the factor; without it, only the number is."""
    x = noise((20, 10)) * (noise((20, 10), seed=1) > 0)
    keep = "the probability of keeping an element"
    assert found(x, x / 0.7, others={keep: torch.tensor(0.7)})[1] == (
        f"Yours is {keep} times what is expected: leave that factor out."
    )
    assert found(x, x / 0.7)[0] == "scaled"


def test_a_scaled_relu_is_no_dropout():
    """Zeros that may come from a ReLU, or too few of them, don't make a factor dropout."""
    x = noise((20, 10))
    assert found(0.55 * x.relu(), x.relu())[0] == "scaled"
    assert found(0.55 * x, x)[0] == "scaled"
