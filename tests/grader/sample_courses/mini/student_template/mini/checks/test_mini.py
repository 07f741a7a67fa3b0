"""The public checks of the mini course; no constant and no copy of an input passes any of them."""

import pytest
import torch

from grader.compare import assert_matches, measured


def leaky_relu(x, *, alpha=0.2):
    return torch.where(x > 0, x, alpha * x)


@pytest.mark.graded(task="leaky-relu")
def test_leaky_relu_forward(probe, rng):
    """LeakyReLU.forward keeps positive elements and scales the others

    alpha is the slope of the negative side.
    """
    x = torch.randn(6, 5, generator=rng)
    assert_matches(probe("leaky_relu", x=x, alpha=0.2), {"z": leaky_relu(x)})


@pytest.mark.graded(task="leaky-relu", after="test_leaky_relu_forward")
def test_leaky_relu_backward(probe, rng):
    """LeakyReLU.backward passes the gradient on with the slope of each side"""
    x, dout = torch.randn(6, 5, generator=rng), torch.randn(6, 5, generator=rng)
    actual = probe("leaky_relu_backward", x=x, alpha=0.2, dout=dout)
    assert_matches(actual, {"dx": torch.where(x > 0, dout, 0.2 * dout)})


@pytest.mark.graded(task="linear")
def test_linear_forward(probe, rng):
    """Linear.forward computes x @ w.T + b"""
    inputs = draw_linear(rng)
    assert_matches(probe("linear", **inputs), measured(affine, **inputs))


@pytest.mark.graded(task="momentum-sgd")
def test_momentum_sgd_first_step(probe, expected, rng):
    """MomentumSGD.step moves the parameter against its gradient, in place"""
    inputs = draw_steps(1, rng=rng)
    assert_matches(probe("momentum_sgd", **inputs), expected("momentum_sgd", **inputs))


def draw_linear(rng):
    return {
        "x": torch.randn(7, 5, generator=rng),  # (N, D)
        "w": torch.randn(3, 5, generator=rng),  # (K, D)
        "b": torch.randn(3, generator=rng),  # (K,)
    }


def affine(*, x, w, b):
    return {"z": x @ w.T + b}


def draw_steps(number, *, rng):
    return {
        "p": torch.randn(4, 3, generator=rng),
        "gradients": [torch.randn(4, 3, generator=rng) for _ in range(number)],
        "learn_rate": 0.3,
        "momentum": 0.7,
    }
