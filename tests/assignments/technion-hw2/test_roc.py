"""Public checks of the threshold that select_roc_thresh finds.

test_roc_hidden.py looks at other curves. A threshold is judged by what it does: any one that comes as close to the
ideal point as possible is right, so ties and places between two probabilities are open.
"""

import pytest
import torch
from helpers_roc import assert_is_closest

from grader.compare import Spec, assert_kinds, assert_matches


def draw_curve(*, n, noise, rng, shift=0.0):
    """Draw samples whose first feature is the logit of class 1, a multiple of 1/8, and labels that follow it."""
    logits = (8 * 2 * torch.randn(n, generator=rng)).round() / 8
    y = (logits + noise * torch.randn(n, generator=rng) > shift).long()
    return torch.stack([logits, torch.randn(n, generator=rng)], dim=1), y


# Whether a sample at the threshold is positive is asked below.
@pytest.mark.graded(
    task="roc-threshold", weight=4, grounds="hw2 part 3, line 1861: the threshold of a point of the ROC curve"
)
def test_roc_threshold_between_classes(probe, rng):
    """select_roc_thresh finds the threshold that tells two classes apart

    Every positive sample here has a larger probability than every negative one, so the curve goes through (0, 1). The
    threshold is a probability of the positive class.
    """
    logits = (8 * torch.rand(60, generator=rng)).round() / 8
    y = (torch.arange(60) % 3 == 0).long()
    x = torch.stack([logits - 1.5 * (1 - y) + 0.25 * y, torch.randn(60, generator=rng)], dim=1)
    assert_is_closest(probe("roc_threshold", x=x, y=y), x=x, y=y, asks_edge=False)


@pytest.mark.graded(task="roc-threshold", weight=2, grounds="hw2 part 3, line 1861: the point closest to (0, 1)")
def test_roc_threshold(probe, rng):
    """select_roc_thresh finds the point of the ROC curve that is closest to (0, 1)

    The curve shows TPR = 1 - FNR over FPR, one point for each threshold on the probability of the positive class.
    """
    x, y = draw_curve(n=300, noise=2.5, rng=rng, shift=2.0)
    actual = probe("roc_threshold", x=x, y=y)
    assert_is_closest(actual, x=x, y=y)


# Which threshold is right is asked elsewhere.
@pytest.mark.graded(
    task="roc-threshold", weight=2, grounds="hw2 part 3, lines 1861 and 1869: plot=True plots the curve"
)
def test_roc_threshold_with_plot(probe, rng):
    """select_roc_thresh with plot=True draws the curve and returns the same threshold as without

    How the figure looks is up to you.
    """
    x, y = draw_curve(n=200, noise=2.5, rng=rng, shift=-1.5)
    drawn, quiet = probe("roc_threshold", x=x, y=y, plot=True), probe("roc_threshold", x=x, y=y)
    assert_kinds(drawn, {"threshold": Spec(()), "drawn": int})
    assert_kinds(quiet, {"threshold": Spec(())})
    assert_matches(drawn, {"threshold": quiet["threshold"]})
    assert drawn["drawn"] > 0, "With plot=True nothing is drawn; expected a figure with the ROC curve."
