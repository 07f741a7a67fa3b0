"""What the checks of layers share: the tensors that they draw, and a second batch beside a first.

test_layers.py and test_layers_hidden.py import it.
"""

import torch

from grader.compare import Context, Spec, assert_matches


def draw_clear_of_zero(*shape, rng):
    """Draw numbers that stay 0.1 away from zero, where a ReLU has no slope."""
    x = torch.randn(*shape, generator=rng)
    return x + 0.1 * torch.sign(x)


def assert_second_batch_alike(probe, name, *, before, shapes, others=None, **inputs):
    """Ask that a batch gives after another one (`before`) what it gives alone.

    `shapes` are those of the outputs; what they hold is asked elsewhere. `others` are what they may be by mistake.
    """
    alone, second = probe(name, **inputs), probe(name, before=before, **inputs)
    specs = {output: Spec(shape) for output, shape in shapes.items()}
    assert_matches(alone, specs)
    assert_matches(second, {output: alone[output] for output in shapes}, context=Context(others=others or {}))
