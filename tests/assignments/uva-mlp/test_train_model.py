"""Public checks of train_model. test_train_model_hidden.py has its passes, its loss and longer trainings."""

import pytest
import torch

from grader.compare import Spec, assert_kinds
from grader.datasets import Dataset, score

# The form of the training is left open: which loss, how often it validates (at least every 5 epochs) and what it
# prints and returns cost no points. A train_model that returns the best model instead of loading it is fine.
SHAPE = (3, 32, 32)


def draw_images(rng, patterns, *, rows):
    """Draw noisy images of three patterns, in an order without groups, and their labels."""
    labels = torch.arange(rows) % 3
    return patterns[labels] + torch.randn(rows, *SHAPE, generator=rng), labels


@pytest.mark.graded(task="train-model", weight=4, grounds="practical 1, line 305: the training loop, on classification")
def test_train_model_learns(probe, rng):
    """train_model trains a classifier with the optimizer that it is given

    For each batch: scores, loss, gradients cleared, backward, a step.
    """
    patterns = 0.4 * torch.randn(3, *SHAPE, generator=rng)
    parts = {}
    for part, rows in (("train", 90), ("valid", 30), ("test", 60)):
        parts[f"{part}_x"], parts[f"{part}_y"] = draw_images(rng, patterns, rows=rows)
    data = Dataset("patterns", **parts, classes=("first", "second", "third"), source="drawn by this check")
    actual = probe("training", lr=0.01, num_epochs=10, **data.for_probe())
    assert_kinds(actual, {"steps": int, "moved": bool})
    assert actual["steps"], "The optimizer's step() was not called in 10 epochs; expected one call for each batch."
    assert actual["moved"], (
        f"The parameters are what they were before, after {actual['steps']} steps of the optimizer; expected other "
        "ones. Is backward() called between zero_grad() and step()?"
    )
    accuracy = score(actual.get("scores"), data)
    assert accuracy.percent >= 90, (
        f"After 10 epochs, {accuracy} of new images are right; expected at least 90 %, for three patterns that plain "
        "gradient descent learns in two epochs. Is the loss that of the labels of the same batch, and does the step "
        "go down?"
    )


@pytest.mark.graded(
    task="train-model",
    weight=3,
    after="test_train_model_learns",
    strict=True,
    grounds="practical 1, line 160: gradients are set to zero before each backward",
)
def test_train_model_clears_gradients(probe, rng):
    """train_model clears the gradients before each backward

    backward() adds to the gradients that are there.
    """
    gradients = noted_gradients(probe, rng)[0]
    first, second = gradients[0], gradients[1]
    scale = first.abs().max()
    # The model stands still and sees the same batch each time, so whatever the loss is, its gradient stays the same.
    if all((gradient - first).abs().max() <= 1e-4 * scale for gradient in gradients):
        return
    if (second - 2 * first).abs().max() <= 1e-4 * scale:
        raise AssertionError(
            "The gradient at the second step is twice that of the first, though model and batch are the same: the "
            "gradients add up. Call optimizer.zero_grad() for each batch, before backward()."
        )
    wrong = next(n for n, g in enumerate(gradients, start=1) if (g - first).abs().max() > 1e-4 * scale)
    raise AssertionError(
        f"The gradient at step {wrong} is another than at step 1, though model and batch are the same; expected the "
        "same one. Are gradients of more than this batch in it?"
    )


def noted_gradients(probe, rng):
    """Return the gradients of a model that stands still on the same batch, and the model's weight and batch."""
    weight = 0.02 * torch.randn(3, 3072, generator=rng)
    x, y = torch.randn(9, *SHAPE, generator=rng), torch.arange(9) % 3
    actual = probe("gradients", weight=weight, x=x, y=y, batches=2, num_epochs=5)
    assert_kinds(actual, {"gradients": [Spec((3, 3072))]})
    gradients = actual["gradients"]
    assert len(gradients) >= 2, f"There were {len(gradients)} steps in 5 epochs of 2 batches; expected 10."
    return gradients, weight, x, y


def check_best(probe, *, classes, best, on_training, counts, batches=2):
    """Train a model that predicts one class in each epoch; ask for an epoch in which validation is best.

    `on_training` is the class that is best on the training images.
    """
    valid_y = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    train_y = torch.full((8,), on_training)
    train_y[0] = best
    actual = probe("best_epoch", classes=classes, train_y=train_y, valid_y=valid_y, batches=batches)
    assert_kinds(actual, {"epoch": int, "by reference": bool})
    epochs, found = len(classes), actual["epoch"]
    wanted = [number for number, winner in enumerate(classes, start=1) if winner == best]
    if found in wanted:
        return
    share = [100 * count // sum(counts) for count in counts]
    winner = classes[found - 1] if 1 <= found <= epochs else None
    shares = f"{share[winner]} %" if winner is not None else "unknown"
    which = "the last epoch" if found == epochs else f"epoch {found}"
    raise AssertionError(
        f"After {epochs} epochs the model holds the parameters of {which} ({shares} on the validation images); "
        f"expected the best parameters, of epoch {wanted[0]} to {wanted[-1]} ({share[best]} %). "
        + name_choice(
            actual["by reference"],
            is_last=found == epochs,
            is_worst=winner == share.index(min(share)),
            is_trained=winner == on_training,
        )
    )


def name_choice(by_reference, *, is_last, is_worst, is_trained):
    """Say what chose the model, where that can be told, and what to do."""
    if is_last and by_reference:
        return (
            "What is loaded in the end are the model's own parameters: `state_dict()` refers to them, and they go on "
            "changing. Keep a copy: `copy.deepcopy(model.state_dict())`, or save a file."
        )
    if not is_last and is_trained:
        return "Those did best on the training images: the validation images have to decide."
    if not is_last and is_worst:
        return "Those did worst of all: is the comparison the wrong way round?"
    return (
        "Save only where the validation accuracy is higher than the best one before, keep that as the new best, and "
        "load the saved model in the end."
    )


@pytest.mark.graded(
    task="train-model",
    weight=3,
    after="test_train_model_learns",
    grounds="practical 1, lines 293, 309 and 312: save the model that does best in validation, load it at the end",
)
def test_train_model_keeps_the_best(probe):
    """After train_model, the model holds the parameters that did best on the validation images

    Not those of the last epoch, and not those that did best on the training images.
    """
    # Best in the epochs 3 to 7: whoever validates after epoch 5, or after each, finds it. Training images are best in
    # the epochs 8 to 12, validation is worst in the epochs 13 to 15.
    epochs = [2, 2, *[0] * 5, *[1] * 5, *[3] * 3, *[4] * 5]
    check_best(probe, classes=epochs, best=0, on_training=1, counts=[12, 6, 3, 2, 4])
