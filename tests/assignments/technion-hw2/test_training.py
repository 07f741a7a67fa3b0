"""Public checks of the training code: train_batch, test_batch and fit.

They train your own network with your loss.
test_training_hidden.py adds further batches and options.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_training import (
    CLASSES,
    count_correct,
    each_kind_of_result,
    loss_and_gradients,
    scores_of,
    weights_of,
)

from grader.compare import Context, Expectation, assert_matches, measured


def draw_images(*, n, rng):
    """Draw images (N, 1, 3, 4) and labels (N,)."""
    return torch.randn(n, 1, 3, 4, generator=rng), torch.randint(0, CLASSES, (n,), generator=rng)


@pytest.mark.graded(
    task="trainer", weight=2, grounds="document, lines 775, 776 and 831: forward, loss, back-propagation, an update"
)
def test_train_batch(probe, expected, rng):
    """LayerTrainer.train_batch does one training step on a batch of images

    Forward, clean gradients, backward through the loss and then the model, one optimizer step.
    Somewhere on the way the images have to become rows of features. The optimizer here only looks at the gradients.
    """
    x, y = draw_images(n=15, rng=rng)

    actual = probe("train_batches", xs=[x], ys=[y], num_classes=CLASSES)
    assert_matches(actual, {"number of steps": 1})
    wanted = expected(
        "train_batches",
        lambda: measured(loss_and_gradients, x=x, y=y, **weights_of(actual, features=12)),
        xs=[x],
        ys=[y],
        num_classes=CLASSES,
    )
    others = {"the loss (was it handed to the loss's backward as dout?)": wanted.values["loss 1"]}
    assert_matches(actual, wanted, context=Context(batch_size=15, others=others))


@pytest.mark.graded(
    task="trainer", weight=1, grounds="document, lines 780 and 781: the number of correctly classified samples"
)
def test_train_batch_num_correct(probe, expected, rng):
    """LayerTrainer.train_batch counts the samples that are classified correctly

    The class with the largest score is the prediction.
    """
    x, y = draw_images(n=40, rng=rng)

    inputs = {"xs": [x], "ys": [y], "num_classes": CLASSES}
    actual = probe("train_batches", **inputs)
    weights = weights_of(actual, features=12)
    wanted = expected("train_batches", lambda: {"num_correct 1": count_correct(x, y, weights)}, **inputs)
    assert_matches(actual, wanted)


@pytest.mark.graded(
    task="trainer",
    weight=2,
    grounds="document, lines 760 to 766: forward and loss, no more, and the number of correct samples",
)
def test_test_batch(probe, expected, rng):
    """LayerTrainer.test_batch returns loss and count and leaves the model alone

    Forward only: no backward, no step.
    """
    x, y = draw_images(n=40, rng=rng)

    def loss_of(x, y, **weights):
        return {"loss": F.cross_entropy(scores_of(x, **weights), y)}

    actual = probe("evaluated_batch", x=x, y=y, num_classes=CLASSES)
    weights = weights_of(actual, features=12)
    assert_matches(
        actual,
        expected("evaluated_batch", lambda: measured(loss_of, x=x, y=y, **weights), x=x, y=y, num_classes=CLASSES),
        context=Context(batch_size=40),
    )
    nothing_done = {"number of backward passes": 0, "number of steps": 0}
    unmoved = {f"{name} afterwards": value for name, value in weights.items()}
    assert_matches(actual, {"num_correct": count_correct(x, y, weights)} | nothing_done | unmoved)


@pytest.mark.graded(
    task="trainer", weight=2, grounds="document, lines 741 to 753 and 805: losses and accuracies of all epochs"
)
def test_fit_results(probe, expected):
    """Trainer.fit returns losses and accuracies for every epoch

    Three epochs of two training batches and one test batch, whose results are known. A loss an epoch is the
    mean of its batches' losses (all batch losses in a row are fine as well); an accuracy is in percent.
    """
    train = {"size": 20, "losses": [4.0, 2.0, 1.5, 0.5, 0.25, 0.125], "correct": [1, 2, 6, 7, 9, 8]}
    test = {"size": 10, "losses": [5.0, 2.5, 1.75], "correct": [3, 8, 6]}
    call = {"train": train, "test": test, "batch_size": 10, "num_epochs": 3, "options": {}}
    by_epoch, by_batch = torch.tensor([3.0, 1.0, 0.1875]), torch.tensor(train["losses"])
    train_acc, test_acc = torch.tensor([15.0, 65.0, 85.0]), torch.tensor([30.0, 80.0, 60.0])
    others = {
        "the training accuracies": train_acc,
        "the test accuracies": test_acc,
        "the training losses": by_epoch,
        "training accuracies between 0 and 1 instead of percent": train_acc / 100,
        "test accuracies between 0 and 1 instead of percent": test_acc / 100,
        "the loss of each epoch's last batch": by_batch[1::2],
        "each epoch's sum of losses": 2 * by_epoch,
    }

    right = {"train_acc": train_acc, "test_loss": torch.tensor(test["losses"]), "test_acc": test_acc}
    recorded = expected("fit", lambda: right, **call, tensors=[])

    def attempt(*, tensors):
        actual = probe("fit", **call, tensors=tensors)
        shape = getattr(actual["train_loss"], "shape", ())
        losses = {"train_loss": by_batch if tuple(shape) == (6,) else by_epoch}
        wanted = Expectation(losses | recorded.values, recorded.tolerances)
        assert_matches(actual, wanted, context=Context(others=others))

    each_kind_of_result(attempt)
