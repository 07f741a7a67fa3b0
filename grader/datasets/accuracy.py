"""Score predictions against the test labels that never left the grader.

The predictions are what a probe returned, so they may be anything; `grader.datasets.load` holds the labels.
"""

import math
from dataclasses import dataclass

import torch

from grader.compare.arrays import is_array, tensor_of
from grader.datasets.load import Dataset
from grader.sandbox.wire.tensors import Opaque

_WANTED = "class indices (N,) of an integer dtype, or scores (N, C)"
_MAX_TYPE = 80


class UnusablePredictions(AssertionError):
    """Report predictions that can't be scored, in a sentence for the student; fails the check as wrong."""


class DivergedPredictions(UnusablePredictions):
    """Report scores that hold NaN: the training that made them diverged, which another start may not."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Count the test rows whose class was predicted."""

    correct: int
    total: int

    @property
    def percent(self) -> float:
        """Return the share of correct rows in percent."""
        return 100.0 * self.correct / self.total if self.total else 0.0

    def __str__(self) -> str:
        return f"{self.percent:.1f} % ({self.correct} of {self.total})"


def score(predictions: object, dataset: Dataset, *, untrained: object = ...) -> Accuracy:
    """Compare predictions for `dataset.test_x` with its labels.

    Takes class indices (N,) or scores (N, C), of which the greatest counts. `untrained` are the predictions of the same
    model before its training: where more than half of what guessing gets wrong is right then, nothing was learned, it
    was known. Raises UnusablePredictions for that and for what is no prediction, DivergedPredictions for scores with
    NaN.
    """
    if untrained is not ...:
        _refuse_known(_accuracy(untrained, dataset), classes=len(dataset.classes))
    return _accuracy(predictions, dataset)


def _refuse_known(before: Accuracy, *, classes: int) -> None:
    chance = 100 / classes
    if before.percent > (chance + 100) / 2:
        raise UnusablePredictions(
            f"Before any training, {before} of the test rows are right already; expected about {chance:.0f} %, which "
            "is guessing. The network has to learn from the training data that it is given."
        )


def _accuracy(predictions: object, dataset: Dataset) -> Accuracy:
    N, C = len(dataset.test_y), len(dataset.classes)
    tensor = _tensor_of(predictions)
    if tensor.ndim == 2 and tensor.shape == (N, C):
        indices = _greatest(tensor)
    elif tensor.shape == (N,):
        indices = _checked_indices(tensor, classes=C, axis="axis" if is_array(predictions) else "dim")
    else:
        raise UnusablePredictions(
            f"The predictions have shape {tuple(tensor.shape)}; expected ({N},) class indices or ({N}, {C}) scores: "
            "one row for each test input, in their order."
        )
    return Accuracy(int((indices == dataset.test_y).sum()), N)


def mean_loss(predictions: object, dataset: Dataset) -> float:
    """Return the mean cross-entropy of scores (N, C) for the test rows, NaN for anything else.

    It is meant to be drawn beside an accuracy, which is what complains about unusable predictions.
    """
    N, C = len(dataset.test_y), len(dataset.classes)
    predictions = tensor_of(predictions)
    if not isinstance(predictions, torch.Tensor) or predictions.shape != (N, C) or not predictions.is_floating_point():
        return math.nan
    return float(torch.nn.functional.cross_entropy(predictions.double(), dataset.test_y))


def _tensor_of(predictions: object) -> torch.Tensor:
    predictions = tensor_of(predictions)
    if isinstance(predictions, torch.Tensor):
        return predictions
    if isinstance(predictions, Opaque):
        shape = f" of shape {predictions.shape}" if predictions.shape is not None else ""
        kind, remedy = f"{predictions.kind[:_MAX_TYPE]}{shape}", ""
    else:
        kind = type(predictions).__name__
        remedy = " Build one of them." if isinstance(predictions, list) else ""
    raise UnusablePredictions(f"The predictions are a {kind}; expected a tensor or array of {_WANTED}.{remedy}")


def _greatest(scores: torch.Tensor) -> torch.Tensor:
    """Return the class of each row of scores (N, C)."""
    if scores.dtype == torch.bool or scores.is_complex():
        kind = str(scores.dtype).removeprefix("torch.")
        raise UnusablePredictions(f"The predictions are of type {kind}; expected {_WANTED}.")
    broken = scores.isnan().any(dim=1)
    if broken.any():
        first = int(broken.int().argmax())
        raise DivergedPredictions(
            f"The scores of {int(broken.sum())} of {len(scores)} test rows hold NaN, the first in row {first}: no "
            "class is the greatest. Did the training diverge? Try a smaller learning rate."
        )
    return scores.argmax(dim=1)


def _checked_indices(indices: torch.Tensor, *, classes: int, axis: str) -> torch.Tensor:
    if indices.dtype == torch.bool or indices.is_floating_point() or indices.is_complex():
        raise UnusablePredictions(
            f"The predictions are of type {str(indices.dtype).removeprefix('torch.')}; expected {_WANTED}. "
            f"`scores.argmax({axis}=1)` returns class indices."
        )
    outside = (indices < 0) | (indices >= classes)
    if outside.any():
        first = int(outside.int().argmax())
        raise UnusablePredictions(
            f"{int(outside.sum())} of {len(indices)} predictions are not a class: row {first} says "
            f"{int(indices[first])}; expected 0 to {classes - 1}."
        )
    return indices
