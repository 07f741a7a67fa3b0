"""Public check of a small CNN that learns a few images by heart.

test_cnn_overfit_hidden.py shows it other images.
"""

import pytest
from helpers_cnn_overfit import assert_overfits

from grader.datasets import Limit


@pytest.mark.graded(task="cnn-overfit", weight=2, grounds="hw2 part 4, lines 2254 and 2292: 90 % of a tiny data set")
def test_cnn_overfit(probe, dataset, curve):
    """A small CNN learns 50 images by heart

    As in the document: batches of 2 images, 25 batches, 25 epochs, your classifier, trainer and part4_optim_hp. At its
    best the network has to be right for 90 % of the images.
    """
    assert_overfits(
        probe,
        curve,
        dataset("cifar10", "fashion-mnist", "digits", shape=(3, 32, 32), limit=Limit(train=60, valid=1, test=1)),
    )
