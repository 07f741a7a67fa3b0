"""Hidden checks of `train`: several epochs, another loss, a smaller last batch, numbers without a graph."""

import pytest
from test_evaluate import check_figures, draw
from test_train import check_parameters


@pytest.mark.graded(
    task="train",
    weight=3,
    after="test_train_steps",
    grounds="notebook, lines 174 and 184: training mode at the beginning of each epoch",
)
def test_train_again_after_evaluation(probe, expected, rng):
    """train puts the model back into training mode in every epoch

    Three epochs; before each of them the model is in evaluation mode, as `evaluate` leaves it.
    """
    check_parameters(probe, expected, draw(rng, n=20), lr=0.2, batch_size=4, epochs=3)


@pytest.mark.graded(
    task="train",
    weight=2,
    after="test_train_steps",
    grounds="notebook, lines 179 and 194: the loss is that of the criterion given",
)
def test_train_criterion(probe, expected, rng):
    """train minimizes the loss that it is given

    A single batch: how the steps follow each other is what other checks are about.
    """
    check_parameters(probe, expected, draw(rng, n=18), lr=0.2, batch_size=18, criterion="MultiMarginLoss")


@pytest.mark.graded(
    task="train",
    weight=2,
    after="test_train_figures",
    grounds="notebook, line 200: the sums are divided by the number of batches",
)
def test_train_smaller_last_batch(probe, expected, rng):
    """train divides by the number of batches, also where the last one is smaller"""
    check_figures(probe, expected, "training", **draw(rng, n=22), lr=0.0, batch_size=5, any_mode=True)


@pytest.mark.graded(task="train", after="test_train_figures", advice=True)
def test_train_plain_numbers(probe, rng):
    """train returns numbers that hold no graph

    `loss.item()` is a plain number. A loss tensor keeps all that it was computed from, so memory grows with each batch.
    """
    actual = probe("training", **draw(rng), lr=0.1, batch_size=8)
    assert actual.get("holds a graph") is False, (
        "`train` returned a tensor that still needs gradients; expected a plain number. Add up `loss.item()`."
    )
