"""Keep how a training went, for the scorecard: numbers that a probe handed back, which may be anything.

The fixture `curve` draws with it, for the check of `grader.grading.check_run`; scorecards show what is kept.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from grader.compare.arrays import plain_number, tensor_of
from grader.errors import CourseError
from grader.results.verdict import Curve, Line

MAX_POINTS = 200
MAX_LINES = 4
MAX_CURVES = 4
_MOST_NUMBERS = 100_000
_LARGEST = 1e12  # beyond it nothing else on the drawing could be seen


class Curves:
    """Collect the curves that one check draws."""

    def __init__(self) -> None:
        self._drawn: dict[str, Curve] = {}

    @property
    def drawn(self) -> tuple[Curve, ...]:
        """Return the curves in the order of their first drawing."""
        return tuple(self._drawn.values())

    def draw(
        self,
        name: str,
        lines: Mapping[str, object],
        *,
        target: float | None = None,
        unit: str = "",
        epochs: int | None = None,
        falls: bool = False,
    ) -> None:
        """Keep a curve; one of the same name is drawn anew.

        A line is a list of numbers, or a tensor or array (N,), one number an epoch. Where `epochs` is given, a line of
        k times as many numbers has k an epoch. Anything else came from the submission and leaves its line empty. Raises
        CourseError for more curves or lines than a scorecard shows.
        """
        if len(lines) > MAX_LINES or len({*self._drawn, name}) > MAX_CURVES:
            raise CourseError(
                f"The check draws too much with `{name}`: a scorecard shows {MAX_CURVES} curves of {MAX_LINES} lines.",
                remedy="Leave out what tells least.",
            )
        kept = tuple(_line(label, _numbers(values), epochs=epochs) for label, values in lines.items())
        self._drawn[name] = Curve(name, kept, target=target, unit=unit, falls=falls)

    def mark(self, name: str, cutoffs: tuple[tuple[float, float], ...]) -> None:
        """Draw what earns a part of the points across a curve. Raises CourseError where no such curve was drawn."""
        if name not in self._drawn:
            raise CourseError(f"There is no curve `{name}` to draw cut-offs on.", remedy="Draw it first, with `curve`.")
        self._drawn[name] = replace(self._drawn[name], cutoffs=cutoffs)


def _numbers(values: object) -> list[float | None]:
    """Return what a submission sent as numbers, None for each that can't be drawn; [] for anything but numbers."""
    values = tensor_of(values)
    if isinstance(values, torch.Tensor):
        is_usable = values.ndim == 1 and not values.is_complex() and values.numel() <= _MOST_NUMBERS
        return [_number(value) for value in values.tolist()] if is_usable else []
    if isinstance(values, list | tuple) and len(values) <= _MOST_NUMBERS:
        return [_number(value) for value in values]
    return []


def _number(value: object) -> float | None:
    value = plain_number(tensor_of(value))
    if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(f"{value:.6g}") if abs(value) <= _LARGEST else None


def _line(name: str, numbers: list[float | None], *, epochs: int | None) -> Line:
    count = len(numbers)
    an_epoch = count // epochs if epochs and count % epochs == 0 and count else 1
    kept = _kept(numbers)
    return Line(
        name,
        epochs=tuple(float(f"{(i + 1) / an_epoch:.6g}") for i in kept),
        values=tuple(numbers[i] for i in kept),
    )


def _kept(numbers: Sequence[float | None]) -> list[int]:
    """Return which numbers are drawn: all if they are few, else evenly spread ones and those put into words."""
    count = len(numbers)
    if count <= MAX_POINTS:
        return list(range(count))
    finite = [i for i in range(count) if numbers[i] is not None]
    told = {0, count - 1}
    if finite:
        told |= {min(finite, key=lambda i: numbers[i] or 0.0), max(finite, key=lambda i: numbers[i] or 0.0)}
    if len(finite) < count:
        told.add(next(i for i in range(count) if numbers[i] is None))
    spread = MAX_POINTS - len(told)
    return sorted(told | {math.floor(i * (count - 1) / (spread - 1)) for i in range(spread)})
