"""Make an expectation by measuring: a formula run in its own dtype and in float64 shows how far rounding goes.

`grader.compare.spread` measures; checks hand the expectation to `assert_matches`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy
import torch

from grader.compare.arrays import copied
from grader.compare.comparison import Expectation
from grader.compare.spread import spreads_between, tolerances_from
from grader.errors import CourseError
from grader.sandbox.wire.kinds import rebuilt

MAX_SHARE = 0.01

Formula = Callable[..., Mapping[str, Any] | Expectation]


@dataclass(frozen=True, slots=True)
class FromFormula:
    """Hold what a formula expects, and whether it states the tolerances itself or they were measured."""

    expectation: Expectation
    is_stated: bool


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


def by_formula(formula: Formula, inputs: Mapping[str, Any]) -> FromFormula:
    """Expect what a formula makes of those inputs of a probe's call that its parameters name.

    It is measured as `measured` does, unless it returns an `Expectation`, which is taken as it is. Raises CourseError
    where it asks for an input that the call has not.
    """
    parameters = inspect.signature(formula).parameters.values()
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters)
    asked = {one.name for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}
    needed = {one.name for one in parameters if one.name in asked and one.default is one.empty}
    if needed - set(inputs):
        raise CourseError(
            f"The formula of this check asks for {', '.join(f'`{name}`' for name in sorted(needed - set(inputs)))}, "
            f"but the probe is called with {', '.join(f'`{name}`' for name in inputs) or 'nothing'}.",
            remedy="Name its parameters like the probe's inputs, or give them defaults.",
        )
    given = {name: value for name, value in inputs.items() if takes_all or name in asked}
    once = formula(**copied(given, wide=False))
    if isinstance(once, Expectation):
        return FromFormula(once, is_stated=True)
    return FromFormula(measured(formula, **given), is_stated=False)  # type: ignore[arg-type]  # a mapping, as just now


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
