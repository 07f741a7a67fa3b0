"""Hypotheses about tensors of another shape: each a small pure function that returns facts for its sentence, or None.

`grader.compare.hypotheses` holds the table that orders them and words them.
"""

from collections.abc import Iterator
from itertools import combinations, permutations

import torch

from grader.compare.case import Case, Facts, explains, is_same, is_telling, is_telling_or_odd
from grader.compare.comparison import Shape
from grader.compare.texts import shape_text

MAX_AXES = 4

_REDUCTIONS = {"sum": torch.Tensor.sum, "mean": torch.Tensor.mean}


def transposed(case: Case) -> Facts | None:
    """A matrix came back transposed, whatever its shape."""
    if case.expected.dim() != 2 or not is_telling(case.expected, case.tolerance):
        return None
    return {} if explains(case, case.expected.T) else None


def permuted(case: Case) -> Facts | None:
    """The axes of a tensor came back in another order."""
    rank = case.expected.dim()
    if not 3 <= rank <= MAX_AXES or case.actual.dim() != rank or not is_telling(case.expected, case.tolerance):
        return None
    for order in permutations(range(rank)):
        if order != tuple(range(rank)) and explains(case, case.expected.permute(order)):
            back = tuple(order.index(axis) for axis in range(rank))
            return {"order": ", ".join(map(str, back))}
    return None


def reshaped(case: Case) -> Facts | None:
    """The values are right and in the right order, only the shape isn't."""
    if case.actual.numel() != case.expected.numel() or case.actual.shape == case.expected.shape:
        return None
    if not is_telling_or_odd(case.expected, case.tolerance):
        return None
    return {} if explains(case, case.expected.reshape(case.actual.shape)) else None


def not_reduced(case: Case) -> Facts | None:
    """The tensor still has axes that should have been summed or averaged."""
    for name, axes, reduced in _reductions(case.actual):
        if is_same(reduced, case.expected, case.tolerance) and is_telling_or_odd(case.expected, case.tolerance):
            return {"reduction": name, "axes": _axes_text(axes)}
    return None


def over_reduced(case: Case) -> Facts | None:
    """The tensor was summed or averaged over axes that should have stayed."""
    for name, axes, reduced in _reductions(case.expected):
        if explains(case, reduced) and is_telling_or_odd(case.actual, case.tolerance):
            return {"reduction": name, "axes": _axes_text(axes)}
    return None


def wrong_axis(case: Case) -> Facts | None:
    """A tensor of the context was reduced over other axes than it should have been."""
    if not is_telling_or_odd(case.expected, case.tolerance):
        return None
    for words, other in case.others.items():
        found = list(_reductions(other.detach().double()))
        right = [(name, axes) for name, axes, reduced in found if is_same(reduced, case.expected, case.tolerance)]
        for name, axes, reduced in found if right else ():
            if explains(case, reduced) and right[0][0] == name:
                return {
                    "reduction": name,
                    "words": words,
                    "axes": _axes_text(axes),
                    "right": _axes_text(right[0][1]),
                }
    return None


def has_axes_of_one(actual: Shape, expected: Shape) -> Facts | None:
    """Only axes of size 1 are missing or too many."""
    same = [n for n in actual if n != 1] == [n for n in expected if n != 1]
    return {} if same and actual != expected else None


def has_swapped_axes(actual: Shape, expected: Shape) -> Facts | None:
    """A matrix has the sizes of its axes exchanged."""
    return {} if len(actual) == 2 and actual == expected[::-1] else None


def has_permuted_axes(actual: Shape, expected: Shape) -> Facts | None:
    """The sizes of the axes are right, their order isn't."""
    return {} if len(actual) >= 3 and sorted(actual) == sorted(expected) else None


def has_extra_axes(actual: Shape, expected: Shape) -> Facts | None:
    """There are axes before or behind the expected ones."""
    extra = len(actual) - len(expected)
    if extra <= 0 or not expected:
        return None
    if actual[extra:] == expected:
        return {"place": "in front", "axes": shape_text(actual[:extra])}
    return {"place": "at the end", "axes": shape_text(actual[-extra:])} if actual[:-extra] == expected else None


def _reductions(tensor: torch.Tensor) -> Iterator[tuple[str, Shape, torch.Tensor]]:
    """Yield every sum and mean of a tensor over some of its axes, fewest axes first."""
    rank = tensor.dim()
    if not 1 <= rank <= MAX_AXES or tensor.numel() == 0:
        return
    for count in range(1, rank + 1):
        for axes in combinations(range(rank), count):
            for name, reduce in _REDUCTIONS.items():
                yield name, axes, reduce(tensor, dim=axes)


def _axes_text(axes: Shape) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
