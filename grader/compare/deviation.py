"""Arithmetic on two tensors of one shape: which elements differ, and by how much.

`grader.compare.rungs` asks it at the rungs `finite` and `close`; nothing here allocates more than a few copies.
"""

import math

import torch

from grader.compare.comparison import EXACT, Deviation, Number, Shape, Tolerance


def widened(tensor: torch.Tensor) -> torch.Tensor:
    """Return the values in float64 on the CPU."""
    return tensor.detach().to(device="cpu", dtype=torch.float64)


def not_finite(actual: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """Mark the elements where one side is nan or infinite and the other isn't the same."""
    same = (actual == expected) | (actual.isnan() & expected.isnan())
    return ~same & ~(actual.isfinite() & expected.isfinite())


def too_far(actual: torch.Tensor, expected: torch.Tensor, tolerance: Tolerance) -> torch.Tensor:
    """Mark the finite elements that differ by more than the tolerance; without one, those that differ at all."""
    if tolerance == EXACT:
        differs = actual != expected
    else:
        gap, allowed = _gap_and_allowed(actual, expected, tolerance)
        differs = gap > allowed
    return differs & actual.isfinite() & expected.isfinite()


def stretch_of(actual: torch.Tensor, expected: torch.Tensor, tolerance: Tolerance) -> float | None:
    """Return the largest difference of finite elements divided by the one that is allowed; None without a tolerance.

    It is 0.0 where nothing differs, and infinite where something does and nothing is allowed.
    """
    if tolerance == EXACT or not actual.numel():
        return None
    gap, allowed = _gap_and_allowed(actual, expected, tolerance)
    largest = float(gap.div_(allowed).max())
    if math.isnan(largest):  # both sides are the same and not finite, or equal where nothing is allowed
        largest = float(gap.nan_to_num_(nan=0.0, posinf=math.inf).max())
    return largest


def _gap_and_allowed(
    actual: torch.Tensor, expected: torch.Tensor, tolerance: Tolerance
) -> tuple[torch.Tensor, torch.Tensor]:
    return (actual - expected).abs(), tolerance.atol + tolerance.rtol * expected.abs()


def measure(actual: torch.Tensor, expected: torch.Tensor, wrong: torch.Tensor) -> Deviation:
    """Measure the elements marked in `wrong`, of which there is at least one.

    The worst is the one with the largest absolute difference, or the first where that isn't a number.
    """
    wide, wide_expected = widened(actual), widened(expected)
    gap = torch.where(wrong, (wide - wide_expected).abs(), -1.0)
    relative = gap / wide_expected.abs()
    place = int(gap.argmax()) if bool(gap.isfinite().all()) else int(wrong.to(torch.uint8).argmax())
    return Deviation(
        index=_unravel(place, tuple(actual.shape)),
        actual=_element(actual, place),
        expected=_element(expected, place),
        max_abs=float(gap.max()),
        max_rel=float(relative[wrong].max()),
        wrong=int(wrong.sum()),
        total=actual.numel(),
        nans=int(wide.isnan().sum()),
        infs=int(wide.isinf().sum()),
    )


def measure_alone(actual: torch.Tensor) -> Deviation | None:
    """Measure the elements that aren't finite of a tensor whose values nobody knows; return None if all are finite."""
    wide = widened(actual)
    wrong = ~wide.isfinite()
    if not bool(wrong.any()):
        return None
    place = int(wrong.to(torch.uint8).argmax())
    return Deviation(
        index=_unravel(place, tuple(actual.shape)),
        actual=_element(actual, place),
        expected=None,
        max_abs=float("inf"),
        max_rel=float("inf"),
        wrong=int(wrong.sum()),
        total=actual.numel(),
        nans=int(wide.isnan().sum()),
        infs=int(wide.isinf().sum()),
    )


def _element(tensor: torch.Tensor, place: int) -> Number:
    value = tensor.flatten()[place].item()
    assert isinstance(value, bool | int | float)
    return value


def _unravel(place: int, shape: Shape) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        place, rest = divmod(place, size)
        index.append(rest)
    return tuple(reversed(index))
