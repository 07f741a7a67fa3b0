"""Hidden checks of the threshold that select_roc_thresh finds: few positives, many equal scores, a poor model.

test_roc.py holds the public ones.
"""

import pytest
import torch

from grader.compare import Spec, assert_matches

NEAR = 1e-6  # two ways to compute a softmax differ by less


def rates(scores, y, threshold):
    """Return FPR and TPR of calling everything positive that reaches the threshold."""
    positive = scores >= threshold - NEAR
    return positive[y == 0].double().mean(), positive[y == 1].double().mean()


def distance_of(scores, y, threshold):
    """Return how far the threshold's point is from (0, 1)."""
    fpr, tpr = rates(scores, y, threshold)
    return float((fpr**2 + (1 - tpr) ** 2).sqrt())


def assert_is_closest(actual, *, x, y):
    """Ask for a threshold whose point on the ROC curve is as close to (0, 1) as that of any other."""
    assert_matches(actual, {"threshold": Spec(())})
    scores = torch.sigmoid(x[:, 0].double())
    best = min(scores.unique(), key=lambda threshold: distance_of(scores, y, threshold))
    given = float(actual["threshold"])
    fpr, tpr = rates(scores, y, given)
    away, wanted = distance_of(scores, y, given), distance_of(scores, y, best)
    assert away <= wanted + 1e-9, (
        f"The threshold {given:.4f} gives FPR {fpr:.3f} and TPR {tpr:.3f}, {away:.3f} away from the ideal point "
        f"(0, 1); expected {wanted:.3f} at most, as {best:.4f} gives it."
    )


@pytest.mark.graded(task="roc-threshold", weight=1, after="test_roc_threshold")
def test_roc_threshold_few_positives(probe, rng):
    """select_roc_thresh weighs both rates alike, however few positive samples there are

    One sample in ten is positive and most probabilities are small: 0.5 is far from the best threshold.
    """
    logits = (8 * (2 * torch.randn(400, generator=rng) - 3)).round() / 8
    y = (logits + 2 * torch.randn(400, generator=rng) > 0.3).long()
    x = torch.stack([logits, torch.randn(400, generator=rng)], dim=1)
    assert_is_closest(probe("roc_threshold", x=x, y=y), x=x, y=y)


@pytest.mark.graded(task="roc-threshold", weight=1, after="test_roc_threshold")
def test_roc_threshold_equal_scores(probe, rng):
    """select_roc_thresh copes with many equal probabilities, also where the model is hardly better than chance

    Samples with equal probabilities can't be told apart by a threshold, and samples at the threshold are positive.
    """
    for noise in (1.0, 6.0):
        logits = torch.randint(-3, 4, (250,), generator=rng) / 2
        y = (logits + noise * torch.randn(250, generator=rng) > -0.5).long()
        x = torch.stack([logits, torch.randn(250, generator=rng)], dim=1)
        assert_is_closest(probe("roc_threshold", x=x, y=y), x=x, y=y)
