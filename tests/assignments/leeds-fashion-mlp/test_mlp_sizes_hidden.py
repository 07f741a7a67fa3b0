"""Hidden check of the networks with other numbers of neurons."""

import pytest
from test_mlp_sizes import check_sized


@pytest.mark.graded(task="hidden-sizes", weight=2, grounds="notebook, line 273: 256 neurons in the hidden layer")
def test_256_neurons(probe, rng):
    """A network with 256 neurons in a hidden layer: 784 → 256 → 100 → 10"""
    check_sized(probe, rng, 256)
