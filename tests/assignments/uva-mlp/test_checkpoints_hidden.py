"""Hidden check of save_model and load_model: several names, new models."""

import pytest
from test_checkpoints import check_states, draw_state


@pytest.mark.graded(
    task="checkpoints",
    weight=1,
    after="test_checkpoint_round_trip",
    grounds="practical 1, lines 320 and 324: each name stands for a model of its own",
)
def test_checkpoint_names(probe, expected, rng):
    """Each model_name has a file of its own, and a new model can load it"""
    check_states(probe, expected, [draw_state(rng) for _ in range(3)], order=[1, 2, 0], fresh=True)
