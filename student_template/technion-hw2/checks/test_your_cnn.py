"""Public check of YourCNN, the network of a student's own design.

test_your_cnn_hidden.py creates it as the experiments do. The architecture is free, and so is everything about it: asked
are only the interface of CNN, scores that can be trained, and images that make a difference.
"""

import pytest
import torch

from grader.compare import Spec, assert_kinds, assert_matches


def assert_trainable(actual, x, *, classes):
    """Ask for class scores through which gradients reach every image and at least one parameter."""
    assert_matches(actual, {"z": Spec((len(x), classes)), "grad of x": Spec(tuple(x.shape))})
    assert bool(actual["grad of x"].flatten(1).any(dim=1).all()), (
        "The scores don't depend on the images: their gradient is zero. Is something detached or overwritten?"
    )
    assert_kinds(actual, {"parameters with a gradient": int})
    assert actual["parameters with a gradient"] > 0, "No parameter gets a gradient: is something detached?"


@pytest.mark.graded(
    task="your-cnn", weight=2, grounds="hw2 part 5, lines 2977 and 2982: the class, and how it is created"
)
def test_your_cnn_document(probe, rng):
    """YourCNN is created as in the document and gives class scores for an image

    Without conv_params, activation and pooling: your own values take their place.
    """
    options = {"in_size": (3, 100, 100), "out_classes": 10, "channels": [32] * 4, "pool_every": 2}
    options |= {"hidden_dims": [100] * 2}
    x, dout = torch.rand(1, 3, 100, 100, generator=rng), torch.randn(1, 10, generator=rng)
    assert_trainable(probe("your_cnn", options=options, x=x, dout=dout), x, classes=10)
