"""Hidden checks of ResNet: where bottlenecks do not fit, gradients with norms, dropout, running statistics.

test_resnet.py holds the public ones, and what is free.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers_gradients import gradients
from helpers_lines import assert_layers, assert_layers_of
from helpers_resnet import block_output, draw_weights

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches


@pytest.mark.graded(
    task="resnet",
    weight=2,
    after="test_resnet_layers",
    grounds="hw2 part 4, lines 2409 and 2500: the scores have gradients",
)
def test_resnet_gradients(probe, expected, rng):
    """ResNet with norms gives the scores and all gradients

    Images with one channel, wider than high. In test mode nothing is dropped.
    """
    options = {
        "in_size": (1, 8, 12),
        "out_classes": 3,
        "channels": [4, 2, 4, 4, 2, 4, 4, 2, 6],
        "pool_every": 3,
        "hidden_dims": [5],
        "activation_type": "tanh",
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 1},
        "batchnorm": True,
        "dropout": 0.5,
    }
    groups = [("1→4, 3×3", "4→2, 3×3", "2→4, 3×3"), ("4→4, 3×3", "4→2, 3×3", "2→4, 3×3")]
    groups += [("4→4, 3×3", "4→2, 3×3", "2→6, 3×3")]
    shortcuts = ["; block 1 shortcut: conv 1→4, 1×1, no bias", "", "; block 3 shortcut: conv 4→6, 1×1, no bias"]
    blocks = []
    for i, (first, second, third) in enumerate(groups, start=1):
        widths = [conv.split("→")[1].split(",")[0] for conv in (first, second)]
        steps = [f"conv {first}", f"batchnorm {widths[0]}", f"conv {second}", f"batchnorm {widths[1]}", f"conv {third}"]
        blocks.append("; ".join(f"block {i} main: {step}" for step in steps) + shortcuts[i - 1])
    line = "; ".join([*blocks, "linear 576→5", "linear 5→3"])
    x, weights = torch.randn(2, 1, 8, 12, generator=rng), draw_weights(rng, line)
    dout = torch.randn(2, 3, generator=rng)

    def scores(x, w):
        number = 1
        for projects in (True, False, True):
            x, number = block_output(x, w, number, convs=3, act=torch.tanh, norm=True, projects=projects)
        x = torch.tanh(F.linear(x.flatten(1), w[f"{number}.weight"], w[f"{number}.bias"]))
        return F.linear(x, w[f"{number + 1}.weight"], w[f"{number + 1}.bias"])

    def both(x, weights, dout):
        return {"z": scores(x, weights)} | gradients(scores, dout, x, weights)

    actual = probe("network_pass", kind="ResNet", options=options, x=x, weights=weights, dout=dout)
    assert_layers(actual, line)
    assert_matches(
        actual,
        expected("network_pass", both, kind="ResNet", options=options, x=x, weights=weights, dout=dout),
        context=Context(batch_size=2),
    )


@pytest.mark.graded(
    task="resnet",
    weight=1,
    after="test_resnet_layers",
    grounds="hw2 part 4, lines 2310, 2360 and 2505 to 2515: a bottleneck returns to the channels that it got",
)
def test_resnet_bottleneck_needs_equal_channels(probe, expected):
    """ResNet makes no bottleneck of a group that returns other channels than it gets

    With bottleneck=True; both groups begin with as many channels as they get, and end with others.
    """
    options = {
        "in_size": (4, 8, 8),
        "out_classes": 3,
        "channels": [4, 2, 6, 6, 3, 5],
        "pool_every": 3,
        "hidden_dims": [7],
        "activation_type": "relu",
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 1},
        "bottleneck": True,
    }
    line = (
        "block 1 main: conv 4→4, 3×3; block 1 main: conv 4→2, 3×3; block 1 main: conv 2→6, 3×3; "
        "block 1 shortcut: conv 4→6, 1×1, no bias; block 2 main: conv 6→6, 3×3; block 2 main: conv 6→3, 3×3; "
        "block 2 main: conv 3→5, 3×3; block 2 shortcut: conv 6→5, 1×1, no bias; linear 320→7; linear 7→3"
    )
    assert_layers_of(probe, expected, line, kind="ResNet", options=options, in_size=(4, 8, 8))


@pytest.mark.graded(
    task="resnet",
    weight=1,
    after="test_resnet_layers",
    grounds="hw2 part 4, lines 2425 and 2458: dropout goes on to the blocks",
)
def test_resnet_dropout(probe, rng):
    """ResNet hands its dropout probability to the blocks

    Looked at in training mode, between the two convolutions of the first block.
    """
    p, name = 0.3, "input of convolution 2"
    options = {
        "in_size": (3, 6, 6),
        "out_classes": 2,
        "channels": [8, 3],
        "pool_every": 2,
        "hidden_dims": [5],
        "pooling_params": {"kernel_size": 1},
        "dropout": p,
    }
    line = "block 1 main: conv 3→8, 3×3; block 1 main: conv 8→3, 3×3; linear 108→5; linear 5→2"
    x, weights = torch.randn(64, 3, 6, 6, generator=rng), draw_weights(rng, line)
    weights["1.bias"] += 3  # so that the ReLU itself makes few zeros
    actual = probe("block_in_training", kind="ResNet", options=options, x=x, weights=weights)
    assert_layers(actual, line)
    assert_matches(actual, {name: Spec((64, 8, 6, 6))})
    values = F.relu(F.conv2d(x, weights["1.weight"], weights["1.bias"], padding=1))
    kept = actual[name] != 0
    others = {"the activations without any dropout": values}
    tolerance = Tolerance(rtol=1e-4, atol=1e-4)
    wanted = Expectation({name: kept * values / (1 - p)}, {name: tolerance})
    assert_matches(actual, wanted, context=Context(others=others))
    dropped = {"share of dropped values": (~kept)[values > 0].float().mean()}
    six_sigma = Tolerance(rtol=0, atol=6 * math.sqrt(p * (1 - p) / (64 * 8)))
    assert_matches(
        dropped, Expectation({"share of dropped values": torch.tensor(p)}, {"share of dropped values": six_sigma})
    )


# What the text of _n_features in hw2/cnn.py promises, seen from outside. Norms without running statistics are free.
@pytest.mark.graded(task="resnet", after="test_resnet_layers", advice=True)
def test_resnet_new_statistics(probe, expected):
    """A new ResNet has seen no data: its running means are 0 and its running variances 1

    Counting features with a pass in training mode moves them: switch to test mode for it.
    """
    options = {
        "in_size": (3, 8, 8),
        "out_classes": 2,
        "channels": [4, 4, 4, 4],
        "pool_every": 2,
        "hidden_dims": [5],
        "pooling_params": {"kernel_size": 2},
        "batchnorm": True,
    }
    actual = probe("new_statistics", kind="ResNet", options=options)
    right = {"number of norms": 2, "running means": torch.zeros(8), "running variances": torch.ones(8)}
    recorded = expected("new_statistics", lambda: right, kind="ResNet", options=options)
    names = right if "running means" in actual else ["number of norms"]
    assert_matches(actual, {name: recorded.values[name] for name in names})
