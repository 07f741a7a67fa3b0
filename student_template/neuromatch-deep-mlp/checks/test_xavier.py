"""Public checks of init_weights and of the gain. What becomes of the biases is open, as in the text.

The layers are so large that any honest sample has the spread asked for: ten standard deviations lie within 2 %.
"""

import math

import pytest
import torch

from grader.compare import Spec, assert_kinds, assert_matches

TOLERANCE = 0.02


def spread(gain, in_features, out_features):
    """Return the standard deviation of Xavier's weights."""
    return gain * math.sqrt(2 / (in_features + out_features))


def check_weights(probe, *, gain, in_features, out_features, mode=None):
    """Check mean and spread of the weights, and return them in units of the spread asked for."""
    actual = probe("initial_weights", gain=gain, in_features=in_features, out_features=out_features, mode=mode)
    assert actual.get("unchanged") is not True, "init_weights leaves the weights of an nn.Linear as they were."
    assert_matches(actual, {"weight": Spec((out_features, in_features))})
    weight, wanted = actual["weight"].double(), spread(gain, in_features, out_features)
    found = weight.std().item()
    known = {
        "That is the spread for a gain of 1: hand `gain` to the initialization.": spread(1, in_features, out_features),
        "That is He's spread, which looks at the inputs only.": gain * math.sqrt(2 / in_features),
        "That is the variance where the standard deviation belongs.": wanted**2,
        "That is the spread for the gain squared.": gain * wanted,
        "That is √3 times as wide: the bound of the uniform distribution, taken as a spread.": math.sqrt(3) * wanted,
        "That is √3 too narrow: a uniform distribution within ±σ has the spread σ/√3.": wanted / math.sqrt(3),
    }
    told = [words for words, other in known.items() if abs(found / other - 1) < TOLERANCE]
    assert abs(found / wanted - 1) < TOLERANCE, (
        f"With {in_features} inputs, {out_features} outputs and a gain of {gain:g}, the weights' standard deviation is "
        f"{found:.5f}; expected {wanted:.5f}. {told[0] if told else 'It is gain * √(2 / (inputs + outputs)).'}"
    )
    mean = weight.mean().item()
    assert abs(mean) < TOLERANCE * wanted, f"The weights' mean is {mean:.5f}; expected 0."
    return weight / wanted


@pytest.mark.graded(
    task="xavier",
    weight=3,
    grounds="tutorial 2, lines 995 and 1051: normal, with the spread gain * sqrt(2 / (n_in + n_out))",
)
def test_xavier_normal(probe):
    """init_weights draws from a normal distribution with the spread gain * √(2 / (n_in + n_out))"""
    weight = check_weights(probe, gain=1.5, in_features=400, out_features=300)
    largest = weight.abs().max().item()
    assert largest > 2.5, (
        f"No weight is further from 0 than {largest:.2f} times the spread: that is a uniform distribution; expected a "
        "normal one where no mode is given."
    )


@pytest.mark.graded(
    task="xavier",
    weight=1,
    after="test_xavier_normal",
    strict=True,
    grounds="tutorial 2, lines 1049 and 1061: applied to a network, it changes linear layers",
)
def test_xavier_keeps_others(probe, expected):
    """init_weights can be applied to whole networks, and changes linear layers only"""
    actual = probe("mixed_network", gain=3.0)
    assert_matches(actual, {"norm": Spec((8,)), "inner weight": Spec((300, 8))})
    recorded = expected("mixed_network", lambda: {"norm": torch.ones(8)}, gain=3.0)
    assert torch.equal(actual["norm"], recorded.values["norm"]), "init_weights changes the weights of an nn.LayerNorm."
    found, wanted = actual["inner weight"].std().item(), spread(3.0, 8, 300)
    assert abs(found / wanted - 1) < 0.15, (
        f"A linear layer inside of another module has weights with a spread of {found:.4f}; expected {wanted:.4f}."
    )


@pytest.mark.graded(task="xavier", weight=3, grounds="tutorial 2, lines 1030 and 1080: sqrt(2 / (1 + slope^2))")
def test_gain_of_leaky_relu(probe):
    """theoretical_gain is the gain that makes up for LeakyReLU

    It is √(2 / (1 + α²)), with the negative slope α.
    """
    actual = probe("gain_of_leaky_relu")
    assert_kinds(actual, {"theoretical_gain": float, "negative_slope": float})
    slope = actual["negative_slope"]
    assert 0 <= slope < 1, f"negative_slope is {slope:g}; expected a small number above 0, as the notebook has it."
    wanted = math.sqrt(2 / (1 + slope**2))
    known = {
        "That is the square of it: take the root.": wanted**2,
        "The slope has to be squared.": math.sqrt(2 / (1 + slope)),
        "That is one divided by it: the gain makes up for what the activation takes away.": 1 / wanted,
        "That is the gain of ReLU, without the slope.": math.sqrt(2),
    }
    found = actual["theoretical_gain"]
    told = [words for words, other in known.items() if abs(found - other) < 1e-4]
    assert abs(found - wanted) < 1e-4, (
        f"theoretical_gain is {found:.4f} for a slope of {slope:g}; expected {wanted:.4f}. {told[0] if told else ''}"
    )
