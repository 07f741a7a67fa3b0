"""Hypotheses about steps and terms, told with the help of other tensors: each returns facts for its sentence, or None.

`grader.compare.hypotheses` orders them and words them.
"""

import math
import re
from collections.abc import Iterator

import torch

from grader.compare.case import Case, Facts, explains, is_same, is_telling, is_telling_or_odd
from grader.compare.texts import number_text

_MIN_LENGTH = 4
_PLAIN = (0.0, 1.0, -1.0)


def equals_sibling(case: Case) -> Facts | None:
    """The tensor is what is expected of another output."""
    for name, value in case.siblings.items():
        if explains(case, value) and is_telling_or_odd(value, case.tolerance):
            return {"name": name}
    return None


def shifted(case: Case) -> Facts | None:
    """Along an axis, every value stands one place too late or too early."""
    if case.actual.shape != case.expected.shape:
        return None
    for axis, length in enumerate(case.expected.shape):
        if length < _MIN_LENGTH:
            continue
        for word, ours, theirs in (("late", 1, 0), ("early", 0, 1)):
            actual = case.actual.narrow(axis, ours, length - 1)
            expected = case.expected.narrow(axis, theirs, length - 1)
            if is_telling(expected, case.tolerance) and is_same(actual, expected, case.tolerance):
                return {"axis": str(axis), "word": word}
    return None


def named_factor_too_much(case: Case) -> Facts | None:
    """The tensor is a number of the context times what is expected."""
    return next(({"words": words} for words, n in _numbers(case) if _is_factor_telling(case, n)), None)


def named_factor_missing(case: Case) -> Facts | None:
    """The tensor is what is expected divided by a number of the context."""
    return next(({"words": words} for words, n in _numbers(case) if _is_factor_telling(case, 1 / n)), None)


def opposite_step(case: Case) -> Facts | None:
    """Seen from one of the others, the tensor has moved as far as expected, the opposite way."""
    for words, _start, _step, factor in _moves(case):
        if abs(factor + 1) < 1e-3:
            return {"words": words}
    return None


def named_step(case: Case) -> Facts | None:
    """Seen from one of the others, the tensor has moved by a number of the context times the expected step."""
    for words, start, step, _factor in _moves(case):
        for number_words, number in _numbers(case):
            if explains(case, start + number * step):
                return {"words": words, "number": number_words}
    return None


def scaled_step(case: Case) -> Facts | None:
    """Seen from one of the others, the tensor has moved in the right direction, but not as far as expected."""
    for words, _start, _step, factor in _moves(case):
        return {"words": words, "factor": number_text(factor, digits=4)}
    return None


def accumulated(case: Case) -> Facts | None:
    """The tensor is what is expected plus another tensor, as where a gradient is added to the one before."""
    siblings = {f"what is expected of `{name}`": value for name, value in case.siblings.items()}
    for words, other in (*_others(case), *siblings.items()):
        if case.exact or other.shape != case.expected.shape or not is_telling(other, case.tolerance):
            continue
        if explains(case, case.expected + other):
            return {"words": words}
    return None


def plus_multiple(case: Case) -> Facts | None:
    """The tensor is what is expected plus a multiple of another tensor, as with weight decay missing or doubled."""
    if case.exact or not is_telling(case.expected, case.tolerance):
        return None
    for words, other in _others(case):
        if other.shape != case.actual.shape or not bool(other.isfinite().all()) or not bool(other.any()):
            continue
        factor = float(((case.actual - case.expected) * other).sum() / other.square().sum())
        if is_telling(factor * other, case.tolerance) and explains(case, case.expected + factor * other):
            return {"words": words, "factor": number_text(factor, digits=4)}
    return None


def _others(case: Case) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the others of the context that have axes."""
    for words, other in case.others.items():
        if other.dim():
            yield words, other.detach().double()


def _numbers(case: Case) -> Iterator[tuple[str, float]]:
    """Yield the single numbers among the others of the context, but for those that change nothing."""
    for words, other in case.others.items():
        number = float(other) if not other.dim() else 0.0
        if math.isfinite(number) and number not in _PLAIN:
            yield words, number


def _is_factor_telling(case: Case, factor: float) -> bool:
    telling = is_telling_or_odd(case.expected, case.tolerance) and is_telling_or_odd(case.actual, case.tolerance)
    return not case.exact and telling and explains(case, factor * case.expected, scale=factor)


def _moves(case: Case) -> Iterator[tuple[str, torch.Tensor, torch.Tensor, float]]:
    """Yield words, start, expected step and factor of each other from which one factor explains all of the tensor."""
    if case.exact or case.actual.shape != case.expected.shape or not bool(case.actual.isfinite().all()):
        return
    for words, start in _others(case):
        is_start = re.search(r"\bbefore\b", words) is not None  # a step begins at what was there before it
        if not is_start or start.shape != case.expected.shape or not bool(start.isfinite().all()):
            continue
        step = case.expected - start
        factor = float(((case.actual - start) * step).sum() / step.square().sum()) if bool(step.any()) else 0.0
        far = is_telling(step, case.tolerance) and is_telling(factor * step, case.tolerance)
        if far and explains(case, start + factor * step, scale=factor):
            yield words, start, step, factor
