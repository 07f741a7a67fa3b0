"""Hidden checks of the threshold that select_roc_thresh finds: few positives, many equal scores, a poor model.

test_roc.py holds the public ones.
"""

import pytest
import torch
from helpers_roc import assert_is_closest, rates


def distance_of(scores, y, threshold):
    """Return how far the threshold's point is from (0, 1)."""
    fpr, tpr = rates(scores, y, threshold)
    return float((fpr**2 + (1 - tpr) ** 2).sqrt())


@pytest.mark.graded(
    task="roc-threshold",
    weight=1,
    after="test_roc_threshold",
    strict=True,
    grounds="hw2 part 3, line 1861: distances between rates, whatever the classes' sizes",
)
def test_roc_threshold_few_positives(probe, rng):
    """select_roc_thresh weighs both rates alike, however few positive samples there are

    One sample in ten is positive and most probabilities are small: 0.5 is far from the best threshold.
    """
    logits = (8 * (2 * torch.randn(400, generator=rng) - 3)).round() / 8
    y = (logits + 2 * torch.randn(400, generator=rng) > 0.3).long()
    x = torch.stack([logits, torch.randn(400, generator=rng)], dim=1)
    assert_is_closest(probe("roc_threshold", x=x, y=y), x=x, y=y)


@pytest.mark.graded(
    task="roc-threshold",
    weight=1,
    after="test_roc_threshold",
    strict=True,
    grounds="hw2 part 3, line 1861: thresholds of the ROC curve",
)
def test_roc_threshold_equal_scores(probe, rng):
    """select_roc_thresh copes with many equal probabilities, also where the model is hardly better than chance

    Samples with equal probabilities can't be told apart by a threshold, and samples at the threshold are positive.
    """
    for noise in (1.0, 6.0):
        logits = torch.randint(-3, 4, (250,), generator=rng) / 2
        y = (logits + noise * torch.randn(250, generator=rng) > -0.5).long()
        x = torch.stack([logits, torch.randn(250, generator=rng)], dim=1)
        assert_is_closest(probe("roc_threshold", x=x, y=y), x=x, y=y)
