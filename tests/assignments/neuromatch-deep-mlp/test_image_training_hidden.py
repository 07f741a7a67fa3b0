"""Hidden check of an MLP that learns images: other images."""

import pytest
from test_image_training import check_images, three_classes


@pytest.mark.graded(task="image-training", grounds="tutorial 2, lines 902 to 909: a network learns through the loaders")
def test_other_images(probe, dataset):
    """An MLP learns other images of these classes"""
    check_images(probe, *three_classes(dataset, seed=1), seeds=(2021, 5, 6))
