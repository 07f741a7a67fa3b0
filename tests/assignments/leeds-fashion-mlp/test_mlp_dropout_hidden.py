"""Hidden checks of the network with dropout: the factor of what is kept, and the change of mode."""

import pytest
import torch
from test_mlp import forward
from test_mlp_dropout import dropped, run

from grader.compare import Context, assert_matches, measured


@pytest.mark.graded(
    task="dropout", weight=1, after="test_dropout_share", grounds="notebook, line 270: dropout as nn.Dropout does it"
)
def test_dropout_scale(probe, rng):
    """Neurons that are kept are scaled by 1 / (1 - 0.25) in training mode, as nn.Dropout does it"""
    actual, inputs = run(probe, rng)
    for name, values in dropped(actual, inputs).items():
        kept = values[values.abs() > 1e-3]
        assert torch.allclose(kept, torch.full_like(kept, 4 / 3), atol=5e-3), (
            f"In {name} neurons that are kept are scaled by {float(kept.mean()):.3f}; expected 1 / (1 - 0.25) = 1.333."
        )


@pytest.mark.graded(
    task="dropout",
    weight=1,
    after=("test_dropout_evaluation", "test_dropout_share"),
    grounds="notebook, lines 184 and 206: evaluation mode turns it off",
)
def test_dropout_switches(probe, rng):
    """MLPDropout stops dropping when it goes from training mode to evaluation mode"""
    actual, inputs = run(probe, rng, switch=True)
    dropped(actual, inputs)
    others = {"the scores with neurons dropped": actual["training scores"]}
    assert_matches(actual, measured(forward, **inputs), context=Context(others=others))
