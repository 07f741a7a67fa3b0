"""Hidden checks of train_test_classification: another loss, accuracies after training, batches of one sample."""

import pytest
from test_training import check_accuracies, check_parameters, draw


@pytest.mark.graded(
    task="training",
    weight=2,
    after="test_training_one_epoch",
    grounds="tutorial 2, lines 160 and 197: the loss is that of the criterion given",
)
def test_training_uses_the_criterion(probe, expected, rng):
    """train_test_classification trains with the loss that it is given"""
    check_parameters(
        probe, expected, draw(rng), lr=0.2, num_epochs=2, batch_size=6, loss=("MultiMarginLoss", {"margin": 0.7})
    )


@pytest.mark.graded(
    task="training",
    weight=2,
    after="test_training_one_epoch",
    grounds="tutorial 2, lines 205 and 236: measured after the training",
)
def test_training_measures_afterwards(probe, expected, rng):
    """train_test_classification measures the network as it is after the training"""
    check_accuracies(probe, expected, draw(rng, train=41, test=27), lr=0.5, num_epochs=4, batch_size=8)


@pytest.mark.graded(
    task="training",
    weight=1,
    after="test_training_accuracies",
    grounds="tutorial 2, lines 230 to 233: right samples over samples, not over batches",
)
def test_training_batches_of_one(probe, expected, rng):
    """train_test_classification counts right whatever the size of the batches"""
    check_accuracies(probe, expected, draw(rng, train=7, test=5), batch_size=1)
    check_accuracies(probe, expected, draw(rng, train=7, test=5), batch_size=50)
