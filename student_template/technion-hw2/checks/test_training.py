"""Public checks of the training code: train_batch, test_batch and fit.

The model, loss and optimizer here are torch's, so nothing depends on your other classes.
test_training_hidden.py trains with yours.
"""

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, assert_matches, measured


def draw_images(*, n, rng):
    """Draw images (N, 1, 3, 4), labels, and a linear model for them."""
    x, y = torch.randn(n, 1, 3, 4, generator=rng), torch.randint(0, 5, (n,), generator=rng)
    return x, y, torch.randn(5, 12, generator=rng), torch.randn(5, generator=rng)


def count_correct(x, y, w, b):
    scores = F.linear(x.flatten(1), w, b)
    return (scores.argmax(dim=1) == y).sum().float()


def loss_and_gradients(x, y, w, b):
    w, b = w.detach().requires_grad_(), b.detach().requires_grad_()
    loss = F.cross_entropy(F.linear(x.flatten(1), w, b), y)
    dw, db = torch.autograd.grad(loss, (w, b))
    return {"loss 1": loss.detach(), "grad of w at step 1": dw, "grad of b at step 1": db}


@pytest.mark.graded(task="trainer", weight=2)
def test_train_batch(probe, rng):
    """LayerTrainer.train_batch does one training step on a batch of images

    Forward, clean gradients, backward through the loss and then the model, one optimizer step.
    The model takes rows of features, the batch holds images. The optimizer here only looks at the gradients.
    """
    x, y, w, b = draw_images(n=15, rng=rng)
    actual = probe("train_batches", w=w, b=b, xs=[x], ys=[y])
    assert_matches(actual, {"number of steps": 1})
    assert_matches(actual, measured(loss_and_gradients, x=x, y=y, w=w, b=b), context=Context(batch_size=15))


@pytest.mark.graded(task="trainer", weight=1)
def test_train_batch_num_correct(probe, rng):
    """LayerTrainer.train_batch counts the samples that are classified correctly

    The class with the largest score is the prediction.
    """
    x, y, w, b = draw_images(n=40, rng=rng)
    actual = probe("train_batches", w=w, b=b, xs=[x], ys=[y])
    assert_matches(actual, {"num_correct 1": count_correct(x, y, w, b)})


@pytest.mark.graded(task="trainer", weight=2)
def test_test_batch(probe, rng):
    """LayerTrainer.test_batch returns loss and count and leaves the model alone

    Forward only: no backward, no step.
    """
    x, y, w, b = draw_images(n=40, rng=rng)
    actual = probe("evaluated_batch", w=w, b=b, x=x, y=y)
    expected = measured(
        lambda x, y, w, b: {"loss": F.cross_entropy(F.linear(x.flatten(1), w, b), y)}, x=x, y=y, w=w, b=b
    )
    assert_matches(actual, expected, context=Context(batch_size=40))
    rest = {"num_correct": count_correct(x, y, w, b), "number of steps": 0, "w afterwards": w}
    assert_matches(actual, rest, context=Context(batch_size=40))


@pytest.mark.graded(task="trainer", weight=2)
def test_fit_results(probe):
    """Trainer.fit returns losses and accuracies for every epoch

    Three epochs of two training batches and one test batch, whose results are known. A loss an epoch is the
    mean of its batches' losses (all batch losses in a row are fine as well); an accuracy is in percent.
    """
    train = {"size": 20, "losses": [4.0, 2.0, 1.5, 0.5, 0.25, 0.125], "correct": [1, 2, 6, 7, 9, 8]}
    test = {"size": 10, "losses": [5.0, 2.5, 1.75], "correct": [3, 8, 6]}
    actual = probe("fit", train=train, test=test, batch_size=10, num_epochs=3, options={})
    by_epoch, by_batch = torch.tensor([3.0, 1.0, 0.1875]), torch.tensor(train["losses"])
    shape = getattr(actual["train_loss"], "shape", ())
    train_acc, test_acc = torch.tensor([15.0, 65.0, 85.0]), torch.tensor([30.0, 80.0, 60.0])
    expected = {
        "train_loss": by_batch if tuple(shape) == (6,) else by_epoch,
        "train_acc": train_acc,
        "test_loss": torch.tensor(test["losses"]),
        "test_acc": test_acc,
    }
    others = {
        "the training accuracies": train_acc,
        "the test accuracies": test_acc,
        "the training losses": by_epoch,
        "training accuracies between 0 and 1 instead of percent": train_acc / 100,
        "test accuracies between 0 and 1 instead of percent": test_acc / 100,
        "the loss of each epoch's last batch": by_batch[1::2],
        "each epoch's sum of losses": 2 * by_epoch,
    }
    assert_matches(actual, expected, context=Context(others=others))
