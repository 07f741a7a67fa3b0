"""Public checks of ResNet.

A known block takes the place of the student's, so that a mistake there costs nothing here. Free is what the document
leaves open: the size of the first kernel, a norm and a ReLU behind the first convolution and in front of the pooling,
and how the average is taken.
"""

import re

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, Expectation, Spec, Tolerance, assert_kinds, assert_matches, assert_varied

SMALL = {"num_classes": 7, "num_blocks": [2, 1, 2], "c_hidden": [5, 6, 8]}


def blocks_of(num_blocks, c_hidden, *, size):
    """Return in words what each block gets and gives: the first of a group halves the image, except in the first."""
    lines, width = [], c_hidden[0]
    for group, (count, channels) in enumerate(zip(num_blocks, c_hidden, strict=True)):
        for i in range(count):
            halves = i == 0 and group > 0
            out = size // 2 if halves else size
            lines.append(f"{width} channels of {size}×{size} → {channels if halves else width} channels of {out}×{out}")
            width, size = (channels if halves else width), out
    return lines


def assert_layers(probe, expected, options, *, x):
    """Ask for the layers of a network of these options, in front of, in and behind its blocks."""
    inputs, c_hidden = {"options": options, "x": x}, options["c_hidden"]
    blocks = blocks_of(options["num_blocks"], c_hidden, size=x.shape[-1])
    right = {"blocks that are no part of the network": 0, "blocks": blocks}
    actual, recorded = probe("resnet_layers", **inputs), expected("resnet_layers", lambda: right, **inputs)
    assert_kinds(actual, {"before the blocks": str, "behind the blocks": str})
    assert_matches(actual, recorded)
    wanted = rf"conv\(3→{c_hidden[0]}, (\d)×\1\)(, norm\({c_hidden[0]}\))?"
    assert re.fullmatch(wanted, actual["before the blocks"]), (
        f"In front of the blocks there is {actual['before the blocks'] or 'nothing'}; expected one convolution "
        f"conv(3→{c_hidden[0]}, 3×3) that keeps the size of the images."
    )
    name = "behind the blocks"
    last = actual[name].removeprefix(f"norm({c_hidden[-1]}), ")
    assert_matches({name: last}, {name: f"linear({c_hidden[-1]}→{options['num_classes']})"})


def run_parts(probe, rng, *, options, x):
    """Run a network with drawn weights of its first and last layer; return what its parts hand on, and the weights."""
    c_hidden, classes = options["c_hidden"], options["num_classes"]
    weights = {
        "kernel": torch.randn(c_hidden[0], 3, 7, 7, generator=rng) / 27**0.5,
        "weight": torch.randn(classes, c_hidden[-1], generator=rng) / c_hidden[-1] ** 0.5,
        "bias": torch.randn(classes, generator=rng),
    }
    actual = probe("resnet_pass", options=options, x=x, **weights)
    assert actual.get("shapes fit") is True, (
        "The first layer with weights outside of the blocks has to be the convolution of the colours, the last one the "
        f"linear layer from {c_hidden[-1]} channels to {classes} classes."
    )
    assert_kinds(actual, {"before the blocks": str, "behind the blocks": str})
    return actual, weights


def near(values):
    """Expect values that another order of sums may change in the last digits."""
    return Expectation(values, dict.fromkeys(values, Tolerance(rtol=1e-4, atol=1e-4)))


def images_in(actual, name, *, rows, channels):
    """Return what a part of the network hands on, which has to be images (N, C, H, W) of any height and width."""
    found = actual.get(name)
    size = found.shape[2:] if isinstance(found, torch.Tensor) and found.ndim == 4 and found.numel() else (8, 8)
    assert_matches(actual, {name: Spec((rows, channels, *size))})
    return actual[name]


def count_blocks(actual):
    """Return how many blocks the images went through, at least one: how many it should be is asked elsewhere."""
    return max(1, sum(name.startswith("output of block ") for name in actual))


