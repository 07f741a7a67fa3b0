"""Weights that the checks of CNN draw.

test_cnn.py and test_cnn_hidden.py import it.
"""

import math

import torch


def draw_weights(rng, shapes):
    """Draw a weight of each shape and its bias, by the layer's number."""
    weights = {}
    for i, shape in enumerate(shapes, start=1):
        weights[f"{i}.weight"] = torch.randn(shape, generator=rng) * math.sqrt(2 / math.prod(shape[1:]))
        weights[f"{i}.bias"] = 0.3 * torch.randn(shape[0], generator=rng)
    return weights
