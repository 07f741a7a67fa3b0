"""The document's examples of CNN, weights that its checks draw, and what may stand behind the scores.

test_cnn.py and test_cnn_hidden.py import it.
"""

import math
from functools import partial

import torch
import torch.nn.functional as F

from grader.compare import assert_any, assert_matches, measured

DOCUMENT = (
    {
        "in_size": (3, 100, 100),
        "out_classes": 10,
        "channels": [32] * 4,
        "pool_every": 2,
        "hidden_dims": [100] * 2,
        "conv_params": {"kernel_size": 3, "stride": 1, "padding": 1},
        "activation_type": "relu",
        "activation_params": {},
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 2},
    },
    {
        "in_size": (3, 100, 100),
        "out_classes": 10,
        "channels": [32] * 4,
        "pool_every": 2,
        "hidden_dims": [100] * 2,
        "conv_params": {"kernel_size": 5, "stride": 2, "padding": 3},
        "activation_type": "lrelu",
        "activation_params": {"negative_slope": 0.05},
        "pooling_type": "avg",
        "pooling_params": {"kernel_size": 3},
    },
    {
        "in_size": (3, 100, 100),
        "out_classes": 3,
        "channels": [16] * 5,
        "pool_every": 3,
        "hidden_dims": [100],
        "conv_params": {"kernel_size": 2, "stride": 2, "padding": 2},
        "activation_type": "lrelu",
        "activation_params": {"negative_slope": 0.1},
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 2},
    },
)


def draw_weights(rng, shapes):
    """Draw a weight of each shape and its bias, by the layer's number."""
    weights = {}
    for i, shape in enumerate(shapes, start=1):
        weights[f"{i}.weight"] = torch.randn(shape, generator=rng) * math.sqrt(2 / math.prod(shape[1:]))
        weights[f"{i}.bias"] = 0.3 * torch.randn(shape[0], generator=rng)
    return weights


def nothing(z):
    """Return what it gets."""
    return z


def whatever_ends(actual, recorded, formula, *, act, context, **inputs):
    """Compare with what was recorded, then with what `formula(end=…, **inputs)` gives with something behind the scores.

    That may be an activation or a softmax: test_cnn_scores charges it, the other checks are about something else.
    """

    def attempt(end):
        assert_matches(actual, measured(partial(formula, end=end), **inputs), context=context)

    right = partial(assert_matches, actual, recorded, context=context)
    assert_any(right, partial(attempt, act), partial(attempt, lambda z: F.softmax(z, dim=1)))
