"""Hidden checks of training on real pictures: other pictures, other numbers of neurons."""

import pytest
from test_training import check_drop, check_target, load


@pytest.mark.graded(
    task="fashion-training",
    weight=1,
    after="test_mlp_learns_clothes",
    grounds="notebook, lines 223 and 229: train makes the network learn",
)
def test_mlp_learns_other_clothes(probe, dataset):
    """Your MLP learns from other pictures as well"""
    check_target(probe, load(dataset, seed=1), "MLP")


@pytest.mark.graded(
    task="rotation-training",
    weight=1,
    after="test_turned_pictures_cost_accuracy",
    grounds="notebook, line 256: see how the model does on turned pictures",
)
def test_other_turned_pictures_cost_accuracy(probe, dataset):
    """It is worse on other turned pictures as well"""
    check_drop(probe, load(dataset, seed=2))


@pytest.mark.graded(task="variations-training", weight=2, grounds="notebook, line 273: compare networks of both sizes")
def test_other_sizes_learn(probe, dataset):
    """Your networks with 64 and with 256 neurons learn Fashion-MNIST"""
    data = load(dataset)
    for neurons in (64, 256):
        check_target(probe, data, f"MLPHidden(784, {neurons}, 10)", kind=neurons)
