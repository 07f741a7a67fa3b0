"""Hidden checks of ResidualBlock and ResidualBottleneckBlock: the order of dropout and norm, activations, one layer.

test_residual.py holds the public ones, and what is free.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers_gradients import gradients
from helpers_lines import assert_fits, assert_layers
from helpers_residual import block_output, draw_block, two_paths

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches


# The dropped values of a channel are all the same behind the norm, so they are found as the most frequent one; a kept
# value that happens to be as close as that to it may count as dropped, which the tolerance of 0.001 covers.
def find_kept(between):
    """Return where the values (N, C, H, W) between two convolutions were kept, by the most frequent of each channel."""
    rows = between.transpose(0, 1).flatten(1)  # (C, N * H * W)
    dropped = rows.mul(1e4).round().mode(dim=1).values / 1e4  # (C,)
    return (between - dropped[:, None, None]).abs() > 1e-4


@pytest.mark.graded(
    task="residual-block",
    weight=2,
    after="test_residual_block_dropout",
    grounds="hw2 part 4, line 2309: dropout and norm in this order",
)
def test_residual_block_dropout_before_norm(probe, rng):
    """ResidualBlock drops in front of the batch normalization, and rescales what is kept

    The document names the order: dropout, batch normalization, activation. Seen in training mode: the norm shifts
    dropped values like all others, so they are not zero behind it.
    """
    p, shape = 0.4, (64, 8, 6, 6)
    options = {"in_channels": 4, "channels": [8, 4], "kernel_sizes": [3, 3], "dropout": p, "batchnorm": True}
    x, weights = torch.randn(64, 4, 6, 6, generator=rng), draw_block(rng, 4, [8, 4], [3, 3], norm=True)
    weights["2.bias"] += 4  # so that the ReLU behind the norm hides next to nothing
    actual = probe("block_in_training", kind="ResidualBlock", options=options, x=x, weights=weights)
    assert_fits(actual, weights)
    name = "input of convolution 2"
    assert_matches(actual, {name: Spec(shape), "output": Spec((64, 4, 6, 6))})
    kept = find_kept(actual[name])
    z = F.conv2d(x, weights["1.weight"], padding=1)

    def norm(z):
        return F.relu(F.batch_norm(z, None, None, weights["2.weight"], weights["2.bias"], training=True))

    others = {
        "the values with the dropout behind the norm": kept * norm(z) / (1 - p),
        "the values without any dropout": norm(z),
    }
    tolerances = {name: Tolerance(rtol=0, atol=1e-3)}
    wanted = Expectation({name: norm(kept * z / (1 - p))}, tolerances)
    assert_matches(actual, wanted, context=Context(others=others))
    share = {"share of dropped values": (~kept).float().mean()}
    tolerance = Tolerance(rtol=0, atol=6 * math.sqrt(p * (1 - p) / (64 * 8)))
    assert_matches(
        share, Expectation({"share of dropped values": torch.tensor(p)}, {"share of dropped values": tolerance})
    )
    last = F.relu(F.conv2d(actual[name], weights["3.weight"], weights["3.bias"], padding=1) + x)
    assert_matches(actual, Expectation({"output": last}, {"output": Tolerance(rtol=1e-4, atol=1e-4)}))


@pytest.mark.graded(
    task="residual-block",
    weight=1,
    after="test_residual_block_layers",
    grounds="hw2 part 4, lines 2311 and 2370: the activation is an argument; behind the sum there is a ReLU",
)
def test_residual_block_other_activation(probe, expected, rng):
    """ResidualBlock uses the activation that it is told on the main path; behind the sum there is always a ReLU

    Here a LeakyReLU with a slope of 0.4.
    """
    options = {"in_channels": 2, "channels": [4, 3, 2], "kernel_sizes": [1, 7, 3]}
    options |= {"activation_type": "lrelu", "activation_params": {"negative_slope": 0.4}}
    x, weights = torch.randn(3, 2, 8, 8, generator=rng), draw_block(rng, 2, [4, 3, 2], [1, 7, 3])

    def output(x, w, slope=0.4):
        return block_output(x, w, convs=3, act=lambda x: F.leaky_relu(x, slope))

    actual = probe("network_pass", kind="ResidualBlock", options=options, x=x, weights=weights)
    assert_fits(actual, weights)
    main, shortcut = two_paths(x, weights, convs=3, act=lambda x: F.leaky_relu(x, 0.4))
    others = {
        "the output with a ReLU between the convolutions": output(x, weights, 0.0),
        "the output with the default slope of LeakyReLU: hand activation_params to it": output(x, weights, 0.01),
        "the output with the LeakyReLU behind the sum as well": F.leaky_relu(main + shortcut, 0.4),
        "the sum of both paths without the ReLU behind it": main + shortcut,
    }
    wanted = expected(
        "network_pass",
        lambda x, weights: {"z": output(x, weights)},
        kind="ResidualBlock",
        options=options,
        x=x,
        weights=weights,
    )
    assert_matches(actual, wanted, context=Context(batch_size=3, others=others))


@pytest.mark.graded(
    task="residual-block",
    weight=1,
    after="test_residual_block_layers",
    grounds="hw2 part 4, line 2309: all of it stands between convolutions",
)
def test_residual_block_one_convolution(probe, expected, rng):
    """ResidualBlock with a single convolution has neither norm nor dropout nor activation on its main path

    They stand between convolutions, and there is nothing between them here. Dropout and norm are asked for.
    """
    options = {"in_channels": 3, "channels": [5], "kernel_sizes": [5], "batchnorm": True, "dropout": 0.5}
    x, weights = torch.randn(2, 3, 6, 6, generator=rng), draw_block(rng, 3, [5], [5])
    actual = probe("block_in_training", kind="ResidualBlock", options=options, x=x, weights=weights)
    assert_layers(actual, "main: conv 3→5, 5×5; shortcut: conv 3→5, 1×1, no bias")
    wanted = expected(
        "block_in_training",
        lambda x, weights: {"output": block_output(x, weights, convs=1)},
        kind="ResidualBlock",
        options=options,
        x=x,
        weights=weights,
    )
    main, shortcut = two_paths(x, weights, convs=1)
    others = {"the sum with an activation behind the last convolution": F.relu(F.relu(main) + shortcut)}
    assert_matches(actual, wanted, context=Context(batch_size=2, others=others))


@pytest.mark.graded(
    task="residual-block",
    weight=1,
    after="test_residual_block_batchnorm",
    grounds="hw2 part 4, lines 2309 to 2311: both paths are summed",
)
def test_residual_block_gradients(probe, expected, rng):
    """Gradients flow through both paths of a ResidualBlock with norms, also where dropout is asked for in test mode

    In test mode nothing is dropped.
    """
    options = {"in_channels": 4, "channels": [3, 4, 6], "kernel_sizes": [3, 1, 3], "batchnorm": True, "dropout": 0.6}
    weights = draw_block(rng, 4, [3, 4, 6], [3, 1, 3], norm=True)
    x, dout = torch.randn(2, 4, 6, 6, generator=rng), torch.randn(2, 6, 6, 6, generator=rng)

    def output(x, w):
        return block_output(x, w, convs=3)

    def both(x, weights, dout):
        return {"z": output(x, weights)} | gradients(output, dout, x, weights)

    actual = probe("network_pass", kind="ResidualBlock", options=options, x=x, weights=weights, dout=dout)
    assert_fits(actual, weights)
    assert_matches(
        actual,
        expected("network_pass", both, kind="ResidualBlock", options=options, x=x, weights=weights, dout=dout),
        context=Context(batch_size=2),
    )


@pytest.mark.graded(
    task="bottleneck-block",
    weight=1,
    after="test_bottleneck_block_layers",
    grounds="hw2 part 4, lines 2370 and 2384 to 2399: the options hold between all convolutions",
)
def test_bottleneck_block_options(probe, expected, rng):
    """ResidualBottleneckBlock hands batch normalization and dropout on to all gaps between its convolutions

    One inner convolution makes three convolutions and two gaps. The output is looked at in test mode.
    """
    options = {"in_out_channels": 6, "inner_channels": [2], "inner_kernel_sizes": [5]}
    options |= {"batchnorm": True, "dropout": 0.3}
    x, weights = torch.randn(3, 6, 5, 5, generator=rng), draw_block(rng, 6, [2, 2, 6], [1, 5, 1], norm=True)
    actual = probe("network_pass", kind="ResidualBottleneckBlock", options=options, x=x, weights=weights)
    line = "main: conv 6→2, 1×1; main: batchnorm 2; main: conv 2→2, 5×5; main: batchnorm 2; main: conv 2→6, 1×1"
    assert_layers(actual, line)
    wanted = expected(
        "network_pass",
        lambda x, weights: {"z": block_output(x, weights, convs=3)},
        kind="ResidualBottleneckBlock",
        options=options,
        x=x,
        weights=weights,
    )
    assert_matches(actual, wanted, context=Context(batch_size=3))
