"""Public check of calculate_accuracy."""

import pytest
import torch

from grader.compare import assert_kinds

CLOSE = 1e-5  # a share of whole rows: rounding only


def draw(rng, *, n, classes, right):
    """Draw scores (N, C), and labels of which the given number is what the scores say."""
    y_pred = torch.randn(n, classes, generator=rng) - 3
    shift = (torch.arange(n) >= right) * torch.randint(1, classes, (n,), generator=rng)
    order = torch.randperm(n, generator=rng)
    return {"y_pred": y_pred[order], "y": ((y_pred.argmax(dim=1) + shift) % classes)[order]}


def check_share(probe, expected, inputs, *, or_percent=False):
    """Compare with the share of right answers, with `or_percent` also in percent."""
    y_pred, y = inputs["y_pred"], inputs["y"]
    top, n = y_pred.argmax(dim=1), len(y)
    count = int((top == y).sum())
    words = {
        "That is the accuracy in percent; expected a share from 0 to 1.": 100 * count / n,
        "That is the number of right answers: divide it by the number of answers.": count,
        "That is the share of wrong answers.": 1 - count / n,
        "That is the number of right answers divided by the number of classes.": count / y_pred.shape[1],
        "Each answer was compared with all labels: bring both to one shape first.": int((top[:, None] == y).sum()) / n,
    }
    actual = probe("accuracy", **inputs)
    assert_kinds(actual, {"accuracy": float})
    told = [text for text, slip in words.items() if abs(slip - actual["accuracy"]) <= CLOSE]
    share = expected("accuracy", lambda: {"accuracy": count / n}, **inputs).values["accuracy"]
    is_percent = or_percent and abs(actual["accuracy"] - 100 * share) <= 100 * CLOSE
    assert is_percent or abs(actual["accuracy"] - share) <= CLOSE, (
        f"The accuracy is {actual['accuracy']:.4g}; expected {share:.4g}, for {count} of {n} answers are right. "
        f"{told[0] if told else ''}".strip()
    )


@pytest.mark.graded(
    task="accuracy", weight=2, grounds="notebook, lines 157 to 161: right answers over the number of labels"
)
def test_accuracy(probe, expected, rng):
    """calculate_accuracy returns the share of right answers, from 0 to 1

    The class with the greatest score is the answer.
    """
    check_share(probe, expected, draw(rng, n=20, classes=10, right=13))
