"""Public checks of ClassifierTrainer, on a model, a loss and an optimizer that are known.

test_classifier_trainer_hidden.py trains on several batches. The loss may be a number or a tensor: the text leaves it
open. So it does whether the correct samples are counted before or after the parameters move.
"""

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, assert_matches, measured


def draw_batch(*, n, rng):
    """Draw samples (N, 6), labels of 4 classes, and an affine model."""
    x, y = torch.randn(n, 6, generator=rng), torch.randint(0, 4, (n,), generator=rng)
    return {"x": x, "y": y, "w": torch.randn(4, 6, generator=rng), "b": torch.randn(4, generator=rng)}


def one_step(x, y, w, b, lr):
    """Return the loss, and the parameters after one step of gradient descent."""
    w, b = w.detach().requires_grad_(), b.detach().requires_grad_()
    loss = F.cross_entropy(F.linear(x, w, b), y)
    dw, db = torch.autograd.grad(loss, (w, b))
    return {"loss 1": loss.detach(), "w after step 1": (w - lr * dw).detach(), "b after step 1": (b - lr * db).detach()}


def count_correct(x, y, w, b):
    return (F.linear(x, w, b).argmax(dim=1) == y).sum().float()


@pytest.mark.graded(task="classifier-trainer", weight=2)
def test_classifier_train_batch(probe, rng):
    """ClassifierTrainer.train_batch does one step of training

    Scores, loss, clean gradients, backward, one step of the optimizer, in this order. The loss function wants the
    scores, not the probabilities.
    """
    batch = draw_batch(n=20, rng=rng)
    x, y, w, b = batch.values()
    actual = probe("classifier_training", xs=[x], ys=[y], w=w, b=b, lr=0.5)
    assert_matches(actual, {"number of steps": 1})
    others = {
        "the parameter before the step": w,
        "the bias before the step": b,
        "the loss of the probabilities instead of the scores": F.cross_entropy(F.softmax(F.linear(x, w, b), 1), y),
    }
    expected = measured(lambda **inputs: one_step(lr=0.5, **inputs), **batch)
    assert_matches(actual, expected, context=Context(batch_size=20, others=others))


@pytest.mark.graded(task="classifier-trainer", weight=1)
def test_classifier_train_batch_num_correct(probe, rng):
    """ClassifierTrainer.train_batch counts the samples that the model classifies correctly

    The number of samples, neither their share nor a percentage.
    """
    batch = draw_batch(n=40, rng=rng)
    x, y, w, b = batch.values()
    actual = probe("classifier_training", xs=[x], ys=[y], w=w, b=b, lr=0.5)
    moved = one_step(lr=0.5, **batch)
    before = count_correct(**batch)
    after = count_correct(x, y, moved["w after step 1"], moved["b after step 1"])
    given = actual["num_correct 1"]
    count = after if isinstance(given, torch.Tensor) and given.shape == () and given == after else before
    others = {
        "the share of correct samples": before / 40,
        "the share of correct samples in percent": before / 40 * 100,
        "the number of wrong samples": 40 - before,
        "the size of the batch": torch.tensor(40.0),
    }
    assert_matches(actual, {"num_correct 1": count}, context=Context(batch_size=40, others=others))


@pytest.mark.graded(task="classifier-trainer", weight=2)
def test_classifier_test_batch(probe, rng):
    """ClassifierTrainer.test_batch returns loss and count and leaves the model alone

    Forward only: parameters and gradients stay as they are.
    """
    batch = draw_batch(n=40, rng=rng)
    gradient = torch.randn(4, 6, generator=rng)
    actual = probe("classifier_evaluation", gradient=gradient, **batch)
    context = Context(batch_size=40, others={"the share of correct samples": count_correct(**batch) / 40})
    expected = measured(lambda x, y, w, b: {"loss": F.cross_entropy(F.linear(x, w, b), y)}, **batch)
    assert_matches(actual, expected, context=context)
    rest = {"num_correct": count_correct(**batch), "number of steps": 0}
    assert_matches(actual, rest, context=context)
    unmoved = {"w afterwards": batch["w"], "b afterwards": batch["b"], "grad of w afterwards": gradient}
    assert_matches(actual, unmoved, context=context)
