"""Public checks of CNN.

test_cnn_hidden.py looks at other sizes, activations and groupings. The weights are drawn here and written into the
student's layers, found by running the network: names, order of creation, and modules or functions for activations
and pooling are free. Where the activation and max pooling can be exchanged without any effect, nobody can tell.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_cnn import DOCUMENT, draw_weights, nothing, whatever_ends
from helpers_gradients import gradients
from helpers_lines import assert_layers, assert_layers_of

from grader.compare import Context, assert_kinds, assert_matches

# Pooling windows of one pixel leave everything as it is: where pooling stands is what other checks are about.
SMALL = {
    "in_size": (3, 12, 12),
    "out_classes": 5,
    "channels": [4] * 4,
    "pool_every": 2,
    "hidden_dims": [11, 9],
    "conv_params": {"kernel_size": 3, "stride": 1, "padding": 1},
    "activation_type": "relu",
    "pooling_type": "max",
    "pooling_params": {"kernel_size": 1},
}
SMALL_SHAPES = [(4, 3, 3, 3), *[(4, 4, 3, 3)] * 3, (11, 576), (9, 11), (5, 9)]
SMALL_LINE = "conv 3→4, 3×3; " + "conv 4→4, 3×3; " * 3 + "linear 576→11; linear 11→9; linear 9→5"


def class_scores(
    x, w, *, convs, linears, every, pool, conv, act=F.relu, fc_act=None, is_pool_first=False, end=None, flatten=None
):
    """Run [(CONV -> ACT)*P -> POOL]*(N/P) -> (FC -> ACT)*M -> FC with weights by layer number.

    For mistakes: `fc_act` replaces the activation between the fully connected layers, `is_pool_first` exchanges ACT
    and POOL, `end` stands behind the scores, `flatten` makes rows of features.
    """
    for i in range(1, convs + 1):
        x = F.conv2d(x, w[f"{i}.weight"], w[f"{i}.bias"], **conv)
        steps = [act, pool] if i % every == 0 else [act]
        for step in reversed(steps) if is_pool_first else steps:
            x = step(x)
    x = x.flatten(1) if flatten is None else flatten(x)
    for i in range(convs + 1, convs + linears + 1):
        x = F.linear(x, w[f"{i}.weight"], w[f"{i}.bias"])
        if i < convs + linears:
            x = (fc_act or act)(x)
    return x if end is None else end(x)


def small_scores(x, w, **changes):
    options = {"convs": 4, "linears": 3, "every": 2, "pool": nothing, "conv": {"padding": 1}}
    return class_scores(x, w, **(options | changes))


@pytest.mark.graded(
    task="cnn", weight=2, grounds="hw2 part 4, lines 2054 and 2134 to 2185: the layers of the first two examples"
)
def test_cnn_layers(probe, expected):
    """CNN has the convolutions and fully connected layers of the document's first two examples

    Each convolution gets what the one before it returns. The first fully connected layer gets all features that the
    feature extractor makes of one image, so its size shows whether pooling and conv_params are right.
    """
    line = "conv 3→32, 3×3; conv 32→32, 3×3; conv 32→32, 3×3; conv 32→32, 3×3; "
    assert_layers_of(
        probe,
        expected,
        line + "linear 20000→100; linear 100→100; linear 100→10",
        kind="CNN",
        options=DOCUMENT[0],
        in_size=(3, 100, 100),
    )
    line = "conv 3→32, 5×5; conv 32→32, 5×5; conv 32→32, 5×5; conv 32→32, 5×5; "
    assert_layers_of(
        probe,
        expected,
        line + "linear 32→100; linear 100→100; linear 100→10",
        kind="CNN",
        options=DOCUMENT[1],
        in_size=(3, 100, 100),
    )


@pytest.mark.graded(
    task="cnn", weight=1, after="test_cnn_layers", grounds="hw2 part 4, lines 2054 and 2192 to 2215: the third example"
)
def test_cnn_layers_with_a_rest(probe, expected):
    """CNN has the layers of the document's third example: five convolutions, one pooling behind the third

    There is no pooling behind the two convolutions at the end: they are no full group of three.
    """
    line = "conv 3→16, 2×2; " + "conv 16→16, 2×2; " * 4 + "linear 400→100; linear 100→3"
    assert_layers_of(probe, expected, line, kind="CNN", options=DOCUMENT[2], in_size=(3, 100, 100))


# The other checks have convolutions of one width, as the document's three examples have.
@pytest.mark.graded(
    task="cnn",
    weight=2,
    after="test_cnn_layers",
    grounds="hw2, lines 2066 and 2925: a list of the convolutions' numbers of filters, such as 64, 128, 256",
)
def test_cnn_channels(probe, expected):
    """CNN gives every convolution the number of channels that stands at its place in `channels`

    The i-th convolution returns channels[i], and the next one takes that. Pooling doesn't count.
    """
    options = SMALL | {"channels": [4, 6, 8, 7, 5]}
    inputs = {"kind": "CNN", "options": options, "in_size": (3, 12, 12)}
    line = "conv 3→4, 3×3; conv 4→6, 3×3; conv 6→8, 3×3; conv 8→7, 3×3; conv 7→5, 3×3"
    whole = f"{line}; linear 720→11; linear 11→9; linear 9→5"
    recorded = expected("network_layers", lambda: {"layers": whole}, **inputs).values
    actual = probe("network_layers", **inputs)
    assert_kinds(actual, {"layers": str})
    found, wanted = (
        "; ".join(part for part in layers.split("; ") if not part.startswith("linear"))
        for layers in (actual["layers"], recorded["layers"])
    )
    assert_layers({"layers": found}, wanted)


@pytest.mark.graded(
    task="cnn",
    weight=3,
    after="test_cnn_layers",
    grounds="hw2 part 4, lines 2054 and 2094 to 2099: the scores of the layers in this order",
)
def test_cnn_scores(probe, expected, rng):
    """CNN computes the class scores of a batch of images

    Your layers get weights of ours. Convolutions and hidden fully connected layers are followed by the activation, the
    last layer is not.
    """
    x, weights = torch.randn(3, 3, 12, 12, generator=rng), draw_weights(rng, SMALL_SHAPES)
    actual = probe("network_pass", kind="CNN", options=SMALL, x=x, weights=weights)
    assert_layers(actual, SMALL_LINE)
    scores = small_scores(x, weights)
    linear = {"act": lambda x: x}
    others = {
        "the scores after one more ReLU": F.relu(scores),
        "the scores without activations behind the convolutions": small_scores(x, weights, fc_act=F.relu, **linear),
        "the scores without activations between the fully connected layers": small_scores(
            x, weights, fc_act=lambda x: x
        ),
        "the scores without any activation": small_scores(x, weights, **linear),
        "the scores with a softmax": scores.softmax(dim=1),
        "the scores of features from different images in one row: flatten each image by itself": small_scores(
            x, weights, flatten=lambda x: x.reshape(-1, len(x)).T
        ),
    }
    wanted = expected(
        "network_pass",
        lambda x, weights: {"z": small_scores(x, weights)},
        kind="CNN",
        options=SMALL,
        x=x,
        weights=weights,
    )
    assert_matches(actual, wanted, context=Context(batch_size=3, others=others))


@pytest.mark.graded(
    task="cnn",
    weight=2,
    after="test_cnn_layers",
    grounds="hw2 part 4, lines 2159 and 2292: the scores have gradients, and the network is trained",
)
def test_cnn_gradients(probe, expected, rng):
    """Gradients flow from CNN's scores to its input and all its weights

    The layers are counted in the order in which your network calls them: 1.weight belongs to the first convolution.
    """
    x, weights = torch.randn(2, 3, 12, 12, generator=rng), draw_weights(rng, SMALL_SHAPES)
    dout = torch.randn(2, 5, generator=rng)
    inputs = {"x": x, "weights": weights, "dout": dout}
    actual = probe("network_pass", kind="CNN", options=SMALL, **inputs)
    assert_layers(actual, SMALL_LINE)

    def formula(x, weights, dout, end=nothing):
        return gradients(lambda x, w: small_scores(x, w, end=end), dout, x, weights)

    recorded = expected("network_pass", formula, kind="CNN", options=SMALL, **inputs)
    whatever_ends(actual, recorded, formula, act=F.relu, context=Context(batch_size=2), **inputs)


@pytest.mark.graded(
    task="cnn",
    weight=2,
    after="test_cnn_layers",
    grounds="hw2 part 4, lines 2071 to 2077: activation, pooling and their arguments are given",
)
def test_cnn_leaky_average(probe, expected, rng):
    """CNN uses the activation, the pooling and the arguments that it is told

    As in the document's second example: LeakyReLU with a slope of its own, average pooling, a stride and a padding.
    The pooling comes behind the activation.
    """
    options = SMALL | {
        "in_size": (3, 40, 40),
        "conv_params": {"kernel_size": 5, "stride": 2, "padding": 3},
        "channels": [4, 4],
        "pooling_type": "avg",
        "pooling_params": {"kernel_size": 3},
        "activation_type": "lrelu",
        "activation_params": {"negative_slope": 0.3},
    }
    shapes = [(4, 3, 5, 5), (4, 4, 5, 5), (11, 64), (9, 11), (5, 9)]
    x, weights = torch.randn(2, 3, 40, 40, generator=rng), draw_weights(rng, shapes)

    def scores(x, w, *, slope=0.3, **changes):
        options = {"conv": {"stride": 2, "padding": 3}, "pool": lambda x: F.avg_pool2d(x, 3)}
        leaky = lambda x: F.leaky_relu(x, slope)  # noqa: E731
        return class_scores(x, w, convs=2, linears=3, every=2, act=leaky, **(options | changes))

    inputs = {"x": x, "weights": weights}
    actual = probe("network_pass", kind="CNN", options=options, **inputs)
    assert_layers(actual, "conv 3→4, 5×5; conv 4→4, 5×5; linear 64→11; linear 11→9; linear 9→5")
    others = {
        "the scores with the default slope of LeakyReLU: hand activation_params to it": scores(x, weights, slope=0.01),
        "the scores with the default slope between the fully connected layers": scores(
            x, weights, fc_act=lambda x: F.leaky_relu(x, 0.01)
        ),
        "the scores with ReLU between the fully connected layers": scores(x, weights, fc_act=F.relu),
        "the scores with the pooling in front of the activation": scores(x, weights, is_pool_first=True),
        "the scores with max pooling": scores(x, weights, pool=lambda x: F.max_pool2d(x, 3)),
    }

    def formula(x, weights, end=nothing):
        return {"z": scores(x, weights, end=end)}

    recorded = expected("network_pass", formula, kind="CNN", options=options, **inputs)
    context = Context(batch_size=2, others=others)
    whatever_ends(actual, recorded, formula, act=lambda x: F.leaky_relu(x, 0.3), context=context, **inputs)


# The document's figures hold only if counting features leaves the stream of random numbers alone; the rest is what
# the method's own text in hw2/cnn.py promises. Where there is no such method, nothing is asked.
@pytest.mark.graded(
    task="cnn",
    weight=1,
    after="test_cnn_layers",
    strict=True,
    grounds="hw2 part 4, lines 2058 and 2097: the class' methods; equal seeds give equal weights",
)
def test_cnn_feature_count(probe, expected):
    """CNN counts the features of an image without drawing random numbers or changing itself

    A pass of zeros through the feature extractor is enough to see how many there are.
    """
    actual = probe("feature_count", kind="CNN", options=DOCUMENT[0])
    right = {"number of features": 20000, "draws random numbers": False, "tensors that change": []}
    recorded = expected("feature_count", lambda: right, kind="CNN", options=DOCUMENT[0])
    if actual.get("has the method"):
        assert_matches(actual, recorded)
