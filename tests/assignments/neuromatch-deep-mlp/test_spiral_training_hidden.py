"""Hidden check of an MLP that learns the spirals: other points, another network."""

import pytest
from test_spiral_training import LEAKY, LIMIT, check_spirals


@pytest.mark.graded(
    task="spiral-training",
    grounds="tutorial 2, lines 124 and 547 to 635: networks with other activations are trained as well",
)
def test_spirals_leaky(probe, dataset):
    """Another MLP, with LeakyReLU, learns the spirals, too"""
    check_spirals(probe, dataset("spirals", limit=LIMIT, seed=1), LEAKY)
