"""Hidden checks of train_model: when the best epoch is late, modes, all images, the loss."""

import pytest
import torch
from test_train_model import check_best, noted_gradients

from grader.compare import assert_kinds


@pytest.mark.graded(
    task="train-model",
    weight=2,
    after="test_train_model_learns",
    grounds="practical 1, lines 308 and 309: every validation may find a new best model",
)
def test_train_model_finds_a_late_best(probe):
    """train_model replaces the saved model each time the validation accuracy rises"""
    epochs = [2] * 7 + [3] * 5 + [0] * 8 + [4] * 5
    check_best(probe, classes=epochs, best=0, on_training=1, counts=[10, 7, 4, 1, 3], batches=1)


VALUES = {"train_values": torch.arange(1.0, 12.0), "valid_values": -torch.arange(1.0, 8.0)}


@pytest.mark.graded(
    task="train-model",
    weight=2,
    after="test_train_model_learns",
    strict=True,
    grounds="practical 1, line 303: training mode in each epoch",
)
def test_train_model_mode(probe):
    """train_model trains in training mode in every epoch, also after a validation

    Testing switches the model to evaluation mode: switch it back.
    """
    actual = probe("passes", **VALUES, batch_size=4, num_epochs=7)
    assert_kinds(actual, {"modes": [bool]})
    modes = actual["modes"]
    assert modes, "Nothing was learned from any pass; expected one for each batch."
    assert len(modes) > 3, (
        f"There were {len(modes)} learning passes; expected 7 epochs of 3 batches. Does it end after one epoch?"
    )
    wrong = [number for number, is_training in enumerate(modes, start=1) if not is_training]
    assert not wrong, (
        f"{len(wrong)} of the {len(modes)} learning passes ran in evaluation mode, the first of them is number "
        f"{wrong[0]}; expected training mode. Call model.train() at the beginning of each epoch."
    )


@pytest.mark.graded(
    task="train-model",
    weight=2,
    after="test_train_model_learns",
    grounds="practical 1, lines 293 and 304: learning is from the batches of the training loader",
)
def test_train_model_sees_all_images(probe):
    """train_model learns from all training images in each epoch, and from no validation image"""
    actual = probe("passes", **VALUES, batch_size=4, num_epochs=6)
    assert_kinds(actual, {"values": [[float]]})
    seen = [round(value) for batch in actual["values"] for value in batch]
    times = {number: seen.count(number) for number in range(1, 12)}
    rare = sorted(number for number, count in times.items() if count < 6)
    assert not rare, (
        f"{len(rare)} of the 11 training images were used less than 6 times in 6 epochs: {min(times.values())} times "
        "at the least; expected once in each epoch. Does the loop over the batches end early?"
    )
    leaked = [number for number in seen if number < 0]
    assert not leaked, (
        f"{len(leaked)} validation images were learned from; expected none: they tell how well the model does with "
        "images that it has never seen."
    )


@pytest.mark.graded(
    task="train-model",
    weight=2,
    after="test_train_model_learns",
    strict=True,
    grounds="practical 1, lines 123 and 305: a classification loss of scores that have no activation",
)
def test_train_model_loss(probe, rng):
    """train_model's loss takes the scores as they are

    nn.CrossEntropyLoss applies the softmax itself.
    """
    gradients, weight, x, y = noted_gradients(probe, rng)
    weight.requires_grad_()
    scores = x.flatten(1) @ weight.T
    wanted, twice, again = (
        torch.autograd.grad(loss, weight, retain_graph=True)[0]
        for loss in (
            torch.nn.functional.cross_entropy(scores, y),
            torch.nn.functional.cross_entropy(scores.softmax(dim=1), y),
            torch.nn.functional.nll_loss(scores, y),
        )
    )
    found = gradients[0]

    def is_like(other):
        """Tell whether the gradient is the other one, or a multiple of it."""
        return torch.nn.functional.cosine_similarity(found.flatten(), other.flatten(), dim=0) > 0.99999

    # Other losses are free (label smoothing, a margin, …): only what is surely a slip is told.
    if is_like(wanted):
        return
    assert not is_like(twice), (
        "The gradient is that of cross-entropy of softmax(scores); expected that of the scores. The loss applies the "
        "softmax itself: twice is too much, and slows the training down."
    )
    assert not is_like(again), (
        "The gradient is that of nll_loss of plain scores; expected log-probabilities there. Take cross_entropy, or "
        "apply log_softmax first."
    )
    cosine = torch.nn.functional.cosine_similarity(found.flatten(), wanted.flatten(), dim=0)
    assert cosine > 0, (
        f"The gradient points away from that of cross-entropy (cosine {cosine:.2f}); expected a loss that falls when "
        "the score of the right class rises."
    )
