"""Hidden check of training with each optimizer: RMSProp.

test_optimizer_comparison.py holds the public ones, with where the targets come from.
"""

import pytest
from helpers_optimizer_comparison import train


@pytest.mark.graded(
    task="optimizer-comparison",
    weight=2,
    after="test_optimizer_hyperparameters",
    grounds="document, lines 898 and 1032 to 1036: the training gets well above guessing",
)
def test_train_with_rmsprop(probe, dataset, curve):
    """An MLP with five hidden layers learns to classify images with RMSProp

    The same as with VanillaSGD. Every parameter moves by about the learning rate in each step, whatever its gradient.
    """
    train(probe, dataset, curve, optimizer="rmsprop")
