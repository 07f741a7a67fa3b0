"""Hidden checks of ClassifierTrainer: several batches, labels by a threshold, a device, no graph in test_batch.

test_classifier_trainer.py holds the public ones.
"""

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, Spec, assert_matches, measured

SIZES = (9, 5, 12)


def draw_batches(*, classes, rng):
    """Draw batches of different sizes, and an affine model."""
    xs = [torch.randn(n, 6, generator=rng) for n in SIZES]
    ys = [torch.randint(0, classes, (n,), generator=rng) for n in SIZES]
    return {
        "xs": xs,
        "ys": ys,
        "w": torch.randn(classes, 6, generator=rng),
        "b": torch.randn(classes, generator=rng),
    }


def steps(xs, ys, w, b, lr, *, cleans=True):
    """Return the parameters after steps in a row; without `cleans` each gradient is added to the ones before."""
    outputs, sums = {}, [torch.zeros_like(w), torch.zeros_like(b)]
    for i, (x, y) in enumerate(zip(xs, ys, strict=True), start=1):
        w, b = w.detach().requires_grad_(), b.detach().requires_grad_()
        loss = F.cross_entropy(F.linear(x, w, b), y)
        gradients = torch.autograd.grad(loss, (w, b))
        sums = [gradient if cleans else old + gradient for old, gradient in zip(sums, gradients, strict=True)]
        w, b = w.detach() - lr * sums[0], b.detach() - lr * sums[1]
        outputs |= {f"w after step {i}": w, f"b after step {i}": b}
    return outputs


@pytest.mark.graded(
    task="classifier-trainer",
    weight=2,
    after="test_classifier_train_batch",
    grounds="hw2 part 3, line 770: the gradients are those of a single batch",
)
def test_classifier_train_batches(probe, expected, rng):
    """ClassifierTrainer.train_batch starts every batch with clean gradients

    Three batches in a row, of different sizes.
    """
    batches = draw_batches(classes=4, rng=rng)
    actual = probe("classifier_training", lr=0.5, **batches)
    added = steps(lr=0.5, cleans=False, **batches)
    others = {
        f"{name} if each gradient is added to the ones before": added[name]
        for name in ("w after step 2", "b after step 2", "w after step 3")
    }
    assert_matches(actual, {"number of steps": 3})
    wanted = expected(
        "classifier_training", lambda: measured(lambda **inputs: steps(lr=0.5, **inputs), **batches), lr=0.5, **batches
    )
    assert_matches(actual, wanted, context=Context(others=others))


@pytest.mark.graded(task="classifier-trainer", after="test_classifier_test_batch", advice=True)
def test_classifier_counts_by_threshold(probe, rng):
    """ClassifierTrainer counts with the labels that the model predicts

    A BinaryClassifier decides with its threshold, which is 0.9 here: the larger score alone does not decide.
    """
    x, y = torch.randn(60, 6, generator=rng), torch.randint(0, 2, (60,), generator=rng)
    w, b = 0.3 * torch.randn(2, 6, generator=rng), torch.zeros(2)
    actual = probe(
        "classifier_evaluation",
        x=x,
        y=y,
        w=w,
        b=b,
        gradient=torch.zeros(2, 6),
        kind="BinaryClassifier",
        options={"threshold": 0.9},
    )
    z = F.linear(x, w, b)
    labels = F.softmax(z, dim=1)[:, 1] >= 0.9
    assert_matches(actual, {"num_correct": Spec(())})
    given, count, by_score = float(actual["num_correct"]), int((labels == y).sum()), int((z.argmax(dim=1) == y).sum())
    told = " That is the count for the class with the larger score." if given == by_score else ""
    assert given == count, f"`num_correct` is {given:g}; expected {count}.{told}"


@pytest.mark.graded(task="classifier-trainer", after="test_classifier_test_batch", advice=True)
def test_classifier_test_batch_graph(probe, rng):
    """ClassifierTrainer.test_batch records no graph

    Without torch.no_grad() every evaluation keeps what a backward pass would need.
    """
    x, y = torch.randn(9, 6, generator=rng), torch.randint(0, 4, (9,), generator=rng)
    w, b = torch.randn(4, 6, generator=rng), torch.randn(4, generator=rng)
    actual = probe("classifier_evaluation", x=x, y=y, w=w, b=b, gradient=torch.zeros(4, 6))
    assert actual["calls that record a graph"] == 0, (
        "test_batch runs the model in a way that records a graph for gradients; expected none, as inside "
        "`with torch.no_grad():`."
    )


@pytest.mark.graded(
    task="classifier-trainer",
    weight=1,
    after="test_classifier_train_batch",
    grounds="hw2 part 3, line 739: the device to run training on",
)
def test_classifier_trainer_device(matches_recorded, rng):
    """ClassifierTrainer trains on the device that it is given

    Here it is the CPU. Batches are moved to the device before the model sees them.
    """
    batches = draw_batches(classes=3, rng=rng)
    matches_recorded(
        "classifier_training",
        lambda: measured(lambda **inputs: steps(lr=0.1, **inputs), **batches),
        lr=0.1,
        device="cpu",
        **batches,
    )
