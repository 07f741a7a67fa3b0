"""What the probes of the from-scratch package `hw2` share: how a layer is run, filled and read.

The probes themselves are in the files probes_*.py, and the checks beside them (test_*.py) judge them. Everything handed
to a student's object is a clone, since their code may write into it; what they return may be anything, so nothing here
relies on its type.
"""

import numbers
import re

import torch


def forward_backward(layer, *, x, dout, before):
    """Run one forward pass, and one backward pass if there is a `dout`; `before` goes through both first."""
    if before is not None:
        _run_before(layer, before)
    outputs = {"z": copy_of(layer(x.clone()))}
    if dout is not None:
        outputs["grad of x"] = copy_of(only(layer.backward(dout.clone())))
    return outputs


def _run_before(layer, x):
    """Run an earlier batch forward and back, then clear the gradients, as an optimizer does."""
    z = layer(x.clone())
    if isinstance(z, torch.Tensor):
        layer.backward(torch.ones_like(z))
    for _, gradient in pairs_of(layer):
        if isinstance(gradient, torch.Tensor):
            gradient.detach().zero_()


def refill(linears):
    """Write other weights and biases into the layers, in place: a bias of 0 would hide mistakes.

    They are the same in each run, so that no mistake is hidden by chance (by a unit that is dead for all samples).
    """
    rng = torch.Generator().manual_seed(4)
    for layer in linears:
        for parameter in (layer.w, layer.b):
            if isinstance(parameter, torch.Tensor):
                parameter.detach().copy_(0.5 * torch.randn(parameter.shape, generator=rng, dtype=torch.float32))


def linears_of(model):
    """Return the blocks of an MLP that have a weight and a bias."""
    blocks = [model.sequence[i] for i in range(len(model.sequence))]
    return [block for block in blocks if hasattr(block, "w") and hasattr(block, "b")]


def gradients_of(model, **named):
    """Return the gradient that `model.params()` pairs with each named parameter, where it has one."""
    gradients = {}
    for parameter, gradient in pairs_of(model):
        for name, value in named.items():
            if isinstance(value, torch.Tensor) and value.data_ptr() == parameter.data_ptr():
                gradients[f"grad of {name}"] = copy_of(gradient)
    return gradients


def with_flat_biases(outputs):
    """Turn a bias that is one row (1, D_out) into a vector, and its gradient with it: it adds up to the same."""
    rows = [name for name, value in outputs.items() if re.fullmatch(r"b\d*", name) and _is_row(value)]
    names = [*rows, *(f"grad of {name}" for name in rows)]
    return outputs | {name: outputs[name][0] for name in names if _is_row(outputs.get(name))}


def _is_row(value):
    return isinstance(value, torch.Tensor) and value.dim() == 2 and value.shape[0] == 1


def pairs_of(model):
    """Read params() afresh: any sequence of (parameter, gradient) pairs; skip what is no pair."""
    entries = list(model.params() or [])
    pairs = [entry for entry in entries if isinstance(entry, tuple | list) and len(entry) == 2]
    return [pair for pair in pairs if isinstance(pair[0], torch.Tensor)]


def only(value):
    """Unwrap a tuple of gradients with the input's in front."""
    return value[0] if isinstance(value, tuple | list) and value else value


def copy_of(value):
    """Keep a tensor as it is now: the student's code may change it later."""
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def number_of(value):
    """Turn a number (torch's and NumPy's among them) into a tensor without axes; leave anything else."""
    if getattr(value, "shape", None) in ((), (1,)) and hasattr(value, "item"):
        value = value.item()
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return torch.tensor(float(value)) if is_number else value
