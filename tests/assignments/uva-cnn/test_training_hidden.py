"""Hidden check of train_model: other images, and the accuracies that it reports.

test_training.py has the public one and the target.
"""

import pytest
from test_training import LIMIT, assert_learned, assert_reported


@pytest.mark.graded(task="training", weight=2, after="test_training_learns")
def test_training_results(probe, dataset):
    """train_model returns the accuracies of the model that it returns

    With the keys "val" and "test". Seen with other images.
    """
    data = dataset("cifar10", "fashion-mnist", "digits", shape=(3, 32, 32), limit=LIMIT, seed=3)
    assert_reported(assert_learned(probe, data), data)
