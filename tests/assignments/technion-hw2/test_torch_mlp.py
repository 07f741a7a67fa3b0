"""Public checks of the MLP as a torch module.

test_torch_mlp_hidden.py looks at single layers, other last nonlinearities and modules with parameters.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_torch_mlp import draw_weights

from grader.compare import Context, Expectation, assert_matches

FUNCTIONS = {
    "relu": F.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: F.softmax(z, dim=1),
    "none": lambda z: z,
    "lrelu 0.314": lambda z: F.leaky_relu(z, 0.314),
}
LEAKY = {"module": "LeakyReLU", "arguments": [0.314]}
FOUR = ("relu", "tanh", "lrelu 0.314", "softmax")


def shapes_text(shapes):
    """Return shapes as one text: "(8,), (8, 2)"."""
    lists = shapes if isinstance(shapes, list) else []
    return ", ".join(str(tuple(shape)) for shape in sorted(lists) if isinstance(shape, list))


def mlp_output(names, x, weights):
    """Apply affine layers and the named functions in turn."""
    for i, name in enumerate(names, start=1):
        x = FUNCTIONS[name](F.linear(x, weights[f"w{i}"], weights[f"b{i}"]))
    return x


def mlp_gradients(names, x, dout, weights):
    """Return the gradients of the input and all weights, for the gradient `dout` of the output."""
    leaves = {"x": x, **weights}
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in leaves.items()}
    z = mlp_output(names, leaves["x"], leaves)
    values = torch.autograd.grad((z * dout).sum(), list(leaves.values()))
    return {f"grad of {name}": value for name, value in zip(leaves, values, strict=True)}


def other_outputs(names, x, weights):
    """Return what typical mistakes give."""
    shifted = [names[0], *names[:-1]]
    return {
        "the output without the last nonlinearity": mlp_output([*names[:-1], "none"], x, weights),
        "the output with the first nonlinearity after every layer": mlp_output([names[0]] * len(names), x, weights),
        "the output with each nonlinearity one layer late": mlp_output(shifted, x, weights),
        "the output with the nonlinearities in reverse order": mlp_output(names[::-1], x, weights),
    }


def assert_has_parameters(actual, weights):
    """Ask for a weight and a bias for each layer, wherever they are kept."""
    wanted = shapes_text([list(weight.shape) for weight in weights.values()])
    found = shapes_text(actual["parameter shapes"])
    matrices = shapes_text([list(weight.shape) for weight in weights.values() if weight.dim() == 2])
    told = {
        "": "parameters() finds nothing: a plain list registers no layers; use nn.Sequential or nn.ModuleList.",
        matrices: "The weights are right, and the biases are missing.",
    }
    assert found == wanted or found not in told, f"{told.get(found)} Expected parameters of these shapes: {wanted}."
    assert_matches({"parameter shapes": found}, {"parameter shapes": wanted})


def assert_not_detached(actual, weights):
    """Ask for a gradient of the input and of every parameter."""
    lost = [name for name in ("x", *weights) if not isinstance(actual.get(f"grad of {name}"), torch.Tensor)]
    z = actual.get("z")
    is_right_shape = isinstance(z, torch.Tensor) and z.shape[-1:] == [*weights.values()][-1].shape
    assert not is_right_shape or not lost, (
        f"No gradient reaches {', '.join(lost)}: is something on the way detached, turned into NumPy or computed under "
        "no_grad?"
    )


@pytest.mark.graded(
    task="torch-mlp",
    weight=2,
    grounds="hw2 part 3, lines 1595 to 1613 and 1622: a linear layer with a bias for each entry of dims; out_dim",
)
def test_torch_mlp_structure(probe, rng):
    """MLP has a weight and a bias for each layer, and knows its out_dim

    Four layers make eight parameters: compare the printed model with the one in the text. A layer that the model
    keeps in a plain list is not found by parameters().
    """
    weights = draw_weights((2, 8, 16, 32, 64), rng)
    nonlins = ["relu", "tanh", LEAKY, "softmax"]
    x = torch.randn(3, 2, generator=rng)
    actual = probe("torch_mlp", x=x, dims=[8, 16, 32, 64], nonlins=nonlins, weights=weights)
    assert_has_parameters(actual, weights)
    assert_matches(actual, {"out_dim": 64})


@pytest.mark.graded(
    task="torch-mlp",
    weight=3,
    after="test_torch_mlp_structure",
    grounds="hw2 part 3, line 1580: each layer, then its nonlinearity",
)
def test_torch_mlp_forward(matches_recorded, rng):
    """MLP.forward applies each layer and then its nonlinearity

    Names and a torch module, as in the text. The expected outputs are computed with known weights and biases.
    """
    x, weights = torch.randn(9, 2, generator=rng), draw_weights((2, 8, 16, 32, 64), rng)
    nonlins = ["relu", "tanh", LEAKY, "softmax"]
    before_softmax = mlp_output([*FOUR[:3], "none"], x, weights)
    others = other_outputs(FOUR, x, weights)
    others["the output with the softmax over the samples"] = F.softmax(before_softmax, dim=0)
    context = Context(batch_size=9, others=others)
    matches_recorded(
        "torch_mlp",
        lambda x, weights: {"z": mlp_output(FOUR, x, weights)},
        context=context,
        x=x,
        dims=[8, 16, 32, 64],
        nonlins=nonlins,
        weights=weights,
    )


@pytest.mark.graded(
    task="torch-mlp",
    weight=2,
    after="test_torch_mlp_structure",
    grounds="hw2 part 3, lines 1621 and 1624: all parameters take part, and the output has a gradient",
)
def test_torch_mlp_gradients(probe, expected, rng):
    """The gradients of an MLP reach its input and all of its parameters

    torch computes them; nothing on the way may be detached or turned into NumPy.
    """
    x, dout = torch.randn(9, 2, generator=rng), torch.randn(9, 7, generator=rng)
    weights, names = draw_weights((2, 6, 5, 7), rng), ("relu", "relu", "none")
    actual = probe("torch_mlp", x=x, dims=[6, 5, 7], nonlins=list(names), weights=weights, dout=dout)
    assert_has_parameters(actual, weights)
    assert_not_detached(actual, weights)
    wanted = expected(
        "torch_mlp",
        lambda x, dout, weights: mlp_gradients(names, x, dout, weights),
        x=x,
        dims=[6, 5, 7],
        nonlins=list(names),
        weights=weights,
        dout=dout,
    )
    assert_matches(actual, wanted, context=Context(batch_size=9))


@pytest.mark.graded(
    task="torch-mlp",
    weight=1,
    after="test_torch_mlp_structure",
    grounds="hw2 part 3, lines 1594 to 1611: names stand for nonlinearities",
)
def test_torch_mlp_names(probe, expected, rng):
    """MLP turns names into nonlinearities

    relu, tanh, sigmoid and none, each behind two layers.
    """
    x, weights = torch.randn(9, 3, generator=rng), draw_weights((3, 5, 4), rng)
    for name in ("relu", "tanh", "sigmoid", "none"):
        inputs = {"x": x, "dims": [5, 4], "nonlins": [name, name], "weights": weights}
        actual = probe("torch_mlp", **inputs)
        wanted = expected(
            "torch_mlp", lambda x, weights, names=(name, name): {"z": mlp_output(names, x, weights)}, **inputs
        )
        z = f"z with {name}"
        others = {f"the output with {other}": mlp_output([other] * 2, x, weights) for other in FUNCTIONS}
        named = Expectation({z: wanted.values["z"]}, {z: wanted.tolerances["z"]})
        assert_matches({z: actual["z"]}, named, context=Context(batch_size=9, others=others))
