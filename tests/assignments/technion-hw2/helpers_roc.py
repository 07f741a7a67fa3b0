"""The ROC curve of known scores, and what makes a threshold on it the right one.

test_roc.py and test_roc_hidden.py import it.
"""

import torch

from grader.compare import Spec, assert_matches

NEAR = 1e-6  # two ways to compute a softmax differ by less


def rates(scores, y, threshold, *, reaches=True):
    """Return FPR and TPR of calling everything positive that reaches the threshold, or only what lies above it."""
    positive = scores >= threshold - NEAR if reaches else scores > threshold + NEAR
    return positive[y == 0].double().mean(), positive[y == 1].double().mean()


def curve_of(x, y):
    """Return the thresholds (T,) that make a difference, and FPR and TPR (T,) for each."""
    scores = torch.sigmoid(x[:, 0].double())
    thresholds = scores.unique()
    points = [torch.stack(rates(scores, y, threshold)) for threshold in thresholds]
    return thresholds, *torch.stack(points, dim=1)


def assert_is_closest(actual, *, x, y, asks_edge=True):
    """Ask for a threshold whose point on the ROC curve is as close to (0, 1) as that of any other.

    Without `asks_edge` samples whose probability is the threshold itself may be on either side of it.
    """
    assert_matches(actual, {"threshold": Spec(())})
    thresholds, fpr, tpr = curve_of(x, y)
    distances = (fpr**2 + (1 - tpr) ** 2).sqrt()
    best = int(distances.argmin())
    given = float(actual["threshold"])
    scores = torch.sigmoid(x[:, 0].double())
    given_fpr, given_tpr = rates(scores, y, given)
    above_fpr, above_tpr = rates(scores, y, given, reaches=False)
    distance, above = (given_fpr**2 + (1 - given_tpr) ** 2).sqrt(), (above_fpr**2 + (1 - above_tpr) ** 2).sqrt()
    closest = distance if asks_edge else min(distance, above)
    assert closest <= distances[best] + 1e-9, (
        f"The threshold {given:.4f} gives FPR {given_fpr:.3f} and TPR {given_tpr:.3f}, {distance:.3f} away from the "
        f"ideal point (0, 1); expected {float(distances[best]):.3f} at most, as {float(thresholds[best]):.4f} gives "
        f"it with FPR {float(fpr[best]):.3f} and TPR {float(tpr[best]):.3f}."
        + explain(given, thresholds=thresholds, fpr=fpr, tpr=tpr, best=best)
    )


def explain(given, *, thresholds, fpr, tpr, best):
    """Say which other rule gives this threshold, "" where none of those known does."""
    found = (thresholds - given).abs() < NEAR
    if not 0 <= given <= 1:
        kind = "an index" if given == int(given) else "a score"
        return f" It is no probability: is it {kind}?"
    if bool(((thresholds - torch.sigmoid(torch.tensor(given))).abs() < NEAR).any()) and not bool(found.any()):
        return " It is a score: the threshold is compared with probabilities."
    nearest = (1 - thresholds - given).abs() < NEAR
    if bool(nearest.any()) and not bool(found.any()):
        return " It is 1 minus a probability of class 1: look at the column."
    if not bool(found.any()):
        return ""
    index = int(found.int().argmax())
    rules = {
        "That is the corner where everything is called positive: does the rule look at TPR alone, are FPR and TPR "
        "swapped, or is it the largest distance?": 2 - fpr - tpr,
        "That is where FPR is lowest: does the rule look at FPR alone?": fpr,
        "That maximizes TPR - FPR, which is not the shortest distance.": fpr - tpr,
        "That is the point closest to (1, 0): FPR and TPR are swapped.": (1 - fpr) ** 2 + tpr**2,
        "That makes FPR and FNR nearly equal, which is not the shortest distance.": (fpr + tpr - 1).abs(),
    }
    for words, cost in rules.items():
        if cost[index] <= cost.min() + 1e-9:
            return f" {words}"
    return " That is the threshold next to it: is the index shifted?" if abs(index - best) == 1 else ""
