"""Public check of calculate_accuracy."""

import pytest
import torch

from grader.compare import Context, Expectation, Tolerance, assert_matches

CLOSE = Tolerance(rtol=0, atol=1e-5)  # a share of whole rows: rounding only


def draw(rng, *, n, classes, right):
    """Draw scores (N, C), and labels of which the given number is what the scores say."""
    y_pred = torch.randn(n, classes, generator=rng) - 3
    shift = (torch.arange(n) >= right) * torch.randint(1, classes, (n,), generator=rng)
    order = torch.randperm(n, generator=rng)
    return {"y_pred": y_pred[order], "y": ((y_pred.argmax(dim=1) + shift) % classes)[order]}


def check_share(probe, inputs):
    y_pred, y = inputs["y_pred"], inputs["y"]
    top, n = y_pred.argmax(dim=1), len(y)
    count = (top == y).sum().float()
    others = {
        "the accuracy in percent: a share lies between 0 and 1": 100 * count / n,
        "the number of right answers: divide it by the number of answers": count,
        "the share of wrong answers": 1 - count / n,
        "the number of right answers divided by the number of classes": count / y_pred.shape[1],
        "each answer compared with all labels: bring both to one shape first": (top.unsqueeze(1) == y).sum().float()
        / n,
        "the share of the rows whose smallest score is at the right class": (y_pred.argmin(dim=1) == y).float().mean(),
    }
    others = {words: torch.as_tensor(float(value)) for words, value in others.items() if abs(value - count / n) > 1e-4}
    actual = probe("accuracy", **inputs)
    if isinstance(actual["accuracy"], float):  # numbers and tensors of one element are both right
        actual = {"accuracy": torch.tensor(actual["accuracy"])}
    expected = Expectation({"accuracy": count / n}, {"accuracy": CLOSE}, dtypes={"accuracy": None})
    assert_matches(actual, expected, context=Context(others=others))


@pytest.mark.graded(task="accuracy", weight=2)
def test_accuracy(probe, rng):
    """calculate_accuracy returns the share of right answers, from 0 to 1

    The class with the greatest score is the answer.
    """
    check_share(probe, draw(rng, n=20, classes=10, right=13))
