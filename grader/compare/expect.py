"""Make an expectation by measuring: a formula run in its own dtype and in float64 shows how far rounding goes.

`grader.compare.spread` measures; checks hand the expectation to `assert_matches`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy
import torch

from grader.compare.arrays import copied
from grader.compare.comparison import Expectation
from grader.compare.spread import spreads_between, tolerances_from
from grader.sandbox.wire.kinds import rebuilt

MAX_SHARE = 0.01


def measured(function: Callable[..., Mapping[str, Any]], **tensors: Any) -> Expectation:
    """Expect what `function(**tensors)` returns, with a tolerance measured on these very inputs.

    It runs twice: as it is, and with all floating tensors and arrays in float64. The expected values are the float64
    results, cast back; the tolerance is the floor of the dtype or eight times the observed spread, whichever is
    larger, but never more than 1 % of the largest expected value, since the inputs may come from a submission that
    wants a wide one. Results that aren't floating point come from the first run and are compared exactly.
    """
    own = function(**copied(tensors, wide=False))
    wide = function(**copied(tensors, wide=True))
    expected = {name: _merged(value, wide[name]) for name, value in own.items()}
    return Expectation(expected, tolerances_from(expected, spreads_between(own, wide), max_share=MAX_SHARE))


def _merged(own: Any, wide: Any) -> Any:
    """Return the float64 result in the dtype of the other one; what isn't floating point as it is."""
    if isinstance(own, torch.Tensor):
        return wide.detach().to(own.dtype) if own.is_floating_point() else own.detach()
    if isinstance(own, numpy.ndarray | numpy.generic):
        return wide.astype(own.dtype) if own.dtype.kind == "f" else own
    if isinstance(own, Mapping):
        return {key: _merged(item, wide[key]) for key, item in own.items()}
    if isinstance(own, list | tuple):
        return rebuilt(own, [_merged(*pair) for pair in zip(own, wide, strict=True)])
    return wide if isinstance(own, float) else own
