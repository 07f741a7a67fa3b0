"""Hidden checks of the MLP as a torch module: one layer, other last nonlinearities, modules with parameters.

test_torch_mlp.py holds the public ones, among them those of the names: here only "relu" and "none" stand where another
would do. What the text leaves open is not asked for: the names of submodules, which slope "lrelu" stands for, an error
for lists of different lengths, and along which axis a softmax of more than two axes would go.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_torch_mlp import draw_weights

from grader.compare import Context, assert_kinds, assert_matches, measured


def affine(x, weights, i):
    return F.linear(x, weights[f"w{i}"], weights[f"b{i}"])


def gradients(function, dout, **inputs):
    """Return autograd's gradients of `function` for all its inputs."""
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in inputs.items()}
    values = torch.autograd.grad((function(leaves) * dout).sum(), list(leaves.values()))
    return {f"grad of {name}": value for name, value in zip(leaves, values, strict=True)}


@pytest.mark.graded(
    task="torch-mlp",
    weight=1,
    after="test_torch_mlp_structure",
    grounds="hw2 part 3, lines 1580 and 1583: any number of layers",
)
def test_torch_mlp_single_layer(probe, expected, rng):
    """An MLP of one layer applies its only nonlinearity

    The last layer is followed by its nonlinearity like every other one: here a softmax over the features.
    """
    x, weights = torch.randn(6, 4, generator=rng), draw_weights((4, 7), rng)
    actual = probe("torch_mlp", x=x, dims=[7], nonlins=["softmax"], weights=weights)
    context = Context(batch_size=6, others={"the output without its nonlinearity": affine(x, weights, 1)})
    wanted = expected(
        "torch_mlp",
        lambda x, weights: {"z": F.softmax(affine(x, weights, 1), dim=1)},
        x=x,
        dims=[7],
        nonlins=["softmax"],
        weights=weights,
    )
    assert_matches(actual, wanted, context=context)
    assert_matches(actual, {"out_dim": 7})


@pytest.mark.graded(
    task="torch-mlp",
    weight=1,
    after="test_torch_mlp_structure",
    grounds="hw2 part 3, lines 1597 and 1610: the last nonlinearity is applied, too",
)
def test_torch_mlp_last_sigmoid(matches_recorded, rng):
    """MLP ends with the last nonlinearity of its list

    Five layers, widths that grow and shrink, a sigmoid at the end.
    """
    names = ("none", "relu", "none", "relu", "sigmoid")
    functions = (lambda z: z, F.relu, lambda z: z, F.relu, torch.sigmoid)

    def output(x, weights):
        for i, function in enumerate(functions, start=1):
            x = function(affine(x, weights, i))
        return x

    x, weights = torch.randn(5, 3, generator=rng), draw_weights((3, 9, 4, 10, 2, 6), rng)
    others = {"the output without the last nonlinearity": torch.logit(output(x, weights))}
    matches_recorded(
        "torch_mlp",
        lambda x, weights: {"z": output(x, weights)},
        context=Context(batch_size=5, others=others),
        x=x,
        dims=[9, 4, 10, 2, 6],
        nonlins=list(names),
        weights=weights,
    )


@pytest.mark.graded(
    task="torch-mlp",
    weight=1,
    after="test_torch_mlp_structure",
    grounds="hw2 part 3, lines 1587 and 1597: a nonlinearity may be a module; the model is to be composable",
)
def test_torch_mlp_module_with_parameters(probe, expected, rng):
    """A torch module in the list of nonlinearities is used as it is, and its parameters are the model's

    A PReLU learns its slope, so the optimizer has to find it in parameters().
    """

    def output(leaves):
        h = F.prelu(affine(leaves["x"], leaves, 1), leaves["slope"])
        return torch.relu(affine(h, leaves, 2))

    x, dout = torch.randn(8, 3, generator=rng), torch.randn(8, 4, generator=rng)
    weights = draw_weights((3, 5, 4), rng) | {"slope": torch.tensor([0.4])}
    nonlins = [{"module": "PReLU", "arguments": [1, 0.1]}, "relu"]
    actual = probe("torch_mlp", x=x, dims=[5, 4], nonlins=nonlins, weights=weights, dout=dout)
    assert_kinds(actual, {"parameter shapes": [[int]]})
    has_slope = [1] in actual["parameter shapes"]
    assert has_slope, "The parameters of a PReLU in the list of nonlinearities are not among the model's parameters()."
    wanted = expected(
        "torch_mlp",
        lambda: measured(
            lambda dout, **leaves: {"z": output(leaves)} | gradients(output, dout, **leaves), dout=dout, x=x, **weights
        ),
        x=x,
        dims=[5, 4],
        nonlins=nonlins,
        weights=weights,
        dout=dout,
    )
    assert_matches(actual, wanted, context=Context(batch_size=8))
