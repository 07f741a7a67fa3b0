"""Probes of the MLP as a torch module, and the student's own MLP with known weights, which other probes run.

The checks in test_torch_mlp*.py judge it; probes_mlp_classifier.py and probes_mlp_plane.py put it into classifiers.
"""

import torch
from probes import copy_of

from grader.probes import probe


@probe(needs=["hw2.mlp"])
def torch_mlp(*, x, dims, nonlins, weights, dout=None):
    """Return the shapes of an MLP's parameters; if they are those of `weights`, also its output and gradients.

    `weights` maps names to tensors of different shapes: each goes into the parameter of its shape, so neither the
    names of submodules nor their order matter. A nonlinearity that is a dict stands for a torch module.
    """
    from hw2.mlp import MLP

    model = MLP(in_dim=x.shape[1], dims=list(dims), nonlins=[_nonlinearity(nonlin) for nonlin in nonlins])
    outputs = {
        "parameter shapes": sorted(list(parameter.shape) for parameter in model.parameters()),
        "in_dim": getattr(model, "in_dim", None),
        "out_dim": getattr(model, "out_dim", None),
    }
    named = _filled(model, weights)
    return outputs if named is None else outputs | _pass(model, x=x, named=named, dout=dout)


def _nonlinearity(nonlin):
    """Return a name as it is, and the torch module that a dict describes."""
    return nonlin if isinstance(nonlin, str) else getattr(torch.nn, nonlin["module"])(*nonlin["arguments"])


def _filled(model, weights):
    """Write weights into the parameters of their shapes, and return these by name; None where shapes don't fit."""
    by_shape = {tuple(parameter.shape): parameter for parameter in model.parameters()}
    if sorted(by_shape) != sorted(tuple(weight.shape) for weight in weights.values()):
        return None
    named = {name: by_shape[tuple(weight.shape)] for name, weight in weights.items()}
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(weights[name])
    return named


def _pass(model, *, x, named, dout):
    """Run a batch forward, and back if there is a `dout`."""
    leaf = x.clone().requires_grad_()
    z = model(leaf)
    outputs = {"z": copy_of(z)}
    if dout is not None and isinstance(z, torch.Tensor) and z.shape == dout.shape and z.requires_grad:
        z.backward(dout.clone())
        outputs["grad of x"] = copy_of(leaf.grad)
        outputs |= {f"grad of {name}": copy_of(parameter.grad) for name, parameter in named.items()}
    return outputs


def own_mlp(weights, nonlins):
    """Return the student's own MLP with the weights w1, b1, w2, …, no two of one shape, and its parameters by name.

    Raises RuntimeError where its parameters have other shapes: its own task says so.
    """
    from hw2.mlp import MLP

    dims = [len(weights[f"b{i}"]) for i in range(1, len(nonlins) + 1)]
    model = MLP(in_dim=weights["w1"].shape[1], dims=dims, nonlins=list(nonlins))
    named = _filled(model, weights)
    if named is None:
        raise RuntimeError("hw2.mlp.MLP has no weight and bias of the shapes that its layers need.")
    return model, named


def watch_passes(model, note):
    """Call `note` with the input and the output of every pass of a model, also of one that calls `forward` itself."""
    forward = model.forward

    def noting(x, *args, **kwargs):
        output = forward(x, *args, **kwargs)
        note(x, output)
        return output

    model.forward = noting
