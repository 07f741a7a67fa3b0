"""Public checks of Dropout and of the MLP that uses it.

Both conventions of the document are right: scale by 1 / (1 - p) while training, or by (1 - p) while testing.
test_dropout_hidden.py looks at gradients and at repeated passes.
"""

import re

import pytest
import torch
from helpers_dropout import assert_fraction_dropped
from helpers_hyperparameters import refuse_unusable

from grader.compare import Context, Spec, assert_matches

SIZE = (200, 200)


def training_scale(z, x, p):
    """Return the factor of the kept elements: 1 / (1 - p) or 1, whichever is closer."""
    kept = z != 0
    observed = float((z[kept] / x[kept]).mean())
    return min(1 / (1 - p), 1.0, key=lambda scale: abs(scale - observed))


@pytest.mark.graded(task="dropout", weight=2, grounds="document, line 1076: p is the probability of being dropped")
def test_dropout_fraction(probe):
    """Dropout.forward drops elements with probability p while training

    p is the probability of being set to zero. The input is all ones, so zeros in the output were dropped.
    """
    actual = probe("dropout", x=torch.ones(SIZE), p=0.3, training=True)
    assert_matches(actual, {"z": Spec(SIZE)})
    assert_fraction_dropped(actual["z"], 0.3)


@pytest.mark.graded(
    task="dropout", weight=2, grounds="document, line 1082: scaled by 1 - p in testing, or by 1 / (1 - p) in training"
)
def test_dropout_scaling(probe, rng):
    """Dropout scales in one of its two modes, so that the expected values agree

    Either the elements that are kept grow while training, or all elements shrink while testing; not both,
    and not neither.
    """
    x = 1 + torch.rand(SIZE, generator=rng)
    training, testing = (probe("dropout", x=x, p=0.6, training=mode) for mode in (True, False))
    assert_matches(training, {"z": Spec(SIZE)})
    kept = (training["z"] != 0).float()
    scale = training_scale(training["z"], x, 0.6)
    others = {"the input": x, "the input with kept elements divided by p": kept * x / 0.6}
    assert_matches(training, {"z": kept * x * scale}, context=Context(others=others))

    convention = "kept elements were scaled while training" if scale > 1 else "nothing was scaled while training"
    test_scale = 1.0 if scale > 1 else 1 - 0.6
    assert_matches(testing, {"z": Spec(SIZE)})
    others = {
        f"the input, though {convention}": x,
        f"(1 - p) times the input, though {convention}": (1 - 0.6) * x,
        "what training mode gives: elements are still dropped in test mode": (testing["z"] != 0) * x * scale,
    }
    assert_matches({"z in test mode": testing["z"]}, {"z in test mode": test_scale * x}, context=Context(others=others))


@pytest.mark.graded(
    task="mlp-dropout", weight=2, grounds="document, lines 1087 and 1092 to 1098: a Dropout behind each activation"
)
def test_mlp_dropout_structure(probe, expected):
    """MLP adds a Dropout after every activation when dropout > 0

    Three hidden layers make ten blocks. Without dropout there are none of them.
    """
    options = {"dropout": 0.6}
    inputs = {"in_features": 30, "num_classes": 10, "hidden_features": [50] * 3, "options": options}
    actual = probe("mlp_blocks", **inputs)
    blocks = actual["blocks"] if isinstance(actual["blocks"], list) else []
    kinds = [re.match("[a-z]*", str(name).lower()).group() for name in blocks]
    wanted = ", ".join(["linear, relu, dropout"] * 3 + ["linear"])
    assert_matches({"blocks": ", ".join(kinds)}, {"blocks": wanted})
    assert_matches(actual, expected("mlp_blocks", lambda: {"number of blocks": 10}, **inputs))


@pytest.mark.graded(
    task="mlp-dropout",
    weight=1,
    after="test_mlp_dropout_structure",
    strict=True,
    grounds="document, lines 1080 and 1119: in testing nothing is dropped",
)
def test_mlp_dropout_modes(probe, rng):
    """An MLP with dropout gives the same scores every time in test mode

    MLP.train(False) has to reach the Dropout layers inside the sequence.
    """
    x = torch.randn(20, 8, generator=rng)
    actual = probe("mlp_passes", x=x, hidden_features=[40, 40], options={"dropout": 0.5})
    assert_matches(actual, {"test z 1": Spec((20, 3)), "training z 1": Spec((20, 3))})
    assert_matches(actual, {"test z 2": actual["test z 1"], "training z 2": Spec((20, 3))})
    changed = {"training scores differ": bool((actual["training z 1"] != actual["training z 2"]).any())}
    assert_matches(changed, {"training scores differ": True})


@pytest.mark.graded(task="mlp-dropout", weight=1, grounds="document, line 1155: wstd and lr of a network that overfits")
def test_dropout_hyperparameters(probe):
    """part2_dropout_hp returns wstd and lr

    A dict of two numbers above 0. Whether the network overfits with them without dropout is for your curves to show.
    """
    actual = probe("part2_hyperparameters", function="part2_dropout_hp")
    refuse_unusable(actual["hyperparameters"], function="part2_dropout_hp", positive=["wstd", "lr"], at_least_zero=[])
