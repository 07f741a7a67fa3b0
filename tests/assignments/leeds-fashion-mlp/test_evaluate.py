"""Public checks of `evaluate`, on a linear model of ours that shows in which mode it is.

In evaluation mode its scores are rotated by one class. Before, it is in training mode. test_train.py has the checks of
`train`, on the same model.
"""

import pytest
import torch
from torch import nn

from grader.compare import Expectation, Spec, Tolerance, assert_kinds, assert_matches

CLOSE = 1e-4  # of a loss or a share, in float32


def draw(rng, *, n=24, classes=5):
    """Draw pictures (N, 1, 3, 4), their classes, and the parameters to begin with."""
    return {
        "x": torch.randn(n, 1, 3, 4, generator=rng),
        "y": torch.randint(classes, (n,), generator=rng),
        "weight": torch.randn(classes, 12, generator=rng),
        "bias": torch.randn(classes, generator=rng),
    }


def scores_of(x, weight, bias, *, mode):
    scores = x.flatten(1) @ weight.T + bias
    return scores if mode == "training" else scores.roll(1, dims=1)


def figures(x, y, weight, bias, *, batch_size, mode, criterion="CrossEntropyLoss"):
    """Return by name what each batch has: its loss, its accuracy and its number of rows."""
    w, b = weight.double(), bias.double()
    rows = []
    for part, labels in zip(x.double().split(batch_size), y.split(batch_size), strict=True):
        scores = scores_of(part, w, b, mode=mode)
        share = (scores.argmax(dim=1) == labels).double().mean()
        rows.append((float(getattr(nn, criterion)()(scores, labels)), float(share), len(labels)))
    losses, shares, sizes = zip(*rows, strict=True)
    return {"loss": losses, "accuracy": shares, "rows": sizes}


def means_of(**call):
    """Return what is to be expected of a call: the means of the batches' losses and accuracies."""
    found = figures(**call)
    means = {name: sum(found[name]) / len(found["rows"]) for name in ("loss", "accuracy")}
    return Expectation(means, dict.fromkeys(means, Tolerance(rtol=0, atol=CLOSE)))


def check_figures(probe, expected, mode, *, batch_size, criterion="CrossEntropyLoss", any_mode=False, **call):
    """Call the probe that is named like its mode, "training" or "evaluation", and compare loss and accuracy.

    Right are the means of the batches'. The mean over all rows is another figure only where the last batch is smaller;
    being the better one, it is right, too. With `any_mode` both may be those of the other mode, for which another
    check charges.
    """
    function = {"training": "train", "evaluation": "evaluate"}[mode]
    inputs = {name: call[name] for name in ("x", "y", "weight", "bias")}
    call |= {"batch_size": batch_size, "criterion": criterion}
    actual = probe(mode, **call)
    assert_kinds({"what came back": actual.get("returned")}, {"what came back": int})
    assert actual["returned"] == 2, (
        f"`{function}` returned {actual['returned']} value(s); expected two: the loss and the accuracy."
    )
    right = figures(**inputs, batch_size=batch_size, mode=mode, criterion=criterion)
    other_mode = "evaluation" if mode == "training" else "training"
    wrong_mode = figures(**inputs, batch_size=batch_size, mode=other_mode, criterion=criterion)
    settings = {"batch_size": batch_size, "mode": mode, "criterion": criterion}
    recorded = expected(mode, lambda: means_of(**inputs, **settings), **call).values
    count, sizes = len(right["rows"]), right["rows"]
    for name in ("loss", "accuracy"):
        values, value = right[name], actual.get(name)
        assert isinstance(value, float), f"The {name} that `{function}` returned is no number."
        by_batch = recorded[name]
        by_row = sum(v * n for v, n in zip(values, sizes, strict=True)) / sum(sizes)
        words = {
            "That is the sum over the batches: divide by their number, `len(iterator)`.": sum(values),
            "That is the sum over the batches divided by the number of pictures; it has as many terms as there are "
            "batches, `len(iterator)`.": sum(values) / sum(sizes),
            "That is the figure of the last batch only.": values[-1],
            "That is the figure of the first batch only: does `return` stand inside the loop?": values[0],
            "That is the first batch's figure divided by the number of batches: does `return` stand inside the loop?":
            values[0] / count,
            f"That is the figure in {other_mode} mode: call model.{'train' if mode == 'training' else 'eval'}() first.":
            sum(wrong_mode[name]) / count,
            "That is in percent; expected a share from 0 to 1.": 100 * by_batch,
            f"That is the {'accuracy' if name == 'loss' else 'loss'}: the loss comes first.":
            sum(right["accuracy" if name == "loss" else "loss"]) / count,
        }  # fmt: skip
        told = [text for text, slip in words.items() if abs(slip - value) < CLOSE]
        accepted = [by_batch, by_row, *([sum(wrong_mode[name]) / count] if any_mode else [])]
        is_right = min(abs(value - one) for one in accepted) <= CLOSE
        assert is_right, (
            f"The {name} that `{function}` returned is {value:.4f}; expected {by_batch:.4f}, the mean of the {count} "
            f"batches' figures. {told[0] if told else ''}".strip()
        )


@pytest.mark.graded(
    task="evaluate", weight=4, grounds="notebook, lines 203 to 216: evaluation mode, the averages over the batches"
)
def test_evaluate_figures(probe, expected, rng):
    """evaluate returns the mean loss and the mean accuracy of the batches, in evaluation mode"""
    check_figures(probe, expected, "evaluation", **draw(rng), batch_size=8)


@pytest.mark.graded(task="evaluate", weight=3, grounds="notebook, line 202: no weight is updated")
def test_evaluate_leaves_the_model_alone(probe, expected, rng):
    """evaluate changes no weight"""
    inputs = draw(rng)
    actual = probe("evaluation", **inputs, batch_size=8)
    assert_kinds(actual, {"passes": int})
    assert actual["passes"], "evaluate sent no batch through the model; expected all of them."
    exact = dict.fromkeys(("weight", "bias"), Tolerance(rtol=0, atol=1e-6))
    before = Expectation({name: inputs[name] for name in exact}, exact)
    recorded = expected("evaluation", lambda: before, **inputs, batch_size=8).values
    for name in exact:
        assert_matches(actual, {name: Spec(tuple(inputs[name].shape))})
        moved = float((actual[name] - recorded[name]).abs().max())
        assert moved <= 1e-6, f"`{name}` changed by up to {moved:.3g} while evaluate ran; expected no change."
