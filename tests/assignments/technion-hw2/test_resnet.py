"""Public checks of ResNet.

test_resnet_hidden.py looks at bottlenecks, dropout and running statistics. The weights are drawn here and written into
the student's layers, found by running the network. Free is what is free in a block (test_residual.py), and which of
the two kinds of block a group uses: its layers are what counts.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_lines import assert_layers, assert_layers_of
from helpers_resnet import block_output, draw_weights

from grader.compare import Context, assert_matches

# Pooling windows of one pixel leave everything as it is: the checks of the layers are about where pooling stands.
SMALL = {
    "in_size": (3, 8, 8),
    "out_classes": 4,
    "channels": [4, 6, 6, 6, 5],
    "pool_every": 2,
    "hidden_dims": [7],
    "activation_type": "lrelu",
    "activation_params": {"negative_slope": 0.2},
    "pooling_type": "avg",
    "pooling_params": {"kernel_size": 1},
}
SMALL_LINE = (
    "block 1 main: conv 3→4, 3×3; block 1 main: conv 4→6, 3×3; block 1 shortcut: conv 3→6, 1×1, no bias; "
    "block 2 main: conv 6→6, 3×3; block 2 main: conv 6→6, 3×3; "
    "block 3 main: conv 6→5, 3×3; block 3 shortcut: conv 6→5, 1×1, no bias; linear 320→7; linear 7→4"
)


def small_scores(x, w, *, slope=0.2, **options):
    """Run two blocks of two convolutions and one of one; `slope` is the blocks'."""
    act = lambda x: F.leaky_relu(x, slope)  # noqa: E731
    number = 1
    for convs, projects in [(2, True), (2, False), (1, True)]:
        x, number = block_output(x, w, number, convs=convs, act=act, projects=projects, **options)
    x = F.leaky_relu(F.linear(x.flatten(1), w["8.weight"], w["8.bias"]), 0.2)
    return F.linear(x, w["9.weight"], w["9.bias"])


@pytest.mark.graded(
    task="resnet", weight=2, grounds="hw2 part 4, lines 2409 to 2414 and 2453 to 2499: blocks of P convolutions"
)
def test_resnet_layers(probe, expected):
    """ResNet groups every P convolutions into a residual block, as in the document's first example

    Six convolutions with pool_every=4 make a block of four and one of two. The size of the first fully connected layer
    shows how often there is pooling: behind every full block, not behind the rest at the end.
    """
    options = {
        "in_size": (3, 100, 100),
        "out_classes": 10,
        "channels": [32, 64] * 3,
        "pool_every": 4,
        "hidden_dims": [100] * 2,
        "activation_type": "lrelu",
        "activation_params": {"negative_slope": 0.01},
        "pooling_type": "avg",
        "pooling_params": {"kernel_size": 2},
        "batchnorm": True,
        "dropout": 0.1,
        "bottleneck": False,
    }
    line = (
        "block 1 main: conv 3→32, 3×3; block 1 main: batchnorm 32; block 1 main: conv 32→64, 3×3; "
        "block 1 main: batchnorm 64; block 1 main: conv 64→32, 3×3; block 1 main: batchnorm 32; "
        "block 1 main: conv 32→64, 3×3; block 1 shortcut: conv 3→64, 1×1, no bias; "
        "block 2 main: conv 64→32, 3×3; block 2 main: batchnorm 32; block 2 main: conv 32→64, 3×3; "
        "linear 160000→100; linear 100→100; linear 100→10"
    )
    assert_layers_of(probe, expected, line, kind="ResNet", options=options, in_size=(3, 100, 100))


@pytest.mark.graded(
    task="resnet", weight=2, grounds="hw2 part 4, lines 2435 and 2505 to 2575: bottlenecks where they are asked for"
)
def test_resnet_bottleneck_layers(probe, expected):
    """ResNet makes a bottleneck of each group that returns as many channels as it gets, if it is told to

    The document's second example with fewer channels: the first group gets 3 channels and stays an ordinary block with
    a projection; the others are 1x1, 3x3, 1x1.
    """
    options = {
        "in_size": (3, 40, 40),
        "out_classes": 5,
        "channels": [16, 4, 16] * 3,
        "pool_every": 3,
        "hidden_dims": [8],
        "activation_type": "tanh",
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 2},
        "bottleneck": True,
    }
    bottlenecks = [
        f"block {i} main: conv 16→4, 1×1; block {i} main: conv 4→4, 3×3; block {i} main: conv 4→16, 1×1; "
        for i in (2, 3)
    ]
    line = (
        "block 1 main: conv 3→16, 3×3; block 1 main: conv 16→4, 3×3; block 1 main: conv 4→16, 3×3; "
        f"block 1 shortcut: conv 3→16, 1×1, no bias; {''.join(bottlenecks)}linear 400→8; linear 8→5"
    )
    assert_layers_of(probe, expected, line, kind="ResNet", options=options, in_size=(3, 40, 40))


@pytest.mark.graded(
    task="resnet", weight=2, grounds="hw2 part 4, lines 2409 and 2446 to 2451: the scores of the layers in this order"
)
def test_resnet_scores(probe, expected, rng):
    """ResNet computes the class scores of a batch of images

    Five convolutions with pool_every=2: blocks of two, two and one.
    """
    x, weights = torch.randn(3, 3, 8, 8, generator=rng), draw_weights(rng, SMALL_LINE)
    actual = probe("network_pass", kind="ResNet", options=SMALL, x=x, weights=weights)
    assert_layers(actual, SMALL_LINE)
    others = {
        "the scores with the default slope of LeakyReLU: hand activation_params to the blocks": small_scores(
            x, weights, slope=0.01
        ),
        "the scores without the shortcuts": small_scores(x, weights, shortcut=False),
    }
    wanted = expected(
        "network_pass",
        lambda x, weights: {"z": small_scores(x, weights)},
        kind="ResNet",
        options=SMALL,
        x=x,
        weights=weights,
    )
    assert_matches(actual, wanted, context=Context(batch_size=3, others=others))
