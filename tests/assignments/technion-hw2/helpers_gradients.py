"""Gradients of a network with weights by layer number.

The checks of CNN, of residual blocks and of ResNet import it.
"""

import torch


def gradients(function, dout, x, weights):
    """Return autograd's gradients of `function` for x and all parameters."""
    leaves = {name: tensor for name, tensor in {"x": x, **weights}.items() if "running" not in name}
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in leaves.items()}
    values = torch.autograd.grad((function(leaves["x"], weights | leaves) * dout).sum(), tuple(leaves.values()))
    return {f"grad of {name}": value for name, value in zip(leaves, values, strict=True)}
