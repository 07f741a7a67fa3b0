"""Hidden check of a small CNN that learns a few images by heart: other ones.

test_cnn_overfit.py holds the public one.
"""

import pytest
from helpers_cnn_overfit import assert_overfits

from grader.datasets import Limit

# The reference's best accuracy over 8 seeds: digits 100 % (sd 0), fashion-mnist 99.5 % (sd 0.9); the target is reached
# after 4 to 22 of the 25 epochs.


@pytest.mark.graded(
    task="cnn-overfit",
    weight=1,
    after="test_cnn_overfit",
    grounds="hw2 part 4, lines 2254 and 2292: 90 % of a tiny data set",
)
def test_cnn_overfit_other_images(probe, dataset, curve):
    """A small CNN learns 50 other images by heart

    With the same settings: they may not depend on which images there are.
    """
    limit = Limit(train=60, valid=1, test=1)
    assert_overfits(probe, curve, dataset("cifar10", "fashion-mnist", "digits", shape=(3, 32, 32), limit=limit, seed=7))
