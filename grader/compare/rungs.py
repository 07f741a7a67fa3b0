"""Climb from type to close with one expected tensor, `Spec` or float.

`grader.compare.ladder` brings every value here that needs arithmetic.
"""

from dataclasses import replace

import numpy
import torch

from grader.compare.arrays import ANY_FLOAT, DType, is_array, is_numpy_dtype, tensor_of, torch_dtype
from grader.compare.comparison import EXACT, Difference, Rung, Spec, Tolerance, floor_for
from grader.compare.describe import dtype_text, is_readable, plain_tensor
from grader.compare.deviation import measure, measure_alone, not_finite, stretch_of, too_far, widened
from grader.compare.findings import Finding, ValuePair
from grader.compare.scalars import scalar_tensor
from grader.compare.stretch import note_stretch
from grader.compare.uncomparable import not_comparable
from grader.errors import CourseError
from grader.sandbox.wire.kinds import as_tensor

_ASSUMED_FLOAT = torch.float32  # where a Python float comes from: `.item()` of a float32 tensor


def climb(pair: ValuePair) -> Finding | None:
    """Return the first rung that fails, or None if all hold.

    Raises CourseError if the expected tensor's values can't be compared.
    """
    asked_dtype, expected = _asked_dtype(pair), _expected_tensor(pair)
    number = _as_number(pair, asked_dtype)
    actual = _actual_tensor(pair) if number is None else number
    if actual is None:
        return Finding(pair.difference(Rung.TYPE))
    if tuple(actual.shape) != _expected_shape(pair):
        return _other_shape(pair, actual, expected)
    if number is None:
        if not _has_right_dtype(pair, actual.dtype, asked_dtype):
            return Finding(_other_dtype(pair))
        elsewhere = _other_device(pair, actual)
        if elsewhere:
            return elsewhere
    return _compare_values(pair, actual, expected)


def _actual_tensor(pair: ValuePair) -> torch.Tensor | None:
    """Return what came back as a tensor, None where it is not of the kind that is expected: a tensor or an array."""
    actual, expected = pair.actual, pair.expected
    asked = expected.dtype if isinstance(expected, Spec) else expected
    if isinstance(asked, numpy.ndarray) or is_numpy_dtype(asked):
        return as_tensor(actual) if is_array(actual) else None
    is_either = isinstance(expected, float) or (isinstance(expected, Spec) and not isinstance(asked, torch.dtype))
    return as_tensor(actual) if is_either and is_array(actual) else plain_tensor(actual)


def _as_number(pair: ValuePair, asked_dtype: torch.dtype | None) -> torch.Tensor | None:
    """Return a plain number as a tensor where it may stand for what is expected."""
    if isinstance(pair.expected, float):
        return scalar_tensor(pair.actual, asked_dtype or _ASSUMED_FLOAT)
    return scalar_tensor(pair.actual, asked_dtype) if _expected_shape(pair) == () else None


def _expected_shape(pair: ValuePair) -> tuple[int, ...]:
    expected = pair.expected
    return tuple(expected.shape) if isinstance(expected, torch.Tensor | numpy.ndarray | Spec) else ()


def _expected_tensor(pair: ValuePair) -> torch.Tensor | None:
    """Return the expected values, None for a `Spec`."""
    if isinstance(pair.expected, float):
        return torch.tensor(float(pair.expected), dtype=torch.float64)
    if isinstance(pair.expected, Spec):
        return None
    tensor = plain_tensor(tensor_of(pair.expected))
    if tensor is None or not is_readable(tensor.dtype):
        raise not_comparable(pair.name, pair.expected)
    return tensor.cpu()


def _stated_dtype(pair: ValuePair) -> DType:
    """Return the dtype that the check names, else that of what is expected."""
    for key in (pair.name, pair.top):
        if key in pair.asked.dtypes:
            return pair.asked.dtypes[key]
    return pair.expected.dtype if isinstance(pair.expected, torch.Tensor | numpy.ndarray | Spec) else None


def _asked_dtype(pair: ValuePair) -> torch.dtype | None:
    """Return the dtype that is asked for; None for any, or any floating one.

    Raises CourseError for one that does not exist.
    """
    stated = _stated_dtype(pair)
    found = torch_dtype(stated)
    if found is None and stated not in (None, ANY_FLOAT):
        raise CourseError(
            f"The check asks for the dtype {stated!r} of {pair.name}, which can't be compared.",
            remedy="Name one of torch's or NumPy's for real numbers, integers or bools, \"any float\", or None.",
        )
    return found


def _has_right_dtype(pair: ValuePair, dtype: torch.dtype, asked: torch.dtype | None) -> bool:
    if not is_readable(dtype):
        return False
    if _takes_any_float(pair) and (asked is None or asked.is_floating_point):
        return dtype.is_floating_point
    return asked is None or dtype == asked


def _takes_any_float(pair: ValuePair) -> bool:
    """Tell whether one floating dtype is as good as another here."""
    stated = _stated_dtype(pair)
    if isinstance(stated, str):
        return True
    return pair.any_float and stated is not None


def _other_dtype(pair: ValuePair) -> Difference:
    """Return the difference of another dtype, with the one that is asked for."""
    asked, difference = _asked_dtype(pair), pair.difference(Rung.DTYPE)
    wanted = dtype_text(asked) if asked is not None else ""
    if _takes_any_float(pair) and (asked is None or asked.is_floating_point):
        wanted = ANY_FLOAT
    return replace(difference, expected=replace(difference.expected, dtype=wanted))


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
    """Return the tolerance the check names, or the coarser floor of both dtypes; of any float, never a finer one."""
    for key in (pair.name, pair.top):
        if key in pair.asked.tolerances:
            named = pair.asked.tolerances[key]
            floor = floor_for(actual.dtype) if _takes_any_float(pair) and expected.is_floating_point() else named
            return Tolerance(rtol=max(named.rtol, floor.rtol), atol=max(named.atol, floor.atol))
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
    broken = not_finite(*sides)
    if bool(broken.any()):
        difference = replace(pair.difference(Rung.FINITE), deviation=measure(actual.cpu(), expected, broken))
        return Finding(difference, actual=actual, expected=expected, tolerance=tolerance)
    stretch = stretch_of(*sides, tolerance)
    if stretch is None or stretch >= 1:  # below 1 no element is too far
        wrong = too_far(*sides, tolerance)
        if bool(wrong.any()):
            difference = replace(pair.difference(Rung.CLOSE), deviation=measure(actual.cpu(), expected, wrong))
            return Finding(difference, actual=actual, expected=expected, tolerance=tolerance, stretch=stretch)
    note_stretch(stretch)
    return None
