"""Public checks of train_curve. test_curve_hidden.py has its defaults and its own curve."""

import pytest
import torch

from grader.compare import Context, Spec, assert_matches, measured

BOWL = {"lr": 0.07, "centre": [1.5, -0.5], "slopes": [0.9, 2.0], "updates": 6, "init": [3.0, 2.0]}


def slide(*, start, lr, centre, slopes, updates, clear=True, shift=0):
    """Return (w1, w2, loss) before each update of gradient descent on a bowl whose gradient is written out.

    Without `clear`, gradients add up. With a `shift` of 1 the points are those after each update.
    """
    w, rows, gradient = start, [], torch.zeros_like(start)
    for _ in range(updates + shift):
        loss = slopes[0] * (w[0] - centre[0]) ** 2 + slopes[1] * (w[1] - centre[1]) ** 2 + 0.3 * w[0] * w[1]
        rows.append(torch.stack([w[0], w[1], loss]))
        slope = torch.stack(
            [2 * slopes[0] * (w[0] - centre[0]) + 0.3 * w[1], 2 * slopes[1] * (w[1] - centre[1]) + 0.3 * w[0]]
        )
        gradient = slope if clear else gradient + slope
        w = w - lr * gradient
    return {"points": torch.stack(rows[shift:])}


def check_curve(probe, expected, *, updates, init, **bowl):
    """Compare the points of a run on a bowl, and name what else they could be."""
    call = {"updates": updates, "init": init, **bowl}
    actual = probe("curve", **call)
    inputs = {
        "start": torch.tensor([5.0, 5.0] if init is None else init),
        "updates": 100 if updates is None else updates,
        **bowl,
    }
    recorded = expected("curve", lambda: measured(slide, **inputs), **call)
    rows = recorded.values["points"]
    after = slide(**inputs, shift=1)["points"]
    last = after[-1:, :2].expand(len(rows), 2)
    others = {
        "the weights and losses after each update; expected are those before it": after,
        "the weights before each update with the losses after it": torch.cat([rows[:, :2], after[:, 2:]], dim=1),
        "the weights after each update with the losses before it": torch.cat([after[:, :2], rows[:, 2:]], dim=1),
        "the last weights in every row: append a copy (`clone`), for the weights change in place": torch.cat(
            [last, rows[:, 2:]], dim=1
        ),
        "what gradients that add up over all updates give: clear them before backward": slide(**inputs, clear=False)[
            "points"
        ],
        "the point of the first update again and again: the weights are never updated": rows[:1].expand_as(rows),
        "the loss in front of the weights": rows[:, [2, 0, 1]],
    }
    assert_matches(actual, recorded, context=Context(others=others))


@pytest.mark.graded(task="curve", weight=2, grounds="practical 1, line 259: an array of shape [num_updates, 3]")
def test_curve_shape(probe):
    """train_curve returns w1, w2 and the loss of each update: shape (num_updates, 3)"""
    actual = probe("curve_as_written", **BOWL)
    assert_matches(actual, {"points": Spec((6, 3))})
    points = actual["points"]
    assert bool((points != points[:1]).any()), (
        "`points` has the same row for every update: the weights are never updated. Each update clears the gradients, "
        "calls backward and takes a step."
    )


@pytest.mark.graded(
    task="curve",
    weight=4,
    after="test_curve_shape",
    grounds="practical 1, lines 259 and 266: the weights and their loss before each update",
)
def test_curve_points(probe, expected):
    """train_curve holds the weights before each update and their loss

    Row 0 is where it began. Clear the gradients, call backward and take a step after the point is stored.
    """
    check_curve(probe, expected, **BOWL)
