"""The public checks of the notebook mini course."""

import pytest
import torch
from torch.nn.functional import relu

from grader.compare import assert_matches, measured


@pytest.mark.graded(task="mlp", weight=2)
def test_mlp_forward(probe, rng):
    """MLP applies its linear layers with ReLU in between

    No activation follows the last layer.
    """
    inputs = draw(rng, sizes=[6, 5, 4, 3])
    actual = probe("mlp", **inputs)
    assert actual["shapes"] == [[5, 6], [4, 5], [3, 4]], "MLP has one linear layer for each hidden size and one more."
    assert_matches({"scores": actual["scores"]}, measured(forward, x=inputs["x"], weights=inputs["weights"]))


@pytest.mark.graded(task="mlp")
def test_mlp_without_hidden_layers(probe, rng):
    """MLP without hidden sizes is one linear layer"""
    inputs = draw(rng, sizes=[6, 3])
    actual = probe("mlp", **inputs)
    assert_matches({"scores": actual["scores"]}, measured(forward, x=inputs["x"], weights=inputs["weights"]))


@pytest.mark.graded(task="optimizer")
def test_momentum_first_step(probe, expected, rng):
    """SGDMomentum's first step moves by lr * (1 - momentum) * gradient"""
    inputs = draw_steps(rng, count=1)
    assert_matches(probe("momentum", **inputs), expected("momentum", **inputs))


@pytest.mark.graded(task="optimizer", after="test_momentum_first_step")
def test_momentum_three_steps(probe, rng):
    """SGDMomentum averages the gradients of all steps"""
    inputs = draw_steps(rng, count=3)
    assert_matches(probe("momentum", **inputs), measured(momentum, **inputs))


def draw(rng, *, sizes):
    shapes = zip(sizes[1:], sizes[:-1], strict=True)
    return {
        "x": torch.randn(7, sizes[0], generator=rng),  # (N, D)
        "sizes": sizes,
        "weights": [torch.randn(shape, generator=rng) for shape in shapes],  # (out, in) each
    }


def forward(*, x, weights):
    for weight in weights[:-1]:
        x = relu(x @ weight.T)
    return {"scores": x @ weights[-1].T}


def draw_steps(rng, *, count):
    gradients = [torch.randn(4, 3, generator=rng) for _ in range(count)]
    return {"start": torch.randn(4, 3, generator=rng), "gradients": gradients, "lr": 0.5, "momentum": 0.9}


def momentum(*, start, gradients, lr, momentum):
    average, steps = torch.zeros_like(start), {}
    for number, gradient in enumerate(gradients, start=1):
        average = momentum * average + (1 - momentum) * gradient
        start = start - lr * average
        steps[f"w after step {number}"] = start
    return steps
