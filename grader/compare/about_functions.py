"""Hypotheses about functions applied, missing or with another slope: each returns facts for its sentence, or None.

`grader.compare.hypotheses` orders them and words them.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

import torch

from grader.compare.case import Case, Facts, explains, is_same, is_telling
from grader.compare.deviation import too_far
from grader.compare.texts import number_text

_MAX_AXES = 4
_MIN_DROPPED = 3
_SIGMAS = 3.0

Function = Callable[[torch.Tensor], torch.Tensor]
_ELEMENTWISE: dict[str, Function] = {"ReLU": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


def is_exponential(case: Case) -> Facts | None:
    """The exponential came back where a logarithm is expected, as softmax for log-softmax."""
    return {} if _is_telling_prediction(case, case.expected.exp()) else None


def is_logarithm(case: Case) -> Facts | None:
    """The logarithm came back, as log-softmax for softmax."""
    if not bool((case.expected > 0).all()):
        return None
    return {} if _is_telling_prediction(case, case.expected.log()) else None


def function_applied(case: Case) -> Facts | None:
    """A function was applied to what is expected: once too often, or where none belongs."""
    if case.exact or not is_telling(case.expected, case.tolerance):
        return None
    for name, function in _functions(case.expected):
        if _is_telling_prediction(case, function(case.expected)):
            return {"function": name}
    return None


def function_missing(case: Case) -> Facts | None:
    """What is expected is a function of what came back."""
    if case.exact or not is_telling(case.expected, case.tolerance) or not bool(case.actual.isfinite().all()):
        return None
    for name, function in _functions(case.actual):
        if is_same(function(case.actual), case.expected, case.tolerance):
            return {"function": name}
    return None


def wrong_function_axis(case: Case) -> Facts | None:
    """A softmax or log-softmax of one of the others was taken over another axis."""
    if case.exact or not is_telling(case.expected, case.tolerance):
        return None
    for words, other in case.others.items():
        value = other.detach().double()
        found = [(name.split(" over "), function(value)) for name, function in _functions(value) if " over " in name]
        for (name, right), result in found:
            if not is_same(result, case.expected, case.tolerance):
                continue
            for (other_name, axis), wrong in found:
                if other_name == name and axis != right and explains(case, wrong):
                    return {"function": name, "words": words, "axis": axis, "right": right}
    return None


def wrong_slope(case: Case) -> Facts | None:
    """One side of an activation is right, and the other one factor times what is expected.

    The sides are told apart by the sign of the expected tensor, or of one of the context's others.
    """
    if case.exact:
        return None
    others = {"the expected value": case.expected}
    others |= {words: other.detach().double() for words, other in case.others.items()}
    for words, other in others.items():
        if other.shape != case.expected.shape:
            continue
        for side, scaled in (("negative", other < 0), ("positive", other > 0)):
            factor = _factor_where(case, scaled)
            if factor is not None:
                return {"words": words, "side": side, "factor": number_text(factor, digits=4)}
    return None


def dropout_active(case: Case) -> Facts | None:
    """Some elements are zero, and all others too large by as much as dropout of that share would make them."""
    if case.exact:
        return None
    there = case.expected != 0
    dropped = there & (case.actual == 0)
    count, total = int(dropped.sum()), int(there.sum())
    if count < _MIN_DROPPED or bool((case.expected[dropped] < 0).all()):
        return None  # zeros for negative values may come from a ReLU
    factor = _common_factor(case, ~dropped)
    if factor is None or factor <= 1.0 or not _is_share(count, total, 1 - 1 / factor):
        return None
    return {"count": str(count), "total": str(total), "factor": number_text(factor, digits=4)}


def _is_telling_prediction(case: Case, prediction: torch.Tensor) -> bool:
    """Tell whether the actual tensor is `prediction`, and that is no coincidence."""
    return not case.exact and explains(case, prediction) and is_telling(prediction, case.tolerance)


def _functions(tensor: torch.Tensor) -> Iterator[tuple[str, Function]]:
    """Yield the functions that may be applied to a tensor: by element, and along each axis, the last one first."""
    yield from _ELEMENTWISE.items()
    for axis in reversed(range(tensor.dim() if tensor.dim() <= _MAX_AXES else 0)):
        if tensor.shape[axis] > 1:
            yield f"softmax over axis {axis}", partial(torch.softmax, dim=axis)
            yield f"log-softmax over axis {axis}", partial(torch.log_softmax, dim=axis)


def _factor_where(case: Case, scaled: torch.Tensor) -> float | None:
    """Return the factor of the marked elements where all others are right, or None if there is none."""
    right = case.actual.isfinite() & ~too_far(case.actual, case.expected, case.tolerance)
    if not bool(right[~scaled].all()) or not is_telling(case.expected[~scaled], case.tolerance):
        return None
    return _common_factor(case, scaled)


def _common_factor(case: Case, marked: torch.Tensor) -> float | None:
    """Return the one factor by which all marked elements differ from what is expected, or None if there is none."""
    actual, expected = case.actual[marked], case.expected[marked]
    if not is_telling(expected, case.tolerance) or not bool(actual.isfinite().all()):
        return None
    factor = float((actual * expected).sum() / expected.square().sum())
    telling = is_telling(actual, case.tolerance)
    return factor if telling and is_same(actual, factor * expected, case.tolerance) else None


def _is_share(count: int, total: int, probability: float) -> bool:
    """Tell whether this many of `total` elements are likely to be drawn with a probability."""
    deviation = math.sqrt(total * probability * (1 - probability))
    return abs(count - total * probability) <= _SIGMAS * deviation + 0.5
