"""Tests of scoring predictions that may be anything."""

import math

import numpy as np
import pytest
import torch

from grader.datasets.accuracy import Accuracy, UnusablePredictions, mean_loss, score
from grader.datasets.load import Dataset
from grader.sandbox.wire.tensors import Opaque


@pytest.fixture
def dataset():
    """Return a data set whose test labels are 0, 1, 2, 0."""
    none, labels = torch.zeros(0, 2), torch.tensor([0, 1, 2, 0])
    return Dataset(
        "tiny",
        train_x=none,
        train_y=labels[:0],
        valid_x=none,
        valid_y=labels[:0],
        test_x=torch.zeros(4, 2),
        test_y=labels,
        classes=("a", "b", "c"),
        source="made up",
    )


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.int8])
def test_class_indices_are_scored(dataset, dtype):
    """Three of four right are 75 %, whatever the integer type."""
    accuracy = score(torch.tensor([0, 1, 2, 1], dtype=dtype), dataset)
    assert accuracy == Accuracy(correct=3, total=4)
    assert accuracy.percent == 75.0
    assert str(accuracy) == "75.0 % (3 of 4)"


def test_arrays_are_scored(dataset):
    """Predictions that are arrays count as tensors do, and inputs for a probe come as either."""
    assert score(np.array([0, 1, 2, 1]), dataset) == Accuracy(3, 4)
    assert score(np.eye(3)[[0, 1, 2, 0]], dataset) == Accuracy(4, 4)
    assert mean_loss(np.zeros((4, 3)), dataset) == pytest.approx(math.log(3))
    assert {type(one) for one in dataset.for_probe(arrays=True).values()} == {np.ndarray}
    assert {type(one) for one in dataset.for_probe().values()} == {torch.Tensor}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64])
def test_of_scores_the_greatest_counts(dataset, dtype):
    """Scores (N, C) count as the class with the greatest one."""
    scores = torch.nn.functional.one_hot(torch.tensor([0, 1, 1, 0]), 3).to(dtype)
    assert score(scores, dataset) == Accuracy(3, 4)


def test_log_probabilities_of_minus_infinity_are_scores(dataset):
    """An impossible class may have the score -inf."""
    assert score(torch.eye(3)[[0, 1, 2, 0]].log(), dataset) == Accuracy(4, 4)


def test_no_rows_are_zero_percent():
    """An accuracy over nothing is 0 %, not an error."""
    assert Accuracy(0, 0).percent == 0.0


@pytest.mark.parametrize(
    ("predictions", "words"),
    [
        (None, "The predictions are a NoneType; expected a tensor or array of class indices (N,) of an integer dtype"),
        ([0, 1, 2, 0], "The predictions are a list; expected a tensor or array of"),
        ([0, 1, 2, 0], "Build one of them."),
        (0.97, "The predictions are a float"),
        ({"accuracy": 1.0}, "The predictions are a dict"),
        (Opaque("numpy.ndarray", shape=(4,)), "are a numpy.ndarray of shape (4,); expected a tensor or array of"),
        (np.array([0.0, 1.0, 2.0, 0.0]), "`scores.argmax(axis=1)` returns class indices"),
        (Opaque("sparse tensor"), "The predictions are a sparse tensor; expected"),
        (torch.zeros(3).long(), "have shape (3,); expected (4,) class indices or (4, 3) scores"),
        (torch.zeros(4, 4), "have shape (4, 4); expected"),
        (torch.zeros(4, 1), "have shape (4, 1)"),
        (torch.tensor(0), "have shape ()"),
        (torch.zeros(0, 3), "have shape (0, 3)"),
        (torch.zeros(4, 3, 1), "have shape (4, 3, 1)"),
        (torch.tensor([0.0, 1.0, 2.0, 0.0]), "are of type float32; expected class indices"),
        (torch.tensor([0.0, 1.0, 2.0, 0.0]), "`scores.argmax(dim=1)` returns class indices"),
        (torch.zeros(4).bool(), "are of type bool"),
        (torch.zeros(4, 3).bool(), "are of type bool"),
        (torch.zeros(4, 3, dtype=torch.complex64), "are of type complex64"),
        (torch.tensor([0, 3, -1, 0]), "2 of 4 predictions are not a class: row 1 says 3; expected 0 to 2"),
        (
            torch.tensor([[1.0, 0, 0], [0, float("nan"), 0], [0, 0, 1], [float("nan")] * 3]),
            "The scores of 2 of 4 test rows hold NaN, the first in row 1",
        ),
    ],
)
def test_unusable_predictions_are_explained(dataset, predictions, words):
    """Anything but class indices or scores is wrong, and told in a sentence."""
    with pytest.raises(UnusablePredictions) as caught:
        score(predictions, dataset)
    assert words in str(caught.value)


def test_unusable_predictions_are_the_students_mistake():
    """They fail a check like any assertion: as wrong, not as the grader's fault."""
    assert issubclass(UnusablePredictions, AssertionError)


def test_a_loss_is_the_mean_cross_entropy(dataset):
    """Equal scores of three classes cost log 3 each; a score of 10 for the right class next to nothing."""
    assert mean_loss(torch.zeros(4, 3), dataset) == pytest.approx(math.log(3))
    sure = 10 * torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 0]), 3).to(torch.bfloat16)
    assert mean_loss(sure, dataset) == pytest.approx(math.log1p(2 * math.exp(-10)))


@pytest.mark.parametrize(
    "scores",
    [None, 1.0, [[0.0] * 3] * 4, Opaque("list"), torch.zeros(4), torch.zeros(3, 4), torch.zeros(4, 3).long()],
)
def test_what_has_no_loss_is_no_number(dataset, scores):
    """Anything but floating scores (N, C) has no loss, and raises nothing."""
    assert math.isnan(mean_loss(scores, dataset))


def test_what_is_known_before_training_is_refused(dataset):
    """Predictions that were right before any training are no learning; guesses are no objection."""
    right, guesses = torch.tensor([0, 1, 2, 0]), torch.tensor([1, 1, 1, 1])
    assert score(right, dataset, untrained=guesses).percent == 100
    with pytest.raises(
        UnusablePredictions, match=r"Before any training, 100\.0 % \(4 of 4\) of the test rows are right"
    ):
        score(right, dataset, untrained=right)


def test_a_reply_without_untrained_predictions_is_refused(dataset):
    """Whoever is asked for predictions before training can't leave them out."""
    with pytest.raises(UnusablePredictions, match="The predictions are a NoneType"):
        score(torch.tensor([0, 1, 2, 0]), dataset, untrained=None)
