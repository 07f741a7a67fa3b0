"""Climb from type to close with one expected tensor, `Spec` or float.

`grader.compare.ladder` brings every value here that needs arithmetic.
"""

from dataclasses import replace

import torch

from grader.compare.comparison import EXACT, Rung, Spec, Tolerance, floor_for
from grader.compare.describe import is_readable, plain_tensor
from grader.compare.deviation import measure, measure_alone, not_finite, too_far, widened
from grader.compare.findings import Finding, ValuePair
from grader.compare.scalars import scalar_tensor
from grader.errors import CourseError

_ASSUMED_FLOAT = torch.float32  # where a Python float comes from: `.item()` of a float32 tensor


def climb(pair: ValuePair) -> Finding | None:
    """Return the first rung that fails, or None if all hold.

    Raises CourseError if the expected tensor's values can't be compared.
    """
    asked_dtype, expected = _asked_dtype(pair), _expected_tensor(pair)
    number = _as_number(pair, asked_dtype)
    actual = plain_tensor(pair.actual) if number is None else number
    if actual is None:
        return Finding(pair.difference(Rung.TYPE))
    if tuple(actual.shape) != _expected_shape(pair):
        return _other_shape(pair, actual, expected)
    if number is None:
        if actual.dtype != (asked_dtype or actual.dtype) or not is_readable(actual.dtype):
            return Finding(pair.difference(Rung.DTYPE))
        elsewhere = _other_device(pair, actual)
        if elsewhere:
            return elsewhere
    return _compare_values(pair, actual, expected)


def _as_number(pair: ValuePair, asked_dtype: torch.dtype | None) -> torch.Tensor | None:
    """Return a plain number as a tensor where it may stand for what is expected."""
    if isinstance(pair.expected, float):
        return scalar_tensor(pair.actual, asked_dtype or _ASSUMED_FLOAT)
    return scalar_tensor(pair.actual, asked_dtype) if _expected_shape(pair) == () else None


def _expected_shape(pair: ValuePair) -> tuple[int, ...]:
    expected = pair.expected
    return tuple(expected.shape) if isinstance(expected, torch.Tensor | Spec) else ()


def _expected_tensor(pair: ValuePair) -> torch.Tensor | None:
    """Return the expected values, None for a `Spec`."""
    if isinstance(pair.expected, float):
        return torch.tensor(float(pair.expected), dtype=torch.float64)
    if isinstance(pair.expected, Spec):
        return None
    tensor = plain_tensor(pair.expected)
    if tensor is None or not is_readable(tensor.dtype):
        raise CourseError(
            f"The check expects {pair.name} to be a tensor of a kind that can't be compared.",
            remedy="Expect dense tensors of real numbers, integers or bools; split complex ones into two.",
        )
    return tensor.cpu()


def _asked_dtype(pair: ValuePair) -> torch.dtype | None:
    for key in (pair.name, pair.top):
        if key in pair.asked.dtypes:
            return pair.asked.dtypes[key]
    return pair.expected.dtype if isinstance(pair.expected, torch.Tensor | Spec) else None


def _other_device(pair: ValuePair, actual: torch.Tensor) -> Finding | None:
    asked = pair.asked.devices.get(pair.name, pair.asked.devices.get(pair.top, ""))
    found = pair.devices.get(pair.path, str(actual.device))
    if not asked or asked in (found, found.partition(":")[0]):
        return None
    difference = pair.difference(Rung.DEVICE)
    return Finding(
        replace(
            difference,
            actual=replace(difference.actual, text=found),
            expected=replace(difference.expected, text=asked),
        )
    )


def _tolerance(pair: ValuePair, actual: torch.Tensor, expected: torch.Tensor) -> Tolerance:
    """Return the tolerance the check names, or the coarser floor of both dtypes."""
    for key in (pair.name, pair.top):
        if key in pair.asked.tolerances:
            return pair.asked.tolerances[key]
    if not expected.is_floating_point():
        return EXACT
    expected_floor = floor_for(_ASSUMED_FLOAT if isinstance(pair.expected, float) else expected.dtype)
    actual_floor = floor_for(actual.dtype)
    return max(expected_floor, actual_floor, key=lambda floor: floor.rtol)


def _other_shape(pair: ValuePair, actual: torch.Tensor, expected: torch.Tensor | None) -> Finding:
    """Return the finding of another shape, with its tensors for the lookalikes."""
    difference = pair.difference(Rung.SHAPE)
    difference = replace(difference, expected=replace(difference.expected, shape=_expected_shape(pair)))
    if expected is None or not is_readable(actual.dtype):
        return Finding(difference)
    return Finding(difference, actual=actual, expected=expected, tolerance=_tolerance(pair, actual, expected))


def _compare_values(pair: ValuePair, actual: torch.Tensor, expected: torch.Tensor | None) -> Finding | None:
    if expected is None:
        alone = measure_alone(actual)
        return Finding(replace(pair.difference(Rung.FINITE), deviation=alone)) if alone else None
    tolerance = _tolerance(pair, actual, expected)
    sides = actual.cpu(), expected
    if tolerance != EXACT or any(side.is_floating_point() for side in sides):
        sides = widened(actual), widened(expected)
    for rung, wrong in ((Rung.FINITE, not_finite(*sides)), (Rung.CLOSE, too_far(*sides, tolerance))):
        if bool(wrong.any()):
            difference = replace(pair.difference(rung), deviation=measure(actual.cpu(), expected, wrong))
            return Finding(difference, actual=actual, expected=expected, tolerance=tolerance)
    return None
