"""Hidden checks of train_curve: its defaults, its own curve, a longer run."""

import pytest
import torch
from test_curve import BOWL, check_curve

from grader.compare import Context, Spec, assert_matches, measured


@pytest.mark.graded(
    task="curve",
    weight=1,
    after="test_curve_shape",
    grounds="practical 1, lines 254 to 257: curve, number of updates and start are arguments",
)
def test_curve_other_run(probe, expected):
    """train_curve starts at init, takes num_updates steps and uses the curve that it is given"""
    check_curve(probe, expected, lr=0.11, centre=[-2.0, 0.7], slopes=[1.7, 0.4], updates=25, init=[-1.0, 4.0])


@pytest.mark.graded(
    task="curve", weight=1, after="test_curve_shape", grounds="practical 1, line 251: num_updates=100, init=[5, 5]"
)
def test_curve_defaults(probe, expected):
    """Unless told otherwise, train_curve takes 100 updates from (5, 5)"""
    check_curve(probe, expected, **{**BOWL, "updates": None, "init": None})


def ravine(*, w):
    """Return the height of the course's curve at w1, w2."""
    return {"losses": torch.tanh(w[:, 0]) ** 2 + 0.01 * w[:, 0].abs() + torch.sigmoid(w[:, 1])}


@pytest.mark.graded(
    task="curve",
    weight=1,
    after="test_curve_shape",
    strict=True,
    grounds="practical 1, lines 213 to 217 and 251: the curve where none is given",
)
def test_curve_own_curve(probe, expected):
    """On its own curve, train_curve records the heights of that curve"""
    actual = probe("curve_losses")
    assert_matches(actual, {"points": Spec((3, 3))})
    w = torch.tensor([[0.7, -1.2]]).repeat(3, 1)
    points = actual["points"]
    right = measured(lambda w: {"points": torch.cat([w, ravine(w=w)["losses"][:, None]], dim=1)}, w=w)
    recorded = expected("curve_losses", lambda: right).values["points"]
    assert_matches({"weights": points[:, :2]}, {"weights": recorded[:, :2]})
    others = {"the losses of (w2, w1): are the two mixed up": ravine(w=w.flip(1))["losses"]}
    assert_matches({"losses": points[:, 2]}, {"losses": recorded[:, 2]}, context=Context(others=others))
