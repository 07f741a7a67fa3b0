"""Public checks of the network with dropout.

Dropout before and after the ReLU is the same thing. What counts as "between the two hidden layers" can be read in two
ways: on the neurons of the first one, or on the second one's before its activation. Both are right here, and so is both
at once.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from test_mlp import check_sizes, draw, forward

from grader.compare import Context, Spec, assert_matches

P = 0.25
SIZES = [[784, 250], [250, 100], [100, 10]]


def ratios_of(actual, images, weights, biases):
    """Return by place what training mode makes of the neurons that are on: 1 without dropout, else 0 or a factor.

    Each place is looked at from what the layer before it really got.
    """
    assert_matches(actual, {"inputs": [Spec((64, 784)), Spec((64, 250)), Spec((64, 100))]})
    given = [*actual["inputs"], actual["training scores"]]
    expected = [images.flatten(1)]
    for number, (got, weight, bias) in enumerate(zip(given[:3], weights, biases, strict=True)):
        scores = got @ weight.T + bias
        expected.append(scores if number == 2 else F.relu(scores))
    names = ("the pixels", "the first hidden layer", "the second hidden layer", "the scores")
    found = {}
    for name, values, right in zip(names, given, expected, strict=True):
        on = right.abs() > 0.05  # a ratio of tiny numbers says nothing
        found[name] = values[on] / right[on]
    return found


def run(probe, rng, *, switch=False):
    inputs = draw(rng, n=64)
    actual = probe("dropout", **inputs, switch=switch)
    check_sizes(actual, SIZES, "MLPDropout")
    assert_matches(actual, {"scores": Spec((64, 10)), "training scores": Spec((64, 10))})
    return actual, inputs


def dropped(actual, inputs):
    """Return the ratios at the places between the hidden layers where there is dropout."""
    ratios = ratios_of(actual, **inputs)
    places = [name for name, values in ratios.items() if bool(((values - 1).abs() > 1e-3).any())]
    assert places, "In training mode nothing is dropped; expected nn.Dropout(0.25) between the hidden layers."
    wrong = [name for name in places if "hidden" not in name]
    assert not wrong, f"Dropout changes {wrong[0]}; expected it between the two hidden layers only."
    return {name: ratios[name] for name in places}


@pytest.mark.graded(
    task="dropout", weight=3, grounds="notebook, lines 184 and 268: the same network, and dropout is for training"
)
def test_dropout_evaluation(probe, expected, rng):
    """In evaluation mode MLPDropout is the network of part 1: 784 → 250 → 100 → 10, and nothing is dropped"""
    actual, inputs = run(probe, rng)
    assert_matches(actual, {"scores of a second pass": Spec((64, 10))})
    assert torch.equal(actual["scores"], actual["scores of a second pass"]), (
        "In evaluation mode two passes give different scores: neurons are still dropped. nn.Dropout knows the mode; "
        "F.dropout has to be told: `training=self.training`."
    )
    others = {"the scores with neurons dropped": actual["training scores"]}
    context = Context(batch_size=64, others=others)
    assert_matches(actual, expected("dropout", forward, **inputs, switch=False), context=context)


@pytest.mark.graded(
    task="dropout", weight=3, grounds="notebook, lines 270 and 271: 0.25, between the two hidden layers"
)
def test_dropout_share(probe, rng):
    """In training mode a quarter of the neurons between the hidden layers is dropped"""
    actual, inputs = run(probe, rng)
    for name, values in dropped(actual, inputs).items():
        share, bound = float((values.abs() < 1e-3).float().mean()), 5 * math.sqrt(P * (1 - P) / len(values))
        hint = " 0.25 is the share that is dropped, not the one that is kept." if abs(share - (1 - P)) < bound else ""
        assert abs(share - P) < bound, (
            f"In {name} {100 * share:.0f} % of the neurons that are on are dropped; expected 25 %.{hint}"
        )
