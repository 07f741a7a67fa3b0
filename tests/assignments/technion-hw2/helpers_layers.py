"""What the checks of layers share: the tensors that they draw, and a second batch beside a first.

test_layers.py and test_layers_hidden.py import it.
"""

import torch

from grader.compare import Context, Spec, assert_matches


def draw_clear_of_zero(*shape, rng):
    """Draw numbers that stay 0.1 away from zero, where a ReLU has no slope."""
    x = torch.randn(*shape, generator=rng)
    return x + 0.1 * torch.sign(x)


def assert_second_batch_alike(probe, name, *, before, shapes, gradients=None, others=None, **inputs):
    """Ask that a batch gives after another one (`before`) what it gives alone.

    `shapes` are those of the outputs; what they hold is asked elsewhere. `gradients` are the shapes of the gradients of
    parameters: one that is missing or has another shape is told elsewhere, too. `others` are what outputs may be by
    mistake.
    """
    alone, second = probe(name, **inputs), probe(name, before=before, **inputs)
    gradients = gradients or {}
    seen = {output: alone[output].shape for output in gradients if isinstance(alone.get(output), torch.Tensor)}
    required = shapes | (seen or gradients)
    assert_matches(alone, {output: Spec(tuple(shape)) for output, shape in required.items()})
    assert_matches(second, {output: alone[output] for output in required}, context=Context(others=others or {}))
