"""Hidden checks of CIFARModule: what it logs, and what its optimizer trains.

test_module.py has the public ones, and says what is free.
"""

import pytest
from test_module import HPARAMS, draw_batch, logged

from grader.compare import assert_kinds, assert_matches


@pytest.mark.graded(
    task="module",
    weight=2,
    after="test_module_network",
    strict=True,
    grounds="practical 2, lines 176 to 188: val_acc and test_acc are logged",
)
def test_module_accuracies(matches_recorded, rng):
    """validation_step and test_step log the accuracy as val_acc and test_acc"""
    inputs = draw_batch(rng, rows=40, classes=3)
    matches_recorded("module_steps", logged, model_hparams=HPARAMS | {"num_classes": 3}, **inputs)


@pytest.mark.graded(
    task="module",
    weight=2,
    after="test_module_network",
    grounds="practical 2, line 158: all parameters, with the hyperparameters of the optimizer",
)
def test_module_optimizer(probe):
    """configure_optimizers makes an optimizer of all parameters with the given learning rate and weight decay"""
    actual = probe("module_optimizer", model_hparams=HPARAMS, optimizer_hparams={"lr": 0.03, "weight_decay": 2e-3})
    assert_matches(actual, {"optimizer": "an optimizer"})
    numbers = {"numbers that it trains": int, "numbers of the network": int}
    assert_kinds(actual, {"lr": [float], "weight_decay": [float], **numbers})
    groups = len(actual["lr"])
    wanted = {"lr": [0.03] * groups, "weight_decay": [2e-3] * groups}
    assert_matches(actual, wanted | {"numbers that it trains": actual["numbers of the network"]})
