"""Public checks of train_test_classification, on a network of ours that shows in which mode it is.

In evaluation mode its scores are rotated by one class. The expected figures are computed here, with autograd.
Averaging over the batches is another figure only because the last batch is smaller. Whether and what is printed, and
whether gradients are switched off for the measurement, is nobody's business here.
"""

import pytest
import torch
from torch import nn

from grader.compare import Context, Expectation, assert_kinds, assert_matches

EXACT = 1e-3  # of a percentage: far less than one sample


def draw(rng, *, train=22, test=9, features=3, classes=4):
    """Return points with labels that are floats, as the notebook has them, and the parameters to begin with."""
    return {
        "data": {
            "train_x": torch.randn(train, features, generator=rng),
            "train_y": torch.randint(classes, (train,), generator=rng).float(),
            "test_x": torch.randn(test, features, generator=rng),
            "test_y": torch.randint(classes, (test,), generator=rng).float(),
        },
        "weight": torch.randn(classes, features, generator=rng),
        "bias": torch.randn(classes, generator=rng),
    }


def trained(data, weight, bias, *, lr, num_epochs, batch_size, loss_fn=None, slips=()):
    """Return the parameters after plain SGD. `slips` are mistakes: "accumulate", "evaluation mode", "first batch"."""
    loss_fn = loss_fn or nn.CrossEntropyLoss()
    w, b = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    total = [torch.zeros_like(w), torch.zeros_like(b)]
    x, y = data["train_x"], data["train_y"].long()
    for epoch in range(num_epochs):
        for start in range(0, len(x), batch_size):
            scores = x[start : start + batch_size] @ w.T + b
            if "evaluation mode" in slips or ("evaluation mode later" in slips and epoch):
                scores = scores.roll(1, dims=1)
            grads = torch.autograd.grad(loss_fn(scores, y[start : start + batch_size]), (w, b))
            total = [old + new for old, new in zip(total, grads, strict=True)]
            used = total if "accumulate" in slips else grads
            w, b = ((p - lr * g).detach().requires_grad_() for p, g in zip((w, b), used, strict=True))
            if "first batch" in slips:
                break
    return {"weight": w.detach(), "bias": b.detach()}


def percent(x, y, weight, bias, *, shift=1):
    """Return how many percent of the points a classifier puts into the right class, its scores rotated by `shift`."""
    scores = (x.double() @ weight.double().T + bias.double()).roll(shift, dims=1)
    return 100.0 * int((scores.argmax(dim=1) == y.long()).sum()) / len(y)


def check_parameters(probe, expected, inputs, *, lr, num_epochs, batch_size, loss=("CrossEntropyLoss", {})):
    """Compare the parameters after the training, and name the usual slips."""
    options = {"lr": lr, "num_epochs": num_epochs, "batch_size": batch_size}
    call = {**inputs, **options, "criterion": loss[0], "options": loss[1]}
    actual = probe("training", **call)
    loss_fn = getattr(nn, loss[0])(**loss[1])
    slips = {
        "the {} after training without zero_grad: gradients add up": trained(
            **inputs, **options, loss_fn=loss_fn, slips=["accumulate"]
        ),
        "the {} after training in evaluation mode: call net.train() first": trained(
            **inputs, **options, loss_fn=loss_fn, slips=["evaluation mode"]
        ),
        "the {} after training in evaluation mode from the second epoch on": trained(
            **inputs, **options, loss_fn=loss_fn, slips=["evaluation mode later"]
        ),
        "the {} after training with the first batch only": trained(
            **inputs, **options, loss_fn=loss_fn, slips=["first batch"]
        ),
        "the {} after one epoch only": trained(**inputs, **(options | {"num_epochs": 1}), loss_fn=loss_fn),
        "the {} after one epoch more": trained(**inputs, **(options | {"num_epochs": num_epochs + 1}), loss_fn=loss_fn),
        "the {} before the training": inputs,
        "the {} after training with nn.CrossEntropyLoss() instead of `criterion`": trained(**inputs, **options),
    }
    recorded = expected(
        "training", lambda data, weight, bias: trained(data, weight, bias, **options, loss_fn=loss_fn), **call
    )
    right = recorded.values
    for name in ("weight", "bias"):
        others = {words.format(name): slip[name] for words, slip in slips.items()}
        others = {words: other for words, other in others.items() if not torch.allclose(other, right[name])}
        wanted = Expectation({name: right[name]}, {name: recorded.tolerances[name]})
        assert_matches(actual, wanted, context=Context(batch_size=batch_size, others=others))


