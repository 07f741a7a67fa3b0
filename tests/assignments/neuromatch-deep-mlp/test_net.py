"""Public checks of Net. The expected scores are computed here, from the weights that the layers are given.

How a student stores the layers, and under which names, is free: they are found by running the network.
"""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, assert_kinds, assert_matches


def draw(rng, sizes, *, rows=6, shape=None):
    """Return inputs (N, …) and the parameters of each linear layer."""
    pairs = list(pairwise(sizes))
    return {
        "x": torch.randn(rows, *(shape or sizes[:1]), generator=rng),
        "sizes": list(sizes),
        "weights": [torch.randn(after, before, generator=rng) for before, after in pairs],  # (out, in) each
        "biases": [torch.randn(after, generator=rng) for _, after in pairs],
    }


def forward(x, weights, biases, *, act, is_last_active=False):
    """Return the scores of a perceptron."""
    x = x.reshape(len(x), -1)
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
        x = F.linear(x, weight, bias)
        if number < len(weights) or is_last_active:
            x = act(x)
    return x


def check_scores(probe, expected, inputs, *, actv, act):
    """Compare the scores of the student's network with those of the same parameters here."""
    actual = check_layers(probe, inputs["sizes"], actv=actv, inputs=inputs)
    given = {name: inputs[name] for name in ("x", "weights", "biases")}
    zeros = [torch.zeros_like(bias) for bias in inputs["biases"]]
    scores = forward(**given, act=act)
    others = {
        "the scores with an activation behind the output layer, too": forward(**given, act=act, is_last_active=True),
        "the scores without any activation": forward(**given, act=lambda x: x),
        "the scores with ReLU, whatever activation is asked for": forward(**given, act=F.relu),
        "the scores with LeakyReLU's default slope": forward(**given, act=F.leaky_relu),
        "the scores without biases": forward(inputs["x"], inputs["weights"], zeros, act=act),
        "the scores after a softmax": scores.softmax(dim=1),
        "the scores after a log-softmax": scores.log_softmax(dim=1),
    }
    others = {words: other for words, other in others.items() if not torch.allclose(other, scores)}
    recorded = expected(
        "network",
        lambda x, weights, biases: {"scores": forward(x, weights, biases, act=act)},
        actv=actv,
        **inputs,
    )
    assert_matches(actual, recorded, context=Context(batch_size=len(inputs["x"]), others=others))


def check_layers(probe, sizes, *, actv, inputs):
    """Ask for one linear layer between neighbouring sizes, with biases, all of them registered; return the outputs."""
    actual = probe("network", actv=actv, **inputs)
    assert_kinds(actual, {"linear layers": [[int]], "number of parameters": int})
    wanted = [list(pair) for pair in pairwise(sizes)]
    assert actual["linear layers"] == wanted, (
        f"Net({actv!r}, {sizes[0]}, {sizes[1:-1]}, {sizes[-1]}) has linear layers of sizes "
        f"{in_words(actual['linear layers'])}; expected {in_words(wanted)}. Layers in a plain Python list are not part "
        "of the network: put them into an nn.Sequential or an nn.ModuleList."
    )
    count = layers_of(sizes)["number of parameters"]
    assert actual["number of parameters"] == count, (
        f"The network has {actual['number of parameters']} parameters; expected {count}: a weight for each pair of "
        "neighbouring units, and a bias for each unit that is no input. Nothing else has parameters."
    )
    return actual


def layers_of(sizes):
    """Return the linear layers of a network and the number of its parameters."""
    layers = [list(pair) for pair in pairwise(sizes)]
    return {"linear layers": layers, "number of parameters": sum(after * (before + 1) for before, after in layers)}


def in_words(layers):
    return ", ".join("→".join(map(str, layer)) for layer in layers) or "none"


@pytest.mark.graded(
    task="net",
    weight=2,
    grounds="tutorial 2, lines 118 to 128: a linear layer for each hidden size, and one for the output",
)
def test_net_layers(probe, expected, rng):
    """Net has a linear layer for each hidden size, and one for the output"""
    inputs = draw(rng, [5, 8, 7, 3])
    actual = check_layers(probe, inputs["sizes"], actv="ReLU()", inputs=inputs)
    assert_matches(actual, expected("network", layers_of, actv="ReLU()", **inputs))


@pytest.mark.graded(
    task="net",
    weight=3,
    after="test_net_layers",
    grounds="tutorial 2, lines 117 to 128 and 146: an activation behind each hidden layer, none behind the last",
)
def test_net_scores(probe, expected, rng):
    """Net computes the scores: an activation follows each hidden layer, none the output

    Your layers get weights of ours.
    """
    check_scores(probe, expected, draw(rng, [5, 8, 7, 3]), actv="ReLU()", act=F.relu)


@pytest.mark.graded(
    task="net",
    weight=2,
    after="test_net_layers",
    grounds="tutorial 2, lines 101 and 124: the activation is given as text",
)
def test_net_activation_from_text(probe, expected, rng):
    """Net uses the activation that the text names

    Here it is "Tanh()".
    """
    check_scores(probe, expected, draw(rng, [4, 6, 5, 2]), actv="Tanh()", act=torch.tanh)


@pytest.mark.graded(
    task="net", weight=1, grounds="tutorial 2, lines 678 and 756: without hidden layers it is a linear model"
)
def test_net_without_hidden_layers(probe, expected, rng):
    """Net without hidden layers is a single linear layer"""
    check_scores(probe, expected, draw(rng, [5, 3]), actv="ReLU()", act=F.relu)
