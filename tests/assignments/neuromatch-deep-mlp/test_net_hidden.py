"""Hidden checks of Net: activations with arguments, images, one unit, many layers."""

import pytest
import torch.nn.functional as F
from test_net import check_scores, draw


@pytest.mark.graded(
    task="net", weight=2, after="test_net_layers", grounds="tutorial 2, lines 124 and 1058: the text may hold arguments"
)
def test_net_activation_with_argument(probe, expected, rng):
    """Net uses the arguments that the text gives to the activation

    "LeakyReLU(0.3)" has a slope of 0.3 below zero.
    """
    check_scores(probe, expected, draw(rng, [4, 6, 2]), actv="LeakyReLU(0.3)", act=lambda x: F.leaky_relu(x, 0.3))
    check_scores(probe, expected, draw(rng, [4, 6, 2]), actv="ELU(alpha=0.5)", act=lambda x: F.elu(x, 0.5))


@pytest.mark.graded(
    task="net",
    weight=2,
    after="test_net_layers",
    grounds="tutorial 2, lines 142 to 144: inputs become rows of input_feature_num numbers",
)
def test_net_takes_images(probe, expected, rng):
    """Net lays out images as rows

    A batch of shape (6, 3, 4, 4) becomes six rows of 48 numbers, pixel by pixel as they lie.
    """
    check_scores(probe, expected, draw(rng, [48, 7, 3], shape=(3, 4, 4)), actv="ReLU()", act=F.relu)


@pytest.mark.graded(
    task="net", weight=1, after="test_net_layers", grounds="tutorial 2, lines 105 and 118: any list of hidden sizes"
)
def test_net_deep_and_thin(probe, expected, rng):
    """Net is right for many layers, and for layers of one unit"""
    check_scores(probe, expected, draw(rng, [3, 1, 4, 4, 4, 1, 5], rows=1), actv="Sigmoid()", act=lambda x: x.sigmoid())
