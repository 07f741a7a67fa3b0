"""Weights that the checks of CNN draw, and what may stand behind the scores where that is not asked.

test_cnn.py and test_cnn_hidden.py import it.
"""

import math
from functools import partial

import torch
import torch.nn.functional as F

from grader.compare import assert_any


def draw_weights(rng, shapes):
    """Draw a weight of each shape and its bias, by the layer's number."""
    weights = {}
    for i, shape in enumerate(shapes, start=1):
        weights[f"{i}.weight"] = torch.randn(shape, generator=rng) * math.sqrt(2 / math.prod(shape[1:]))
        weights[f"{i}.bias"] = 0.3 * torch.randn(shape[0], generator=rng)
    return weights


def whatever_ends(attempt, act):
    """Try `attempt(end=…)` with nothing behind the scores, then with an activation and with a softmax.

    test_cnn_scores charges what doesn't belong there; the other checks are about something else.
    """
    ends = (lambda z: z, act, lambda z: F.softmax(z, dim=1))
    assert_any(*(partial(attempt, end=end) for end in ends))
