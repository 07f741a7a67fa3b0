"""The hidden checks of the mini course."""

import pytest
import torch

from grader.compare import assert_matches, measured


@pytest.mark.graded(task="linear", weight=2, after="test_linear_forward")
def test_linear_backward(probe, rng):
    """Linear.backward returns the gradients of x, w and b"""
    inputs = {
        "x": torch.randn(7, 5, generator=rng),  # (N, D)
        "w": torch.randn(3, 5, generator=rng),  # (K, D)
        "b": torch.randn(3, generator=rng),  # (K,)
        "dout": torch.randn(7, 3, generator=rng),  # (N, K)
    }
    assert_matches(probe("linear_backward", **inputs), measured(affine_backward, **inputs))


@pytest.mark.graded(task="momentum-sgd", weight=2, after="test_momentum_sgd_first_step")
def test_momentum_sgd_four_steps(probe, expected, rng):
    """MomentumSGD remembers earlier gradients in its velocity"""
    inputs = {
        "p": torch.randn(4, 3, generator=rng),
        "gradients": [torch.randn(4, 3, generator=rng) for _ in range(4)],
        "learn_rate": 0.3,
        "momentum": 0.7,
    }
    assert_matches(probe("momentum_sgd", **inputs), expected("momentum_sgd", **inputs))


def affine_backward(*, x, w, b, dout):
    return {"dx": dout @ w, "dw": dout.T @ x, "db": dout.sum(0)}
