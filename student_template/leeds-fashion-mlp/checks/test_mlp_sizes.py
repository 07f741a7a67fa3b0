"""Public check of the networks with other numbers of neurons.

The original text speaks of "the hidden layer" of a network that has two. The template says that it is the first one; a
notebook without `MLPHidden` may have changed either of them, or both.
"""

import pytest
import torch
from test_mlp import forward

from grader.compare import assert_matches, measured


def check_sized(probe, rng, hidden_dim):
    images = torch.randn(5, 1, 28, 28, generator=rng)
    actual = probe("sized", images=images, hidden_dim=hidden_dim)
    layers = actual["linear layers"]
    told = " → ".join(str(size) for size in [layers[0][0], *(out for _, out in layers)]) if layers else "none"
    hidden = [out for _, out in layers[:-1]] if layers and (layers[0][0], layers[-1][1]) == (784, 10) else []
    assert hidden_dim in hidden, (
        f"Asked for {hidden_dim} neurons, the linear layers of `MLPHidden` are {told}; "
        f"expected 784 → {hidden_dim} → 100 → 10."
    )
    parameters = {"weights": actual["weights"], "biases": actual["biases"]}
    assert_matches({"scores": actual["scores"]}, measured(forward, images=images, **parameters))


@pytest.mark.graded(task="hidden-sizes", weight=2)
def test_64_neurons(probe, rng):
    """A network with 64 neurons in a hidden layer: 784 → 64 → 100 → 10"""
    check_sized(probe, rng, 64)
