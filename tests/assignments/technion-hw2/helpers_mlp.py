"""What the checks of sequences and multilayer perceptrons share: gradients.

test_mlp.py and test_mlp_hidden.py import it.
"""

import torch


def gradients(function, dout, **inputs):
    """Return autograd's gradients of `function` for all its inputs."""
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in inputs.items()}
    values = torch.autograd.grad((function(**leaves) * dout).sum(), tuple(leaves.values()))
    return {f"grad of {name}": value for name, value in zip(leaves, values, strict=True)}
