"""Weights that the checks of the MLP as a torch module draw.

test_torch_mlp.py and test_torch_mlp_hidden.py import it.
"""

import torch


def draw_weights(sizes, rng):
    """Draw w1, b1, w2, … between layers of these sizes, biases among them that can't be overlooked."""
    weights = {}
    for i in range(1, len(sizes)):
        weights[f"w{i}"] = torch.randn(sizes[i], sizes[i - 1], generator=rng) / sizes[i - 1] ** 0.5
        weights[f"b{i}"] = torch.randn(sizes[i], generator=rng)
    return weights
