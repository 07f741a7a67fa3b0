"""Public checks of ResidualBlock and ResidualBottleneckBlock.

test_residual_hidden.py looks at the order of dropout and batch normalization, at other activations and at test mode.
The weights are drawn here and written into the student's layers, found by running the block. Free are: how a path is
made (modules or functions, any names), a bias in front of a norm, dropout of elements or of whole channels, layers
that do nothing. The document fixes what the main path computes, that the projection is a 1x1 convolution (without
bias, as it is printed), and the ReLU behind the sum.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers_gradients import gradients
from helpers_lines import assert_fits, assert_layers_of
from helpers_residual import block_output, draw_block, two_paths

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches, measured


def lookalikes(x, w, **options):
    """Name outputs of blocks with a mistake."""
    main, shortcut = two_paths(x, w, **options)
    return {
        "the sum of both paths without the ReLU behind it": main + shortcut,
        "the main path without the shortcut": F.relu(main),
        "the ReLU of the main path, plus the shortcut": F.relu(main) + shortcut,
        "the sum of two ReLUs": F.relu(main) + F.relu(shortcut),
        "the sum with an activation behind the last convolution": F.relu(options.get("act", F.relu)(main) + shortcut),
    }


def assert_share(share, p):
    """Ask that a share of dropped values is p, within six standard deviations of 64 samples with 8 channels each."""
    tolerance = Tolerance(rtol=0, atol=6 * math.sqrt(p * (1 - p) / (64 * 8)))
    name = "share of dropped values between two convolutions"
    others = {"1 - p": torch.tensor(1 - p), "the share that two dropouts give": torch.tensor(1 - (1 - p) ** 2)}
    expected = Expectation({name: torch.tensor(p)}, {name: tolerance})
    assert_matches({name: share}, expected, context=Context(others=others))


@pytest.mark.graded(
    task="residual-block", weight=2, grounds="hw2 part 4, lines 2309, 2310 and 2333 to 2352: both paths of the example"
)
def test_residual_block_layers(probe, expected):
    """ResidualBlock has the document's layers: norms between the convolutions only, and a projection on the shortcut

    The line names the main path first. Nothing follows the last convolution of the main path. The shortcut needs its
    1x1 convolution (without bias) only where the number of channels changes.
    """
    options = {"in_channels": 3, "channels": [6, 4] * 2, "kernel_sizes": [3, 5] * 2, "batchnorm": True, "dropout": 0.2}
    line = (
        "main: conv 3→6, 3×3; main: batchnorm 6; main: conv 6→4, 5×5; main: batchnorm 4; "
        "main: conv 4→6, 3×3; main: batchnorm 6; main: conv 6→4, 5×5; shortcut: conv 3→4, 1×1, no bias"
    )
    assert_layers_of(probe, expected, line, kind="ResidualBlock", options=options, in_size=(3, 32, 32))
    options = {"in_channels": 4, "channels": [6, 4], "kernel_sizes": [3, 3]}
    assert_layers_of(
        probe,
        expected,
        "main: conv 4→6, 3×3; main: conv 6→4, 3×3",
        kind="ResidualBlock",
        options=options,
        in_size=(4, 8, 8),
    )


@pytest.mark.graded(
    task="residual-block",
    weight=2,
    after="test_residual_block_layers",
    grounds="hw2 part 4, lines 2310 and 2311: identity, and a ReLU behind the sum",
)
def test_residual_block_identity(probe, expected, rng):
    """ResidualBlock adds its input to the main path and applies a ReLU to the sum

    The block has as many channels at its end as at its start, so the shortcut is the identity.
    """
    options = {"in_channels": 5, "channels": [4, 5], "kernel_sizes": [3, 3]}
    x, weights = torch.randn(2, 5, 6, 6, generator=rng), draw_block(rng, 5, [4, 5], [3, 3])
    actual = probe("network_pass", kind="ResidualBlock", options=options, x=x, weights=weights)
    assert_fits(actual, weights)
    others = lookalikes(x, weights, convs=2)
    wanted = expected(
        "network_pass",
        lambda x, weights: {"z": block_output(x, weights, convs=2)},
        kind="ResidualBlock",
        options=options,
        x=x,
        weights=weights,
    )
    assert_matches(actual, wanted, context=Context(batch_size=2, others=others))


@pytest.mark.graded(
    task="residual-block",
    weight=2,
    after="test_residual_block_layers",
    grounds="hw2 part 4, lines 2310 and 2350: a 1x1 convolution where channels change",
)
def test_residual_block_projection(probe, expected, rng):
    """ResidualBlock keeps rows and columns for all kernel sizes, and projects where the number of channels changes

    A convolution with an odd kernel size k needs a padding of k // 2, else the two paths don't fit together.
    """
    options = {"in_channels": 3, "channels": [6, 4, 5], "kernel_sizes": [3, 5, 3]}
    x, weights = torch.randn(2, 3, 9, 7, generator=rng), draw_block(rng, 3, [6, 4, 5], [3, 5, 3])
    dout = torch.randn(2, 5, 9, 7, generator=rng)

    def output(x, w):
        return block_output(x, w, convs=3)

    def both(x, weights, dout):
        return {"z": output(x, weights)} | gradients(output, dout, x, weights)

    actual = probe("network_pass", kind="ResidualBlock", options=options, x=x, weights=weights, dout=dout)
    assert_fits(actual, weights)
    wanted = expected("network_pass", both, kind="ResidualBlock", options=options, x=x, weights=weights, dout=dout)
    assert_matches(actual, wanted, context=Context(batch_size=2, others=lookalikes(x, weights, convs=3)))


@pytest.mark.graded(
    task="residual-block",
    weight=2,
    after="test_residual_block_layers",
    grounds="hw2 part 4, line 2309: norms between the convolutions, before the activation",
)
def test_residual_block_batchnorm(probe, expected, rng):
    """ResidualBlock normalizes between convolution and activation

    Test mode: the norms use running statistics that were put into them.
    """
    options = {"in_channels": 3, "channels": [6, 4, 5], "kernel_sizes": [3, 3, 3], "batchnorm": True}
    x, weights = torch.randn(2, 3, 6, 6, generator=rng), draw_block(rng, 3, [6, 4, 5], [3, 3, 3], norm=True)
    actual = probe("network_pass", kind="ResidualBlock", options=options, x=x, weights=weights)
    assert_fits(actual, weights)
    others = lookalikes(x, weights, convs=3)
    others["the output with the norms behind the activations"] = block_output(x, weights, convs=3, norm_last=True)
    wanted = expected(
        "network_pass",
        lambda x, weights: {"z": block_output(x, weights, convs=3)},
        kind="ResidualBlock",
        options=options,
        x=x,
        weights=weights,
    )
    assert_matches(actual, wanted, context=Context(batch_size=2, others=others))


# Elements or whole channels may be dropped: the text says dropout, the printed block drops channels. The text's
# activations of a block are relu and lrelu, which give the same on either side of a dropout; norms show the order.
@pytest.mark.graded(
    task="residual-block",
    weight=2,
    after="test_residual_block_layers",
    grounds="hw2 part 4, line 2309: dropout between the convolutions",
)
def test_residual_block_dropout(probe, rng):
    """ResidualBlock drops values between its convolutions in training mode, and nowhere else

    What is dropped becomes 0, what is kept grows by 1 / (1 - p). Which side of a LeakyReLU is the same.
    """
    p, shape = 0.4, (64, 8, 6, 6)
    options = {"in_channels": 4, "channels": [8, 8, 4], "kernel_sizes": [3, 3, 3], "dropout": p}
    options |= {"activation_type": "lrelu", "activation_params": {"negative_slope": 0.3}}
    x, weights = torch.randn(64, 4, 6, 6, generator=rng), draw_block(rng, 4, [8, 8, 4], [3, 3, 3])
    actual = probe("block_in_training", kind="ResidualBlock", options=options, x=x, weights=weights)
    assert_fits(actual, weights)
    assert_matches(actual, {"input of convolution 2": Spec(shape), "input of convolution 3": Spec(shape)})
    previous = x
    for i in (2, 3):
        name = f"input of convolution {i}"
        kept = actual[name] != 0

        def between(previous, weights, kept=kept, name=name, i=i):
            z = F.conv2d(previous, weights[f"{i - 1}.weight"], weights[f"{i - 1}.bias"], padding=1)
            return {
                name: kept * F.leaky_relu(z / (1 - p), 0.3),
                "keeps p": kept * F.leaky_relu(z / p, 0.3),
                "z": F.leaky_relu(z, 0.3),
            }

        expected = measured(between, previous=previous, weights=weights)
        others = {
            "the activations scaled by 1 / p instead of 1 / (1 - p): p is the probability of dropping": expected.values[
                "keeps p"
            ],
            "the activations without any dropout": expected.values["z"],
        }
        wanted = Expectation({name: expected.values[name]}, expected.tolerances)
        assert_matches(actual, wanted, context=Context(others=others))
        assert_share((~kept).float().mean(), p)
        previous = actual[name]
    last = measured(
        lambda previous, x, w: {"output": F.relu(F.conv2d(previous, w["3.weight"], w["3.bias"], padding=1) + x)},
        previous=previous,
        x=x,
        w=weights,
    )
    assert_matches(actual, last)


@pytest.mark.graded(
    task="bottleneck-block",
    weight=2,
    grounds="hw2 part 4, lines 2360 and 2384 to 2403: 1x1 convolutions around the inner ones",
)
def test_bottleneck_block_layers(probe, expected):
    """ResidualBottleneckBlock puts a 1x1 convolution in front of the inner convolutions and one behind them

    The first one leads to as many channels as the first inner convolution has, the last one back to in_out_channels.
    """
    options = {"in_out_channels": 256, "inner_channels": [64, 32, 64], "inner_kernel_sizes": [3, 5, 3]}
    options |= {"batchnorm": False, "dropout": 0.1, "activation_type": "lrelu"}
    line = (
        "main: conv 256→64, 1×1; main: conv 64→64, 3×3; main: conv 64→32, 5×5; "
        "main: conv 32→64, 3×3; main: conv 64→256, 1×1"
    )
    assert_layers_of(probe, expected, line, kind="ResidualBottleneckBlock", options=options, in_size=(256, 8, 8))


@pytest.mark.graded(
    task="bottleneck-block",
    weight=2,
    after="test_bottleneck_block_layers",
    grounds="hw2 part 4, lines 2311 and 2379: summed with the input, of one shape with it",
)
def test_bottleneck_block_output(probe, expected, rng):
    """ResidualBottleneckBlock adds its input to the main path, with a ReLU behind the sum

    It is a ResidualBlock with special channels and kernel sizes: let the parent do the work.
    """
    options = {"in_out_channels": 7, "inner_channels": [3, 4], "inner_kernel_sizes": [3, 5], "activation_type": "lrelu"}
    weights = draw_block(rng, 7, [3, 3, 4, 7], [1, 3, 5, 1])
    x, dout = torch.randn(2, 7, 6, 5, generator=rng), torch.randn(2, 7, 6, 5, generator=rng)

    def output(x, w, act=lambda x: F.leaky_relu(x, 0.01)):
        return block_output(x, w, convs=4, act=act)

    def both(x, weights, dout):
        return {"z": output(x, weights)} | gradients(output, dout, x, weights)

    actual = probe("network_pass", kind="ResidualBottleneckBlock", options=options, x=x, weights=weights, dout=dout)
    assert_fits(actual, weights)
    others = lookalikes(x, weights, convs=4, act=lambda x: F.leaky_relu(x, 0.01))
    others["the output with ReLUs between the convolutions: hand on the keyword arguments"] = output(x, weights, F.relu)
    wanted = expected(
        "network_pass", both, kind="ResidualBottleneckBlock", options=options, x=x, weights=weights, dout=dout
    )
    assert_matches(actual, wanted, context=Context(batch_size=2, others=others))
