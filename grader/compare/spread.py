"""How far rounding moves a result: the tolerance that the distance of two runs gives.

`grader.compare.expect` measures formulas with it, `grader.authoring.recorder` the reference.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from grader.compare.arrays import plain_number, tensor_of
from grader.compare.comparison import Tolerance, floor_for
from grader.compare.texts import step_text

MARGIN = 8.0
_ASSUMED_FLOAT = torch.float32  # where a Python float comes from: `.item()` of a float32 tensor


def spreads_between(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float]:
    """Return the largest absolute difference of every floating value of two runs, by the name the ladder gives it.

    Elements that aren't finite in both don't count, nor do values that the other run lacks.
    """
    others = {name: values for name, values, _dtype in _leaves(other)}
    return {name: _distance(values, others.get(name)) for name, values, _dtype in _leaves(one)}


def _distance(values: torch.Tensor, others: torch.Tensor | None) -> float:
    if others is None or values.shape != others.shape:
        return 0.0
    finite = values.isfinite() & others.isfinite()
    return float((values - others)[finite].abs().max()) if bool(finite.any()) else 0.0


def tolerances_from(
    expected: Mapping[str, Any], spreads: Mapping[str, float], *, max_share: float = math.inf
) -> dict[str, Tolerance]:
    """Return the tolerance of every floating value: the floor of its dtype, or eight times its spread if that is more.

    No spread widens a tolerance beyond `max_share` of the largest expected value.
    """
    tolerances = {}
    for name, values, dtype in _leaves(expected):
        floor = floor_for(dtype)
        finite = values[values.isfinite()].abs()
        largest = float(finite.max()) if finite.numel() else 0.0
        measured = MARGIN * spreads.get(name, 0.0)
        atol = min(measured, max_share * largest) if max_share < math.inf else measured
        tolerances[name] = Tolerance(rtol=floor.rtol, atol=max(floor.atol, atol))
    return tolerances


def tensors_in(values: Mapping[str, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every floating value of a run as a tensor, by the name the ladder gives it."""
    for name, tensor, _dtype in _leaves(values):
        yield name, tensor


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, torch.Tensor, torch.dtype]]:
    """Yield every floating value in float64 with its name and its own dtype."""
    for name, value in values.items():
        yield from _leaves_of(name, value)


def _leaves_of(name: str, value: Any) -> Iterator[tuple[str, torch.Tensor, torch.dtype]]:
    value = plain_number(tensor_of(value))
    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            yield name, value.detach().double(), value.dtype
    elif isinstance(value, float):
        yield name, torch.tensor(value, dtype=torch.float64), _ASSUMED_FLOAT
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves_of(name + step_text(key), item)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _leaves_of(name + step_text(i), item)
