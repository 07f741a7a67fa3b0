"""Public checks of the network. Parameters are found by the order in which the layers are called, not by names."""

import itertools
from functools import partial

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, assert_any, assert_kinds, assert_matches, measured

HIDDEN = (250, 100)


def draw(rng, *, n=6, image=(1, 28, 28), classes=10):
    """Draw pictures, and parameters whose sizes are those of the network."""
    images = torch.randn(n, *image, generator=rng)  # (N, C, H, W)
    return {"images": images, **draw_parameters(rng, [image[0] * image[1] * image[2], *HIDDEN, classes])}


def draw_parameters(rng, sizes):
    """Draw weights (out, in) and biases of layers between these sizes."""
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    return {
        "weights": [torch.randn(pair, generator=rng) / pair[1] ** 0.5 for pair in pairs],
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
    if len(layers) != len(HIDDEN) + 1:
        return {}

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
        "the log-softmax of the scores: the loss takes plain scores": right.log_softmax(dim=1),
        "the scores after a ReLU: the output layer has no activation": F.relu(right),
        "the scores without any ReLU": through(nothing, nothing, nothing),
        "the scores without ReLU after the second hidden layer": through(F.relu, nothing, nothing),
        "the scores without ReLU after the first hidden layer": through(nothing, F.relu, nothing),
        "the scores with sigmoid instead of ReLU": through(torch.sigmoid, torch.sigmoid, nothing),
        "the scores with tanh instead of ReLU": through(torch.tanh, torch.tanh, nothing),
    }


def sizes_in(inputs):
    """Return the sizes (in, out) of the layers that parameters were drawn for."""
    return [[weight.shape[1], weight.shape[0]] for weight in inputs["weights"]]


def check_sizes(actual, expected, name):
    assert_kinds(actual, {"linear layers": [[int]]})
    layers = actual["linear layers"]
    assert layers == expected, f"The linear layers of `{name}` are {in_words(layers)}; expected {in_words(expected)}."


def in_words(layers):
    """Return the sizes of linear layers, (in, out) each, as 784 → 250 → 100 → 10."""
    ends = [layers[0][:1], *(layer[-1:] for layer in layers)] if layers else []
    return " → ".join(str(size) for end in ends for size in end) or "none"


def with_own_sizes(actual, inputs, rng):
    """Draw parameters for the hidden layers that the student's network has: `test_mlp_layers` charges for these.

    The network has to begin with the pictures' pixels and to end with the classes; else the inputs are as before.
    """
    assert_kinds(actual, {"linear layers": [[int]]})
    layers, (first, *_), (*_, last) = actual["linear layers"], inputs["weights"], inputs["weights"]
    ends = [first.shape[1], *(layer[-1] for layer in layers)]
    follow_each_other = layers == list(map(list, itertools.pairwise(ends)))
    is_usual = len(layers) in range(2, 6) and ends[-1] == len(last) and all(0 < size <= 1000 for size in ends)
    return inputs | draw_parameters(rng, ends) if follow_each_other and is_usual else inputs


def check_network(probe, expectation, inputs, rng, *, any_activation=False):
    """Compare sizes and scores of a network with weights of ours; `expectation` is made of its call.

    With `any_activation` the scores may be those of the usual mistakes, for which another check charges.
    """
    classes = len(inputs["biases"][-1])
    actual = probe("network", output_dim=classes, **inputs)
    if actual.get("linear layers") != sizes_in(inputs):
        inputs, expectation = with_own_sizes(actual, inputs, rng), computed
        actual = probe("network", output_dim=classes, **inputs)
    check_sizes(actual, sizes_in(inputs), "MLP")
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
    check_network(probe, expected, draw(rng), rng)
