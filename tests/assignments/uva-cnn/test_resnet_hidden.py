"""Hidden checks of ResNet: other groups, how the parts follow each other, initialization.

test_resnet.py has the public ones, and says what is free.
"""

import math
import re

import pytest
import torch
import torch.nn.functional as F
from test_resnet import SMALL, assert_layers, count_blocks, images_in, near, run_parts

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches


@pytest.mark.graded(
    task="resnet",
    weight=4,
    after="test_resnet_shape",
    grounds="practical 2, lines 306 and 307: numbers of blocks and channels are arguments",
)
def test_resnet_other_groups(probe, expected, rng):
    """ResNet makes the groups that it is told to make

    With other numbers of blocks, in two and four groups, and with as many channels in one group as in the next.
    """
    x = torch.randn(1, 3, 32, 32, generator=rng)
    for options in (
        SMALL,
        {"num_classes": 3, "num_blocks": [1, 2], "c_hidden": [6, 6]},
        {"num_classes": 12, "num_blocks": [1, 1, 3, 1], "c_hidden": [4, 8, 6, 5]},
    ):
        assert_layers(probe, expected, options, x=x)


@pytest.mark.graded(
    task="resnet",
    weight=3,
    after="test_resnet_layers",
    grounds="practical 2, line 297: first convolution, blocks one after the other, average",
)
def test_resnet_order(probe, rng):
    """The images go through the first convolution, then through one block after the other"""
    x = torch.randn(2, 3, 32, 32, generator=rng)
    actual, weights = run_parts(probe, rng, options=SMALL, x=x)
    assert_matches(actual, near({"input of the first convolution": x}))
    first = "output of the first convolution"
    assert_matches(actual, {first: Spec((2, 5, 32, 32))})
    kernel_size = re.search(r"(\d)×\1", actual["before the blocks"])
    size = int(kernel_size[1]) if kernel_size else 3
    kernel = weights["kernel"][:, :, :size, :size]
    assert_matches(actual, near({first: F.conv2d(x, kernel, padding="same")}))
    assert_matches(actual, {"input of block 1": Spec((2, 5, 32, 32))})
    if "norm" not in actual["before the blocks"]:
        behind = actual[first].relu()
        wanted = behind if torch.equal(actual["input of block 1"], behind) else actual[first]
        assert_matches(actual, near({"input of block 1": wanted}))
    for i in range(2, count_blocks(actual) + 1):
        others = {"the output of another block": actual[f"output of block {i - 2}"]} if i > 2 else {}
        shape = getattr(actual[f"output of block {i - 1}"], "shape", ())
        channels = shape[1] if len(shape) == 4 else SMALL["c_hidden"][0]
        before = images_in(actual, f"output of block {i - 1}", rows=2, channels=channels)
        wanted = near({f"input of block {i}": before})
        assert_matches(actual, wanted, context=Context(others=others))


def tell_slip(found, shapes, values, tolerances):
    """Fail with the usual mistake that explains all standard deviations where one is wrong, if there is one."""

    def fits(wanted):
        rows = zip(found.items(), wanted, strict=True)
        return all(abs(float(std) / float(one) - 1) <= tolerances[name].rtol for (name, std), one in rows)

    fans_in = [math.prod(shape[1:]) for shape in shapes]
    slips = {
        'what `mode="fan_in"` gives: `mode="fan_out"` is asked for': [math.sqrt(2 / fan) for fan in fans_in],
        "what PyTorch begins with: `_init_params` has to come after the layers are made": [
            math.sqrt(1 / (3 * fan)) for fan in fans_in
        ],
    }
    for words, wanted in slips.items():
        if fits(wanted) and not fits(values.values()):
            name, std = next(iter(found.items()))
            pytest.fail(f"The {name} is {float(std):.4g}. That is {words}.", pytrace=False)


@pytest.mark.graded(
    task="resnet",
    weight=4,
    after="test_resnet_shape",
    grounds="practical 2, lines 313 and 320 to 327: _init_params comes after the layers and sets all of them",
)
def test_resnet_initialization(probe):
    """Convolutions start with Kaiming's variance 2 / fan out, norms with weight 1 and bias 0

    `_init_params` does this. It has to come after the layers are created, and find all of them.
    """
    options = {"num_classes": 10, "num_blocks": [2, 2, 2], "c_hidden": [16, 32, 64]}
    actual = probe("resnet_weights", options=options)
    convolutions = actual.get("convolutions")
    convolutions = convolutions if isinstance(convolutions, list) else []
    count = len(convolutions)
    assert count >= 3, f"There are {count} convolutions in the network; expected 15 with 6 blocks."
    is_kernel = [isinstance(one, torch.Tensor) and one.ndim == 4 and one.numel() > 0 for one in convolutions]
    shapes = [one.shape if fits else (16, 16, 3, 3) for one, fits in zip(convolutions, is_kernel, strict=True)]
    assert_matches(actual, {"convolutions": [Spec(tuple(shape)) for shape in shapes]})
    values, tolerances = {}, {}
    found = {}
    for i, weight in enumerate(convolutions, start=1):
        name = f"standard deviation of convolution {i} {tuple(weight.shape)}"
        fan_out = weight.shape[0] * math.prod(weight.shape[2:])
        found[name] = weight.std()
        values[name] = torch.tensor(math.sqrt(2 / fan_out))
        # Six standard errors of a standard deviation of so many normal numbers: luck costs nobody points.
        tolerances[name] = Tolerance(rtol=6 / math.sqrt(2 * weight.numel()), atol=0)
    tell_slip(found, shapes, values, tolerances)
    assert_matches(found, Expectation(values, tolerances))
    numbers = actual.get("norm weights")
    count = len(numbers) if isinstance(numbers, torch.Tensor) and numbers.ndim else 1
    assert_matches(actual, {"norm weights": torch.ones(count), "norm biases": torch.zeros(count)})
