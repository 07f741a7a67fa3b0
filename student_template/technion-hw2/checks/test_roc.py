"""Public checks of the threshold that select_roc_thresh finds.

test_roc_hidden.py looks at other curves. A threshold is judged by what it does: any one that comes as close to the
ideal point as possible is right, so ties and places between two probabilities are open.
"""

import pytest
import torch
from helpers_roc import assert_is_closest


def draw_curve(*, n, noise, rng, shift=0.0):
    """Draw samples whose first feature is the logit of class 1, a multiple of 1/8, and labels that follow it."""
    logits = (8 * 2 * torch.randn(n, generator=rng)).round() / 8
    y = (logits + noise * torch.randn(n, generator=rng) > shift).long()
    return torch.stack([logits, torch.randn(n, generator=rng)], dim=1), y


@pytest.mark.graded(task="roc-threshold", weight=2, grounds="hw2 part 3, line 1861: the point closest to (0, 1)")
def test_roc_threshold(probe, rng):
    """select_roc_thresh finds the point of the ROC curve that is closest to (0, 1)

    The curve shows TPR = 1 - FNR over FPR, one point for each threshold on the probability of the positive class.
    """
    x, y = draw_curve(n=300, noise=2.5, rng=rng, shift=2.0)
    actual = probe("roc_threshold", x=x, y=y)
    assert_is_closest(actual, x=x, y=y)


@pytest.mark.graded(
    task="roc-threshold",
    weight=1,
    after="test_roc_threshold",
    grounds="hw2 part 3, lines 1861 and 1869: plot=True plots the curve",
)
def test_roc_threshold_with_plot(probe, rng):
    """select_roc_thresh with plot=True draws the curve and returns the same threshold

    How the figure looks is up to you.
    """
    x, y = draw_curve(n=200, noise=2.5, rng=rng, shift=-1.5)
    actual = probe("roc_threshold", x=x, y=y, plot=True)
    assert_is_closest(actual, x=x, y=y)
