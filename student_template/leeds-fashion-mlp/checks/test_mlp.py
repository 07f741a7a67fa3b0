"""Public checks of the network. Parameters are found by the order in which the layers are called, not by names."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, assert_any, assert_kinds, assert_matches, measured

HIDDEN = (250, 100)


def draw(rng, *, n=6, image=(1, 28, 28), classes=10, hidden=HIDDEN):
    """Draw pictures, and parameters whose sizes are those of the network."""
    pixels = image[0] * image[1] * image[2]
    sizes = [pixels, *hidden, classes]
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    return {
        "images": torch.randn(n, *image, generator=rng),  # (N, C, H, W)
        "weights": [torch.randn(pair, generator=rng) / pair[1] ** 0.5 for pair in pairs],  # (out, in) each
        "biases": [torch.randn(pair[0], generator=rng) for pair in pairs],
    }


def forward(images, weights, biases):
    x = images.flatten(1)
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        x = F.relu(x @ weight.T + bias)
    return {"scores": x @ weights[-1].T + biases[-1]}


def slips(images, weights, biases):
    """Return what the usual mistakes would give, by the words to tell them with."""
    right = forward(images, weights, biases)["scores"]
    layers = list(zip(weights, biases, strict=True))

    def through(*activations):
        x = images.flatten(1)
        for (weight, bias), activation in zip(layers, activations, strict=True):
            x = activation(x @ weight.T + bias)
        return x

    def nothing(x):
        return x

    return {
        "the sigmoid of the scores: the loss takes plain scores": torch.sigmoid(right),
        "the softmax of the scores: the loss takes plain scores": right.softmax(dim=1),
        "the scores after a ReLU: the output layer has no activation": F.relu(right),
        "the scores without any ReLU": through(nothing, nothing, nothing),
        "the scores without ReLU after the second hidden layer": through(F.relu, nothing, nothing),
        "the scores without ReLU after the first hidden layer": through(nothing, F.relu, nothing),
        "the scores with sigmoid instead of ReLU": through(torch.sigmoid, torch.sigmoid, nothing),
        "the scores with tanh instead of ReLU": through(torch.tanh, torch.tanh, nothing),
    }


def check_sizes(actual, expected, name):
    assert_kinds(actual, {"linear layers": [[int]]})
    layers = actual["linear layers"]
    assert layers == expected, f"The linear layers of `{name}` are {in_words(layers)}; expected {in_words(expected)}."


def in_words(layers):
    """Return the sizes of linear layers, (in, out) each, as 784 → 250 → 100 → 10."""
    ends = [layers[0][:1], *(layer[-1:] for layer in layers)] if layers else []
    return " → ".join(str(size) for end in ends for size in end) or "none"


def check_network(probe, expectation, inputs, *, any_activation=False):
    """Compare sizes and scores of a network with weights of ours; `expectation` is made of its call.

    With `any_activation` the scores may be those of the usual mistakes, for which another check charges.
    """
    classes = len(inputs["biases"][-1])
    actual = probe("network", output_dim=classes, **inputs)
    check_sizes(actual, [[w.shape[1], w.shape[0]] for w in inputs["weights"]], "MLP")
    context = Context(batch_size=len(inputs["images"]), others=slips(**inputs))
    wanted = expectation("network", forward, output_dim=classes, **inputs)
    right = partial(assert_matches, actual, wanted, context=context)
    slipped = [partial(assert_matches, actual, {"scores": other}) for other in slips(**inputs).values()]
    assert_any(right, *(slipped if any_activation else []))


def computed(_name, formula, *, output_dim, **inputs):
    """Expect what a formula gives: pictures and weights are so large that few such calls are recorded."""
    return measured(formula, **inputs)


@pytest.mark.graded(
    task="mlp", weight=3, grounds="notebook, lines 116 to 118: hidden layers of 250 and 100, output_dim at the end"
)
def test_mlp_layers(probe, expected, rng):
    """MLP has linear layers 784 → 250 → 100 → 10

    What the layers are called is up to you.
    """
    inputs = {"images": draw(rng)["images"], "output_dim": 10, "weights": [], "biases": []}
    actual, sizes = probe("network", **inputs), [[784, 250], [250, 100], [100, 10]]
    recorded = expected("network", lambda: {"linear layers": sizes}, **inputs)
    check_sizes(actual, recorded.values["linear layers"], "MLP")


@pytest.mark.graded(
    task="mlp",
    weight=4,
    after="test_mlp_layers",
    grounds="notebook, lines 119 to 126: ReLU behind both hidden layers, nothing behind the last",
)
def test_mlp_forward(probe, expected, rng):
    """MLP returns a row of ten plain scores for each picture

    ReLU after the two hidden layers, nothing after the output layer.
    """
    check_network(probe, expected, draw(rng))
