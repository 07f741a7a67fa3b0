"""Hidden check of the first training: other images, so that the hyperparameters fit more than one draw.

test_overfit.py holds the public ones.
"""

import pytest
from helpers_overfit import IMAGES, assert_learns_by_heart

from grader.datasets import Limit

TARGETS = {"cifar10": 18, "fashion-mnist": 18, "digits": 18}  # other images than those of the notebook: a margin of two


@pytest.mark.graded(task="overfit", after="test_overfit", advice=True)
def test_overfit_other_images(probe, dataset, curve):
    """Your MLP learns 20 other images by heart, too

    The same network and hyperparameters with other images.
    """
    data = dataset(*IMAGES, shape=(3, 32, 32), limit=Limit(train=20), seed=1)
    assert_learns_by_heart(probe, curve, data, target=TARGETS[data.name])