def check_accuracies(probe, expected, inputs, *, lr=0.0, num_epochs=1, batch_size=4):
    """Compare the two percentages that come back with those of the parameters after the training."""
    options = {"lr": lr, "num_epochs": num_epochs, "batch_size": batch_size}
    actual = probe("training", **inputs, **options)
    assert_kinds(actual, {"training accuracy": float, "test accuracy": float})
    data, after = inputs["data"], trained(**inputs, **options)
    parts = {name: (data[f"{name}_x"], data[f"{name}_y"]) for name in ("train", "test")}
    names = {"training accuracy": "train", "test accuracy": "test"}
    figures = {name: percent(*parts[part], **after) for name, part in names.items()}
    recorded = expected("training", lambda: figures, **inputs, **options).values
    for part, other, name in (("train", "test", "training accuracy"), ("test", "train", "test accuracy")):
        right = recorded[name]
        slips = wrong_accuracies(parts[part], inputs, after, batch_size=batch_size) | {
            "That is the accuracy on the other part: the training accuracy comes first, then the test's.": percent(
                *parts[other], **after
            )
        }
        told = [words for words, slip in slips.items() if abs(slip - right) > EXACT > abs(slip - actual[name])]
        assert abs(actual[name] - right) <= EXACT, (
            f"The {name} is {actual[name]:.4f}; expected {right:.4f}. {told[0] if told else ''}".strip()
        )


def wrong_accuracies(part, inputs, after, *, batch_size):
    """Return what the usual slips give, by what there is to say about them."""
    right = percent(*part, **after)
    batches = [percent(*pair, **after) for pair in zip(*(one.split(batch_size) for one in part), strict=True)]
    return {
        "That is the mean of the batches' accuracies, but the last batch is smaller: count, and divide once.": (
            sum(batches) / len(batches)
        ),
        "That is a share, not a percentage.": right / 100,
        "That is the accuracy in training mode: call net.eval() before you measure.": percent(*part, **after, shift=0),
        "That is the accuracy before the training.": percent(*part, inputs["weight"], inputs["bias"]),
        "That is the accuracy of the last batch alone.": batches[-1],
    }


@pytest.mark.graded(
    task="training",
    weight=3,
    grounds="tutorial 2, lines 181 and 185 to 199: training mode; clear, forward, backward, a step for each batch",
)
def test_training_one_epoch(probe, expected, rng):
    """train_test_classification takes one step of the optimizer for each batch

    One epoch with plain SGD, in training mode.
    """
    check_parameters(probe, expected, draw(rng), lr=0.3, num_epochs=1, batch_size=8)


@pytest.mark.graded(
    task="training",
    weight=2,
    after="test_training_one_epoch",
    grounds="tutorial 2, lines 168 and 183: num_epochs passes over the data",
)
def test_training_several_epochs(probe, expected, rng):
    """train_test_classification goes through the data num_epochs times"""
    check_parameters(probe, expected, draw(rng), lr=0.2, num_epochs=3, batch_size=8)


@pytest.mark.graded(
    task="training",
    weight=3,
    grounds="tutorial 2, lines 205 and 221 to 249: accuracies in percent, measured in evaluation mode",
)
def test_training_accuracies(probe, expected, rng):
    """train_test_classification returns the accuracies on training and test data, in percent

    The learning rate is 0, so that the network stays as it is; it is measured in evaluation mode.
    """
    check_accuracies(probe, expected, draw(rng, train=23, test=10))
