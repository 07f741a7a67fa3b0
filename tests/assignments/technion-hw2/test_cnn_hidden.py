"""Hidden checks of CNN: convolutions without a pooling at the end, other images, no hidden layers.

test_cnn.py holds the public ones, and what is free.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_cnn import draw_weights, nothing, whatever_ends
from helpers_gradients import gradients
from helpers_lines import assert_layers, assert_layers_of

from grader.compare import Context, assert_matches


def conv(x, w, i, **options):
    return F.conv2d(x, w[f"{i}.weight"], w[f"{i}.bias"], **options)


def linear(x, w, i):
    return F.linear(x, w[f"{i}.weight"], w[f"{i}.bias"])


@pytest.mark.graded(
    task="cnn",
    weight=2,
    after="test_cnn_layers",
    grounds="hw2 part 4, lines 2054 and 2192 to 2206: no pooling behind the rest",
)
def test_cnn_trailing_convolutions(probe, expected, rng):
    """CNN pools after every P-th convolution, and not after the rest at the end

    Five convolutions with pool_every=3, as in the document's third example: one pooling, behind the third.
    """
    options = {
        "in_size": (3, 10, 10),
        "out_classes": 3,
        "channels": [4] * 5,
        "pool_every": 3,
        "hidden_dims": [8],
        "conv_params": {"kernel_size": 3, "stride": 1, "padding": 1},
        "activation_type": "lrelu",
        "activation_params": {"negative_slope": 0.1},
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 2},
    }
    shapes = [(4, 3, 3, 3), *[(4, 4, 3, 3)] * 4, (8, 100), (3, 8)]
    x, weights = torch.randn(3, 3, 10, 10, generator=rng), draw_weights(rng, shapes)

    def scores(x, w, *, pool_after=3, end=lambda z: z):
        for i in range(1, 6):
            x = F.leaky_relu(conv(x, w, i, padding=1), 0.1)
            x = F.max_pool2d(x, 2) if i == pool_after else x
        return end(linear(F.leaky_relu(linear(x.flatten(1), w, 6), 0.1), w, 7))

    inputs = {"x": x, "weights": weights}
    actual = probe("network_pass", kind="CNN", options=options, **inputs)
    line = "conv 3→4, 3×3; " + "conv 4→4, 3×3; " * 4 + "linear 100→8; linear 8→3"
    assert_layers(actual, line)
    others = {
        f"the scores with the pooling behind convolution {i}": scores(x, weights, pool_after=i) for i in (1, 2, 4, 5)
    }

    def formula(x, weights, end=nothing):
        return {"z": scores(x, weights, end=end)}

    recorded = expected("network_pass", formula, kind="CNN", options=options, **inputs)
    context = Context(batch_size=3, others=others)
    whatever_ends(actual, recorded, formula, act=lambda x: F.leaky_relu(x, 0.1), context=context, **inputs)


@pytest.mark.graded(
    task="cnn",
    weight=1,
    after="test_cnn_layers",
    grounds="hw2 part 4, lines 2056 and 2065: in_size and hidden layers are arguments",
)
def test_cnn_gray_oblong_images(probe, expected, rng):
    """CNN takes images with one channel that are wider than high, and one hidden fully connected layer

    Nothing may be made for 3 channels or for square images.
    """
    options = {
        "in_size": (1, 12, 18),
        "out_classes": 4,
        "channels": [4, 4],
        "pool_every": 2,
        "hidden_dims": [6],
        "conv_params": {"kernel_size": 3, "stride": 1, "padding": 1},
        "activation_type": "relu",
        "activation_params": {},
        "pooling_type": "avg",
        "pooling_params": {"kernel_size": 1},
    }
    x, weights = (
        torch.randn(2, 1, 12, 18, generator=rng),
        draw_weights(rng, [(4, 1, 3, 3), (4, 4, 3, 3), (6, 864), (4, 6)]),
    )
    dout = torch.randn(2, 4, generator=rng)

    def scores(x, w, end):
        x = F.relu(conv(x, w, 1, padding=1))
        x = F.relu(conv(x, w, 2, padding=1))
        return end(linear(F.relu(linear(x.flatten(1), w, 3)), w, 4))

    inputs = {"x": x, "weights": weights, "dout": dout}
    actual = probe("network_pass", kind="CNN", options=options, **inputs)
    assert_layers(actual, "conv 1→4, 3×3; conv 4→4, 3×3; linear 864→6; linear 6→4")

    def formula(x, weights, dout, end=nothing):
        return {"z": scores(x, weights, end)} | gradients(lambda x, w: scores(x, w, end), dout, x, weights)

    recorded = expected("network_pass", formula, kind="CNN", options=options, **inputs)
    whatever_ends(actual, recorded, formula, act=F.relu, context=Context(batch_size=2), **inputs)


@pytest.mark.graded(task="cnn", weight=1, after="test_cnn_layers", grounds="hw2 part 4, line 2054: N/P poolings")
def test_cnn_without_pooling(probe, expected, rng):
    """CNN does not pool at all where pool_every is larger than the number of convolutions

    N/P is less than 1 then.
    """
    options = {
        "in_size": (2, 7, 7),
        "out_classes": 3,
        "channels": [4, 4],
        "pool_every": 3,
        "hidden_dims": [6],
        "conv_params": {"kernel_size": 3, "stride": 1, "padding": 1},
        "pooling_params": {"kernel_size": 2},
    }
    x, weights = (
        torch.randn(4, 2, 7, 7, generator=rng),
        draw_weights(rng, [(4, 2, 3, 3), (4, 4, 3, 3), (6, 196), (3, 6)]),
    )

    def scores(x, w, end):
        for i in (1, 2):
            x = F.relu(conv(x, w, i, padding=1))
        return end(linear(F.relu(linear(x.flatten(1), w, 3)), w, 4))

    inputs = {"x": x, "weights": weights}
    actual = probe("network_pass", kind="CNN", options=options, **inputs)
    assert_layers(actual, "conv 2→4, 3×3; conv 4→4, 3×3; linear 196→6; linear 6→3")

    def formula(x, weights, end=nothing):
        return {"z": scores(x, weights, end)}

    recorded = expected("network_pass", formula, kind="CNN", options=options, **inputs)
    whatever_ends(actual, recorded, formula, act=F.relu, context=Context(), **inputs)


@pytest.mark.graded(
    task="cnn",
    weight=1,
    after="test_cnn_layers",
    grounds="hw2 part 4, lines 2054 and 2274: P convolutions before each pooling; the CNN that overfits has P = 1",
)
def test_cnn_pools_behind_every_convolution(probe, expected):
    """CNN pools behind each convolution where pool_every is 1

    Two convolutions, two poolings: 8×8 pixels become 2×2.
    """
    options = {
        "in_size": (3, 8, 8),
        "out_classes": 3,
        "channels": [4, 4],
        "pool_every": 1,
        "hidden_dims": [6],
        "conv_params": {"kernel_size": 3, "stride": 1, "padding": 1},
        "pooling_params": {"kernel_size": 2},
    }
    assert_layers_of(
        probe,
        expected,
        "conv 3→4, 3×3; conv 4→4, 3×3; linear 16→6; linear 6→3",
        kind="CNN",
        options=options,
        in_size=(3, 8, 8),
    )


# The text's examples give kernel_size, stride and padding each time, and relu or lrelu.
@pytest.mark.graded(task="cnn", after="test_cnn_layers", advice=True)
def test_cnn_other_arguments(probe, expected, rng):
    """CNN hands on whatever arguments its layers take

    A convolution without bias and stride, with a dilation, a tanh as activation, a pooling with a stride of its own.
    """
    options = {
        "in_size": (2, 7, 7),
        "out_classes": 3,
        "channels": [4, 3],
        "pool_every": 2,
        "hidden_dims": [6],
        "conv_params": {"kernel_size": 3, "padding": 1, "dilation": 2, "bias": False},
        "activation_type": "tanh",
        "pooling_params": {"kernel_size": 2, "stride": 1},
    }
    x, weights = (
        torch.randn(4, 2, 7, 7, generator=rng),
        draw_weights(rng, [(4, 2, 3, 3), (3, 4, 3, 3), (6, 12), (3, 6)]),
    )
    del weights["1.bias"], weights["2.bias"]

    def scores(x, w):
        for i in (1, 2):
            x = torch.tanh(F.conv2d(x, w[f"{i}.weight"], padding=1, dilation=2))
        return linear(torch.tanh(linear(F.max_pool2d(x, 2, stride=1).flatten(1), w, 3)), w, 4)

    actual = probe("network_pass", kind="CNN", options=options, x=x, weights=weights)
    assert_layers(actual, "conv 2→4, 3×3, no bias; conv 4→3, 3×3, no bias; linear 12→6; linear 6→3")
    assert_matches(
        actual,
        expected(
            "network_pass",
            lambda x, weights: {"z": scores(x, weights)},
            kind="CNN",
            options=options,
            x=x,
            weights=weights,
        ),
    )
