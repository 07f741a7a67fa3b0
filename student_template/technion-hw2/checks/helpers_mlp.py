"""What the checks of sequences and multilayer perceptrons share: gradients, and attempts with sound layers.

test_mlp.py, test_mlp_hidden.py and test_dropout_hidden.py import it.
"""

from functools import partial

import torch

from grader.compare import assert_any


def gradients(function, dout, **inputs):
    """Return autograd's gradients of `function` for all its inputs."""
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in inputs.items()}
    values = torch.autograd.grad(function(**leaves), tuple(leaves.values()), dout)
    return {f"grad of {name}": value for name, value in zip(leaves, values, strict=True)}


def own_then_sound(attempt):
    """Try `attempt(sound=False)` with the student's own layers, then `attempt(sound=True)` with sound ones.

    What is wrong in a layer is charged where that layer is checked; here only what is built from layers counts.
    """
    assert_any(partial(attempt, sound=False), partial(attempt, sound=True))
