"""Hidden checks of the network: other sizes, a single picture. Which activations stand in it costs once, in public."""

import pytest
from test_mlp import check_network, computed, draw


@pytest.mark.graded(
    task="mlp",
    weight=3,
    after="test_mlp_forward",
    grounds="notebook, lines 103 and 114: input_dim and output_dim are arguments",
)
def test_mlp_other_sizes(probe, expected, rng):
    """MLP takes its first and its last size from input_dim and output_dim"""
    check_network(probe, expected, draw(rng, n=5, image=(3, 4, 6), classes=7), rng, any_activation=True)


@pytest.mark.graded(
    task="mlp", weight=2, after="test_mlp_forward", grounds="notebook, lines 120 and 121: the batch may have any size"
)
def test_mlp_one_picture(probe, rng):
    """MLP takes a batch of one picture"""
    check_network(probe, computed, draw(rng, n=1), rng, any_activation=True)
