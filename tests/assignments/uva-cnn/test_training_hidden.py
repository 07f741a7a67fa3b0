"""Hidden check of train_model: other images, and the accuracies that it reports.

test_training.py has the public one and the target.
"""

import pytest
from test_training import assert_learned, assert_reported


@pytest.mark.graded(
    task="training",
    weight=2,
    after="test_training_learns",
    grounds="practical 2, lines 232 to 239: the best model and its accuracies under val and test",
)
def test_training_results(probe, dataset):
    """train_model returns the accuracies of the model that it returns

    With the keys "val" and "test". Seen with other images.
    """
    assert_reported(*assert_learned(probe, dataset, seeds=(3, 4, 5)))
