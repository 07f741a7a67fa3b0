"""Tensors that the checks of layers draw.

test_layers.py and test_layers_hidden.py import it.
"""

import torch


def draw_clear_of_zero(*shape, rng):
    """Draw numbers that stay 0.1 away from zero, where a ReLU has no slope."""
    x = torch.randn(*shape, generator=rng)
    return x + 0.1 * torch.sign(x)