def assert_pooled(actual, weights, *, rows):
    """Ask for the average over all pixels behind the last block, and for the scores."""
    channels = weights["weight"].shape[1]
    last = images_in(actual, f"output of block {count_blocks(actual)}", rows=rows, channels=channels)
    assert_matches(actual, {"input of the linear layer": Spec((rows, channels))})
    if "norm" not in actual["behind the blocks"]:  # a ReLU in front of the pooling is free, too
        means = last.mean(dim=(2, 3)), last.relu().mean(dim=(2, 3))
        wanted = means[1] if torch.allclose(actual["input of the linear layer"], means[1], atol=1e-4) else means[0]
        others = {
            "the largest value of each channel: take the average": last.amax(dim=(2, 3)),
            "the sum over the pixels of each channel": last.sum(dim=(2, 3)),
        }
        assert_matches(actual, near({"input of the linear layer": wanted}), context=Context(others=others))
    scores = F.linear(actual["input of the linear layer"], weights["weight"], weights["bias"])
    others = {
        "the scores behind a softmax: the loss wants them as they are": scores.softmax(1),
        "the scores behind a log-softmax: the loss wants them as they are": scores.log_softmax(1),
        "the scores behind a ReLU": scores.relu(),
    }
    assert_matches(actual, near({"scores": scores}), context=Context(batch_size=len(scores), others=others))


@pytest.mark.graded(
    task="resnet", weight=3, grounds="practical 2, lines 304 and 339: num_classes scores for each image"
)
def test_resnet_shape(probe, rng):
    """ResNet returns one score for each class

    For any number of classes, with [3,3,3] blocks of [16,24,32] channels if nothing else is said.
    """
    x = torch.randn(4, 3, 32, 32, generator=rng)
    for classes in (10, 17):
        actual = probe("resnet_scores", options={"num_classes": classes}, x=x)
        assert_matches(actual, {"scores": Spec((4, classes))})
        assert_varied(actual, "scores")


@pytest.mark.graded(
    task="resnet",
    weight=5,
    after="test_resnet_shape",
    grounds="practical 2, lines 293, 297 and 306: groups of blocks, all but the first group begin with subsampling",
)
def test_resnet_layers(probe, expected, rng):
    """ResNet([3,3,3]) has three groups of three blocks, at 32×32, 16×16 and 8×8 pixels

    The fourth and the seventh block subsample: the first of each group, but not that of the first group.
    """
    options = {"num_classes": 10, "num_blocks": [3, 3, 3], "c_hidden": [16, 24, 32]}
    assert_layers(probe, expected, options, x=torch.randn(1, 3, 32, 32, generator=rng))


@pytest.mark.graded(
    task="resnet",
    weight=4,
    after="test_resnet_shape",
    grounds="practical 2, line 297: a linear layer behind an average over all pixels",
)
def test_resnet_scores(probe, rng):
    """The scores are a linear layer of the averages over all pixels

    Each channel of the last block becomes one number, its mean. No softmax: the loss does that.
    """
    actual, weights = run_parts(probe, rng, options=SMALL, x=torch.randn(3, 3, 32, 32, generator=rng))
    assert_pooled(actual, weights, rows=3)


@pytest.mark.graded(
    task="resnet",
    weight=2,
    after="test_resnet_shape",
    strict=True,
    grounds="practical 2, line 297: the scores come from all blocks and both ends",
)
def test_resnet_trains_everything(probe, rng):
    """Gradients reach every parameter and every image"""
    x, labels = torch.randn(4, 3, 32, 32, generator=rng), torch.tensor([0, 3, 6, 1])
    actual = probe("resnet_gradients", options=SMALL, x=x, labels=labels)
    assert_matches(actual, {"grad of x": Spec((4, 3, 32, 32)), "parameters that get no gradient": []})
    assert bool(actual["grad of x"].flatten(1).any(dim=1).all()), (
        "The scores don't depend on the images: their gradient is zero. Is something detached or overwritten?"
    )
    assert_varied(actual, "grad of x")
