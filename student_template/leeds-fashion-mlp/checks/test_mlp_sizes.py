"""Public check of the networks with other numbers of neurons.

The original text speaks of "the hidden layer" of a network that has two. The template says that it is the first one; a
notebook without `MLPHidden` may have changed either of them, or both.
"""

import itertools

import pytest
import torch
from test_mlp import forward, in_words

from grader.compare import Spec, assert_kinds, assert_matches, measured


def check_sized(probe, rng, hidden_dim):
    images = torch.randn(5, 1, 28, 28, generator=rng)
    actual = probe("sized", images=images, hidden_dim=hidden_dim)
    assert_kinds(actual, {"linear layers": [[int]]})
    layers = actual["linear layers"]
    sizes = [784, *(size for layer in layers for size in layer[1:])]
    is_chain = layers == [list(pair) for pair in itertools.pairwise(sizes)] and sizes[-1] == 10
    assert hidden_dim in (sizes[1:-1] if is_chain else []), (
        f"Asked for {hidden_dim} neurons, the linear layers of `MLPHidden` are {in_words(layers)}; "
        f"expected 784 → {hidden_dim} → 100 → 10."
    )
    weights, biases = [Spec((out, into)) for into, out in layers], [Spec((out,)) for out in sizes[1:]]
    assert_matches(actual, {"weights": weights, "biases": biases})
    parameters = {"weights": actual["weights"], "biases": actual["biases"]}
    assert_matches(actual, measured(forward, images=images, **parameters))


@pytest.mark.graded(task="hidden-sizes", weight=2, grounds="notebook, line 273: 64 neurons in the hidden layer")
def test_64_neurons(probe, rng):
    """A network with 64 neurons in a hidden layer: 784 → 64 → 100 → 10"""
    check_sized(probe, rng, 64)
