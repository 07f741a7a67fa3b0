"""Public checks of CIFARModule with create_resnet.

A known network takes the place of ResNet. Free are the optimizer and its schedule, which the document invites to
change, and what else is logged; the names val_acc and test_acc are those that train_model reads.
"""

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, Expectation, Tolerance

HPARAMS = {"num_classes": 10, "num_blocks": [3, 3, 3], "c_hidden": [16, 24, 32]}


def accuracy(scores, labels):
    return (scores.argmax(dim=1) == labels).float().mean()


@pytest.mark.graded(
    task="module", weight=3, grounds="practical 2, lines 346 to 349: the ResNet of the model's hyperparameters"
)
def test_module_network(matches_recorded):
    """create_resnet makes a ResNet with the model's hyperparameters

    The network has to be in `self.model`, made of num_classes, num_blocks and c_hidden in `self.hparams.model_hparams`.
    """
    for options in (HPARAMS, {"num_classes": 4, "num_blocks": [1, 2], "c_hidden": [6, 9]}):
        right = {"model": "ResNet", "settings": options}
        matches_recorded("module_network", lambda right=right: right, model_hparams=options)


@pytest.mark.graded(
    task="module",
    weight=3,
    after="test_module_network",
    grounds="practical 2, lines 164 to 174: the cross-entropy of a batch is returned",
)
def test_module_training_step(matches_recorded, rng):
    """training_step returns the mean cross-entropy loss of a batch"""
    inputs = draw_batch(rng, rows=9, classes=6)
    options = HPARAMS | {"num_classes": 6}
    matches_recorded("module_steps", steps, context=Context(batch_size=9), model_hparams=options, **inputs)


def draw_batch(rng, *, rows, classes):
    return {
        "x": torch.randn(rows, 3, 8, 8, generator=rng),
        "labels": torch.randint(classes, (rows,), generator=rng),
        "weight": torch.randn(classes, 3, generator=rng),
        "bias": torch.randn(classes, generator=rng),
    }


def steps(*, x, labels, weight, bias):
    weight = weight.detach().requires_grad_()
    scores = F.linear(x.mean(dim=(2, 3)), weight, bias)
    loss = F.cross_entropy(scores, labels)
    (gradient,) = torch.autograd.grad(loss, weight)
    return {"scores": scores.detach(), "loss": loss.detach(), "grad of weight": gradient}


def logged(x, labels, weight, bias):
    """Return the accuracies that validation_step and test_step have to log."""
    share = accuracy(F.linear(x.mean(dim=(2, 3)), weight, bias), labels)
    values = {"val_acc": share, "test_acc": share}
    return Expectation(values, dict.fromkeys(values, Tolerance(rtol=0, atol=1e-5)))
