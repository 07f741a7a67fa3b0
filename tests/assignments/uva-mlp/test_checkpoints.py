"""Public check of save_model and load_model. test_checkpoints_hidden.py has several names and new models."""

import pytest
import torch

from grader.compare import Context, Expectation, Tolerance, assert_matches

SHAPES = ((4, 5), (4,), (3, 4), (3,))

# Where and in which format a model is saved is left open, and so is whether more than its parameters are saved.


def draw_state(rng):
    """Draw the parameters of the probe's small network."""
    return [torch.randn(*shape, generator=rng) for shape in SHAPES]


def count_up(tensor):
    """Return 0, 1, 2, … in the shape of a tensor: what the probe fills a model with after saving it."""
    return torch.arange(float(tensor.numel())).reshape(tensor.shape)


def check_states(probe, expected, states, *, order, fresh):
    """Save each state under a name of its own, load them in some order, and ask for each."""
    names = [f"model-{number}" for number in range(1, len(states) + 1)]
    inputs = {"states": states, "names": names, "order": order, "fresh": fresh}
    actual = probe("checkpoints", **inputs)
    right = Expectation(dict(zip(names, states, strict=True)), dict.fromkeys(names, Tolerance(0, 0)))
    recorded = expected("checkpoints", lambda: right, **inputs)
    for name, state in zip(names, states, strict=True):
        others = {
            f"parameter {number} of the model before load_model: nothing was loaded": count_up(value)
            for number, value in enumerate(state, start=1)
        }
        others |= {
            f"what was saved as {other}": values[0]
            for other, values in zip(names, states, strict=True)
            if other != name
        }
        wanted = Expectation({name: recorded.values[name]}, recorded.tolerances)
        assert_matches(actual, wanted, context=Context(others=others))


@pytest.mark.graded(task="checkpoints", weight=2, grounds="practical 1, lines 321 and 325: what was saved is loaded")
def test_checkpoint_round_trip(probe, expected, rng):
    """load_model brings back the parameters that save_model saved

    Also when the model has changed since: what is saved has to be a copy, best in a file.
    """
    check_states(probe, expected, [draw_state(rng)], order=[0], fresh=False)
