"""Hidden checks of init_weights and of the gain: the uniform mode, and signals that keep their size."""

import math

import pytest
import torch
from test_xavier import check_weights

from grader.compare import Spec, assert_matches

WIDTH, DEPTH = 512, 10


@pytest.mark.graded(task="xavier", weight=2, grounds="tutorial 2, lines 999 and 1053: uniform, with the same variance")
def test_xavier_uniform(probe):
    """In the mode "uniform", the weights are drawn evenly from -a to a with the same spread"""
    weight = check_weights(probe, gain=0.7, in_features=200, out_features=600, mode="uniform")
    largest = weight.abs().max().item()
    ignored = " Those are weights of a normal distribution: is `mode` looked at?" if largest > 2.5 else ""
    assert 0.99 < largest / math.sqrt(3) < 1.001, (
        f"The largest weight is {largest:.3f} times the spread; expected √3 = 1.732 of a uniform distribution.{ignored}"
    )


# Each layer's mean square varies by a few percent; ten layers together stay far within a factor of two. A gain of 1
# would leave 0.1 % of the signal.
@pytest.mark.graded(
    task="xavier",
    weight=2,
    after=("test_xavier_normal", "test_gain_of_leaky_relu"),
    strict=True,
    grounds="tutorial 2, lines 1023 to 1030: this gain keeps the variance from layer to layer",
)
def test_gain_keeps_signals(probe, rng):
    """With this gain, a signal keeps its size through ten layers with LeakyReLU"""
    x = torch.randn(256, WIDTH, generator=rng)
    actual = probe("signal", x=x, depth=DEPTH)
    assert_matches(actual, {"mean squares": [Spec(())] * DEPTH})
    last = actual["mean squares"][-1] / (x**2).mean().item()
    assert 0.5 < last < 2, (
        f"After {DEPTH} layers, the mean square of the signal is {last:.3g} times what it was; expected about 1."
    )
