"""Public checks of Sequential and MLP.

test_mlp_hidden.py looks at the order of layers, at modes and at other architectures.
"""

import re

import pytest
import torch
import torch.nn.functional as F
from helpers_mlp import gradients

from grader.compare import Context, Spec, assert_matches, measured

SEQUENCE = (6, 5, 4, 1)


def sequence_output(x, w1, b1, w2, b2, w3, b3):
    """Linear, LeakyReLU, Linear, ReLU, Linear, Sigmoid."""
    h1 = F.leaky_relu(F.linear(x, w1, b1), 0.1)
    h2 = F.relu(F.linear(h1, w2, b2))
    return torch.sigmoid(F.linear(h2, w3, b3))


def relu_mlp(x, w1, b1, w2, b2, w3, b3):
    h1 = F.relu(F.linear(x, w1, b1))
    h2 = F.relu(F.linear(h1, w2, b2))
    return F.linear(h2, w3, b3)


def weight_specs(*sizes):
    """Return the shapes of the Linear layers' parameters between layers of these sizes."""
    specs = {}
    for i in range(1, len(sizes)):
        specs |= {f"w{i}": Spec((sizes[i], sizes[i - 1])), f"b{i}": Spec((sizes[i],))}
    return specs


def kinds(blocks):
    """Return what the blocks call themselves, without their arguments: "linear, relu, linear"."""
    names = blocks if isinstance(blocks, list) else []
    return ", ".join(re.match("[a-z]*", str(name).lower()).group() for name in names)


@pytest.mark.graded(task="sequential", weight=2, grounds="document, line 377: layers are called one after the other")
def test_sequential_forward(probe, expected, rng):
    """Sequential.forward runs its layers one after the other

    Six layers: Linear, LeakyReLU, Linear, ReLU, Linear, Sigmoid. If the layers' own checks pass, look at what
    each layer gets as its input.
    """
    x = torch.randn(8, 6, generator=rng)
    specs = weight_specs(*SEQUENCE)

    actual = probe("sequential", x=x, sizes=SEQUENCE)
    assert_matches(actual, specs)
    weights = {name: actual[name] for name in specs}
    assert_matches(
        actual,
        expected(
            "sequential",
            lambda: measured(lambda **tensors: {"z": sequence_output(**tensors)}, x=x, **weights),
            x=x,
            sizes=SEQUENCE,
        ),
    )


@pytest.mark.graded(
    task="sequential",
    weight=3,
    grounds="document, lines 382 to 407: the gradients of the input and of all parameters, end to end",
)
def test_sequential_backward(probe, expected, rng):
    """Sequential.backward gives the gradients for the input and all parameters

    The gradient travels the other way. The parameters' gradients are read from params() of the sequence.
    """
    x, dout = torch.randn(8, 6, generator=rng), torch.randn(8, 1, generator=rng)
    specs = weight_specs(*SEQUENCE)

    def wanted(dout, **inputs):
        return gradients(sequence_output, dout, **inputs)

    actual = probe("sequential", x=x, sizes=SEQUENCE, dout=dout)
    assert_matches(actual, specs)
    weights = {name: actual[name] for name in specs}
    assert_matches(
        actual,
        expected("sequential", lambda: measured(wanted, dout=dout, x=x, **weights), x=x, sizes=SEQUENCE, dout=dout),
        context=Context(batch_size=8),
    )


@pytest.mark.graded(
    task="mlp",
    weight=2,
    grounds="document, lines 433 and 443 to 467: a Linear and an activation for each hidden size, a Linear at the end",
)
def test_mlp_structure(matches_recorded):
    """MLP.sequence alternates Linear layers and activations and ends with a Linear

    Three hidden layers make seven blocks. Print the model and compare it with the one in the text.
    """
    inputs = {"in_features": 10, "num_classes": 10, "hidden_features": [100, 50, 100], "options": {}}
    actual = matches_recorded("mlp_blocks", lambda: {"number of blocks": 7}, **inputs)
    blocks = {"blocks": kinds(actual["blocks"])}
    assert_matches(blocks, {"blocks": "linear, relu, linear, relu, linear, relu, linear"})


@pytest.mark.graded(task="mlp", weight=1, grounds="document, lines 457 to 468: the activation is the named one")
def test_mlp_sigmoid_structure(probe):
    """MLP uses the activation that its argument names

    The document builds one with activation="relu" and one with activation="sigmoid".
    """
    actual = probe(
        "mlp_blocks",
        in_features=10,
        num_classes=10,
        hidden_features=[20, 30],
        options={"activation": "sigmoid"},
    )
    blocks = {"blocks": kinds(actual["blocks"])}
    assert_matches(blocks, {"blocks": "linear, sigmoid, linear, sigmoid, linear"})


@pytest.mark.graded(
    task="mlp",
    weight=2,
    after="test_mlp_structure",
    strict=True,
    grounds="document, lines 433 and 475: class scores of the architecture",
)
def test_mlp_forward(probe, expected, rng):
    """MLP gives class scores for a batch

    The expected scores are computed from the w and b of your own Linear layers.
    """
    x = torch.randn(8, 6, generator=rng)
    specs = weight_specs(6, 5, 4, 3)

    options = {"activation": "relu"}
    actual = probe("mlp", x=x, num_classes=3, hidden_features=[5, 4], options=options)
    assert_matches(actual, specs)
    weights = {name: actual[name] for name in specs}
    scores = relu_mlp(x, **weights)
    others = {"the scores after one more ReLU": F.relu(scores), "the softmax of the scores": scores.softmax(dim=1)}
    wanted = expected(
        "mlp",
        lambda: measured(lambda **tensors: {"z": relu_mlp(**tensors)}, x=x, **weights),
        x=x,
        num_classes=3,
        hidden_features=[5, 4],
        options=options,
    )
    assert_matches(actual, wanted, context=Context(batch_size=8, others=others))


@pytest.mark.graded(
    task="mlp",
    weight=2,
    after="test_mlp_structure",
    grounds="document, lines 478 to 484: MLP and loss in sequence, with y as keyword; all gradients",
)
def test_mlp_loss_backward(probe, expected, rng):
    """A sequence of MLP and CrossEntropyLoss gives the loss and all gradients

    The labels reach the loss as the keyword argument y: Sequential hands keyword arguments on.
    """
    x, labels = torch.randn(8, 6, generator=rng), torch.randint(0, 3, (8,), generator=rng)
    inputs = {"x": x, "labels": labels, "num_classes": 3, "hidden_features": [5, 4], "options": {}}
    specs = weight_specs(6, 5, 4, 3)

    def loss_and_gradients(labels, **inputs):
        def loss_of(**leaves):
            return F.cross_entropy(relu_mlp(**leaves), labels)

        one = torch.ones((), dtype=inputs["x"].dtype)
        return {"loss": loss_of(**inputs)} | gradients(loss_of, one, **inputs)

    actual = probe("mlp_with_loss", **inputs)
    assert_matches(actual, specs)
    weights = {name: actual[name] for name in specs}
    wanted = expected("mlp_with_loss", lambda: measured(loss_and_gradients, labels=labels, x=x, **weights), **inputs)
    assert_matches(actual, wanted, context=Context(batch_size=8))
