"""Hidden checks of YourCNN: other images, and all the arguments that CNN takes.

test_your_cnn.py holds the public one, and what is free.
"""

import pytest
import torch

from grader.compare import Spec, assert_matches


@pytest.mark.graded(
    task="your-cnn",
    weight=1,
    after="test_your_cnn_document",
    strict=True,
    grounds="hw2 part 5, lines 2977 and 3038: it is trained on CIFAR-10 with several numbers of filters",
)
def test_your_cnn_small_images(probe, rng):
    """YourCNN works for images of 32 x 32 with channels that change

    Twelve convolutions with 32, 64 and 128 channels and a pooling every fourth, as an experiment may ask for.
    """
    options = {"in_size": (3, 32, 32), "out_classes": 10, "channels": [32] * 4 + [64] * 4 + [128] * 4}
    options |= {"pool_every": 4, "hidden_dims": [100]}
    x, dout = torch.rand(4, 3, 32, 32, generator=rng), torch.randn(4, 10, generator=rng)
    actual = probe("your_cnn", options=options, x=x, dout=dout)
    assert_matches(actual, {"z": Spec((4, 10)), "grad of x": Spec((4, 3, 32, 32))})
    assert bool(actual["grad of x"].flatten(1).any(dim=1).all()), "The scores don't depend on the images."


@pytest.mark.graded(task="your-cnn", after="test_your_cnn_document", advice=True)
def test_your_cnn_arguments(probe, rng):
    """YourCNN takes every argument that CNN takes

    What it does with them is up to you: only the interface has to be the same.
    """
    options = {"in_size": (3, 32, 32), "out_classes": 4, "channels": [8, 8, 16], "pool_every": 2, "hidden_dims": [10]}
    options |= {"conv_params": {"kernel_size": 3, "stride": 1, "padding": 1}}
    options |= {"activation_type": "lrelu", "activation_params": {"negative_slope": 0.05}}
    options |= {"pooling_type": "avg", "pooling_params": {"kernel_size": 2}}
    x, dout = torch.rand(2, 3, 32, 32, generator=rng), torch.randn(2, 4, generator=rng)
    actual = probe("your_cnn", options=options, x=x, dout=dout)
    assert_matches(actual, {"z": Spec((2, 4)), "grad of x": Spec((2, 3, 32, 32))})
