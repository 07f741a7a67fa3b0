"""Make an expectation by measuring: a formula run in its own dtype and in float64 shows how far rounding goes.

`grader.compare.assertion` compares against it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from grader.compare.comparison import Expectation, Tolerance, floor_for

MARGIN = 8.0
MAX_SHARE = 0.01


def measured(function: Callable[..., Mapping[str, Any]], **tensors: Any) -> Expectation:
    """Expect what `function(**tensors)` returns, with a tolerance measured on these very inputs.

    It runs twice: as it is, and with all floating tensors in float64. The expected values are the float64 results,
    cast back; the tolerance is the floor of the dtype or eight times the observed spread, whichever is larger, but
    never more than 1 % of the largest expected value, since the inputs may come from a submission that wants a wide
    one. Results that aren't floating point come from the first run and are compared exactly.
    """
    own = function(**{name: _copied(value, None) for name, value in tensors.items()})
    wide = function(**{name: _copied(value, torch.float64) for name, value in tensors.items()})
    tolerances = {
        name: tolerance for name, value in own.items() for name, tolerance in _tolerances(name, value, wide[name])
    }
    return Expectation({name: _merged(value, wide[name]) for name, value in own.items()}, tolerances)


def _copied(value: Any, dtype: torch.dtype | None) -> Any:
    """Return a copy that the function may change, floating tensors cast to `dtype` unless that is None."""
    if isinstance(value, torch.Tensor):
        target = dtype if dtype and value.is_floating_point() else value.dtype
        return value.detach().to(target, copy=True).requires_grad_(value.requires_grad)
    if isinstance(value, Mapping):
        return {key: _copied(item, dtype) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item, dtype) for item in value]
    return value


def _merged(own: Any, wide: Any) -> Any:
    """Return the float64 result in the dtype of the other one; what isn't floating point as it is."""
    if isinstance(own, torch.Tensor):
        return wide.detach().to(own.dtype) if own.is_floating_point() else own.detach()
    if isinstance(own, Mapping):
        return {key: _merged(item, wide[key]) for key, item in own.items()}
    if isinstance(own, list | tuple):
        return [_merged(*pair) for pair in zip(own, wide, strict=True)]
    return wide if isinstance(own, float) else own


def _tolerances(name: str, own: Any, wide: Any) -> Iterator[tuple[str, Tolerance]]:
    """Yield the measured tolerance of every floating value, by the name the ladder gives it."""
    if isinstance(own, torch.Tensor) and own.is_floating_point():
        yield name, _tolerance(own.detach().double(), wide.detach().double(), floor_for(own.dtype))
    elif isinstance(own, float):
        sides = torch.tensor(own, dtype=torch.float64), torch.tensor(wide, dtype=torch.float64)
        yield name, _tolerance(*sides, floor_for(torch.float32))
    elif isinstance(own, Mapping):
        for key, item in own.items():
            yield from _tolerances(f'{name}["{key}"]', item, wide[key])
    elif isinstance(own, list | tuple):
        for i, item in enumerate(own):
            yield from _tolerances(f"{name}[{i}]", item, wide[i])


def _tolerance(own: torch.Tensor, wide: torch.Tensor, floor: Tolerance) -> Tolerance:
    finite = own.isfinite() & wide.isfinite()
    if not bool(finite.any()):
        return floor
    spread = float((own - wide)[finite].abs().max())
    largest = float(wide[finite].abs().max())
    atol = min(MARGIN * spread, MAX_SHARE * largest)
    return Tolerance(rtol=floor.rtol, atol=max(floor.atol, atol) if math.isfinite(atol) else floor.atol)
