"""Public checks of ClassifierTrainer, on a model, a loss and an optimizer that are known.

test_classifier_trainer_hidden.py trains on several batches. The loss may be a number or a tensor: the text leaves it
open. So it does whether the correct samples are counted before or after the parameters move.
"""

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, Spec, assert_kinds, assert_matches, measured


def draw_batch(*, n, rng):
    """Draw samples (N, 6), labels of 4 classes, and an affine model."""
    x, y = torch.randn(n, 6, generator=rng), torch.randint(0, 4, (n,), generator=rng)
    return {"x": x, "y": y, "w": torch.randn(4, 6, generator=rng), "b": torch.randn(4, generator=rng)}


def one_step(x, y, w, b, lr, scores_of=lambda z: z):
    """Return the parameters after one step of gradient descent; `scores_of` is for mistakes."""
    w, b = w.detach().requires_grad_(), b.detach().requires_grad_()
    dw, db = torch.autograd.grad(F.cross_entropy(scores_of(F.linear(x, w, b)), y), (w, b))
    return {"w after step 1": (w - lr * dw).detach(), "b after step 1": (b - lr * db).detach()}


def count_correct(x, y, w, b):
    return (F.linear(x, w, b).argmax(dim=1) == y).sum().float()


def assert_count(actual, name, count, *, mistakes):
    """Ask for a number of samples; `mistakes` maps words to what typical ones give."""
    assert_matches(actual, {name: Spec(())})
    given = float(actual[name])
    told = [f" That is {words}." for words, other in mistakes.items() if abs(given - float(other)) < 1e-4]
    assert given == float(count), f"`{name}` is {given:g}; expected {float(count):g}.{told[0] if told else ''}"


@pytest.mark.graded(
    task="classifier-trainer",
    weight=2,
    grounds="hw2 part 3, lines 770 and 1699: forward, loss, gradients and a step",
)
def test_classifier_train_batch(probe, expected, rng):
    """ClassifierTrainer.train_batch does one step of training

    Scores, loss, clean gradients, backward, one step of the optimizer, in this order. The loss function wants the
    scores, not the probabilities.
    """
    batch = draw_batch(n=20, rng=rng)
    x, y, w, b = batch.values()
    actual = probe("classifier_training", xs=[x], ys=[y], w=w, b=b, lr=0.5)
    assert_kinds(actual, {"number of steps": int})
    assert actual["number of steps"] == 1, (
        f"The optimizer took {actual['number of steps']} steps for one batch; expected 1: call `optimizer.step()` once."
    )
    others = {"the parameter before the step": w, "the bias before the step": b}
    softened = one_step(lr=0.5, scores_of=lambda z: F.softmax(z, dim=1), **batch)
    others["the step for the loss of the probabilities instead of the scores"] = softened["w after step 1"]
    wanted = expected(
        "classifier_training",
        lambda: measured(lambda **inputs: one_step(lr=0.5, **inputs), **batch),
        xs=[x],
        ys=[y],
        w=w,
        b=b,
        lr=0.5,
    )
    assert_matches(actual, wanted, context=Context(batch_size=20, others=others))


@pytest.mark.graded(
    task="classifier-trainer", weight=1, grounds="hw2 part 3, lines 775 and 1699: the value of the loss function"
)
def test_classifier_train_batch_loss(matches_recorded, rng):
    """ClassifierTrainer.train_batch returns the loss of the batch

    The one that the step was made for, computed before the parameters move.
    """
    batch = draw_batch(n=20, rng=rng)
    x, y, w, b = batch.values()
    moved = one_step(lr=0.5, **batch)
    after = F.cross_entropy(F.linear(x, moved["w after step 1"], moved["b after step 1"]), y)
    others = {
        "the loss after the step: keep the one that backward was called on": after,
        "the loss of the probabilities instead of the scores": F.cross_entropy(F.softmax(F.linear(x, w, b), 1), y),
    }
    matches_recorded(
        "classifier_training",
        lambda: measured(lambda x, y, w, b: {"loss 1": F.cross_entropy(F.linear(x, w, b), y)}, **batch),
        context=Context(batch_size=20, others=others),
        xs=[x],
        ys=[y],
        w=w,
        b=b,
        lr=0.5,
    )


@pytest.mark.graded(
    task="classifier-trainer", weight=1, grounds="hw2 part 3, line 1699: the number of correctly classified samples"
)
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
    mistakes = {
        "the share of correct samples": before / 40,
        "the share of correct samples in percent": before / 40 * 100,
        "the number of wrong samples": 40 - before,
        "the size of the batch": 40,
    }
    assert_count(actual, "num_correct 1", count, mistakes=mistakes)


@pytest.mark.graded(
    task="classifier-trainer",
    weight=2,
    grounds="hw2 part 3, lines 760 and 1699: forward and loss only, and the number of correct samples",
)
def test_classifier_test_batch(probe, expected, rng):
    """ClassifierTrainer.test_batch returns loss and count and leaves the model alone

    Forward only: parameters and gradients stay as they are.
    """
    batch = draw_batch(n=40, rng=rng)
    x, y, w, b = batch.values()
    gradient = torch.randn(4, 6, generator=rng)
    actual = probe("classifier_evaluation", gradient=gradient, **batch)
    assert_kinds(actual, {"number of steps": int})
    assert actual["number of steps"] == 0, "test_batch lets the optimizer take a step: testing must not train."
    assert_matches(actual, {"w afterwards": batch["w"], "b afterwards": batch["b"]})
    left = actual["grad of w afterwards"]
    # Clearing the gradients does no harm; a backward pass would add to them.
    if left is not None:
        assert_matches(actual, {"grad of w afterwards": Spec((4, 6), torch.float32)})
    is_untouched = left is None or not bool(left.any()) or torch.equal(left, gradient)
    assert is_untouched, "test_batch changes the gradients of the parameters: it runs a backward pass."
    wanted = expected(
        "classifier_evaluation",
        lambda x, y, w, b: {"loss": F.cross_entropy(F.linear(x, w, b), y)},
        gradient=gradient,
        **batch,
    )
    of_probabilities = F.cross_entropy(F.softmax(F.linear(x, w, b), 1), y)
    others = {"the loss of the probabilities: the loss function wants the scores": of_probabilities}
    assert_matches(actual, wanted, context=Context(batch_size=40, others=others))
    count = count_correct(**batch)
    mistakes = {"the share of correct samples": count / 40, "the number of wrong samples": 40 - count}
    assert_count(actual, "num_correct", count, mistakes=mistakes)
