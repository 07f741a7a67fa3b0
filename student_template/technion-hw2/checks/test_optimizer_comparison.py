"""Public checks of training with each optimizer: hyperparameters of your choice, images that were not trained on.

The notebook's network and number of steps. It asks to try for 35 to 40 % on CIFAR-10's test images and asserts nothing;
nor does it assert that momentum and RMSProp beat plain SGD, which depends on the learning rates. What is asked for here
is that each optimizer has learned something for sure.
"""

import pytest
from helpers_hyperparameters import refuse_unusable
from helpers_optimizer_comparison import train


@pytest.mark.graded(
    task="optimizer-comparison",
    weight=1,
    grounds="document, lines 913 to 920: wstd, reg and a rate for each optimizer are used",
)
def test_optimizer_hyperparameters(probe):
    """part2_optim_hp returns wstd, reg and a learning rate for each optimizer

    A dict of five numbers. A learning rate or a wstd of 0 learns nothing; reg may be 0.
    """
    actual = probe("part2_hyperparameters", function="part2_optim_hp")
    rates = ["lr_vanilla", "lr_momentum", "lr_rmsprop"]
    refuse_unusable(
        actual["hyperparameters"], function="part2_optim_hp", positive=["wstd", *rates], at_least_zero=["reg"]
    )


@pytest.mark.graded(
    task="optimizer-comparison",
    weight=2,
    after="test_optimizer_hyperparameters",
    grounds="document, lines 898 to 930: the training gets well above guessing",
)
def test_train_with_vanilla_sgd(probe, dataset, curve):
    """An MLP with five hidden layers learns to classify images with VanillaSGD

    1000 batches of 50 images with your layers, loss, optimizer, LayerTrainer.fit and the numbers of part2_optim_hp;
    new images are classified in the end.
    """
    train(probe, dataset, curve, optimizer="vanilla")


@pytest.mark.graded(
    task="optimizer-comparison",
    weight=2,
    after="test_optimizer_hyperparameters",
    grounds="document, lines 898 and 982 to 986: the training gets well above guessing",
)
def test_train_with_momentum(probe, dataset, curve):
    """An MLP with five hidden layers learns to classify images with MomentumSGD

    The same as with VanillaSGD. A momentum of 0.9 makes steps about ten times as long in the end, so the learning rate
    has to be smaller.
    """
    train(probe, dataset, curve, optimizer="momentum")
