"""Hypotheses about bools and whole numbers, and about masks: each returns facts for its sentence, or None.

Two values are soon alike by chance, so these count how many elements agree. `grader.compare.hypotheses` orders them and
words them.
"""

import torch

from grader.compare.case import Case, Facts, explains, is_telling
from grader.compare.deviation import too_far
from grader.compare.texts import index_text, number_text

_MIN_ELEMENTS = 6
_MIN_RARE = 2
_MIN_FILLED = 3
_MIN_LENGTH = 3


def is_mixed(tensor: torch.Tensor) -> bool:
    """Tell whether a match with these bools or whole numbers is hardly chance: several, and not nearly all alike."""
    if tensor.numel() < _MIN_ELEMENTS:
        return False
    most_common = tensor.flatten().mode().values
    return int((tensor != most_common).sum()) >= _MIN_RARE


def inverted(case: Case) -> Facts | None:
    """Every bool is the other one."""
    return {} if case.is_bool and explains(case, 1 - case.expected) and is_mixed(case.expected) else None


def transposed_mask(case: Case) -> Facts | None:
    """A matrix of bools, or of two whole numbers, came back transposed, whatever its shape."""
    if not case.exact or case.expected.dim() != 2 or is_telling(case.expected, case.tolerance):
        return None
    if not is_mixed(case.expected):
        return None
    return {} if explains(case, case.expected.T) else None


def shifted_labels(case: Case) -> Facts | None:
    """Along an axis, every bool or whole number stands one place too late or too early."""
    if not case.exact or case.actual.shape != case.expected.shape:
        return None
    for axis, length in enumerate(case.expected.shape):
        for word, ours, theirs in (("late", 1, 0), ("early", 0, 1)) if length > _MIN_LENGTH else ():
            actual = case.actual.narrow(axis, ours, length - 1)
            expected = case.expected.narrow(axis, theirs, length - 1)
            if bool((actual == expected).all()) and is_mixed(expected):
                return {"axis": str(axis), "word": word}
    return None


def off_by_one(case: Case) -> Facts | None:
    """Every whole number is one too large, or one too small."""
    if not case.exact or case.is_bool or case.expected.numel() < _MIN_FILLED:
        return None
    for word, step in (("large", 1), ("small", -1)):
        if explains(case, case.expected + step):
            return {"word": word}
    return None


def all_equal(case: Case) -> Facts | None:
    """Every bool or whole number is the same, where they should differ."""
    if not case.exact or case.actual.shape != case.expected.shape or not is_mixed(case.expected):
        return None
    first = case.actual.flatten()[:1]
    return {"value": _value_text(float(first), case)} if bool((case.actual == first).all()) else None


def wrong_fill(case: Case) -> Facts | None:
    """All is right but for the places of one expected value, where one other stands: another filling."""
    if case.is_bool or case.actual.shape != case.expected.shape:
        return None
    wrong = ~(case.actual.isfinite() & ~too_far(case.actual, case.expected, case.tolerance))
    places = int(wrong.sum())
    if not _MIN_FILLED <= places < case.expected.numel():
        return None
    wanted, came = case.expected[wrong], case.actual[wrong]
    rest = case.expected[~wrong]
    is_one = bool((wanted == wanted[0]).all() and (came == came[0]).all() and (rest != wanted[0]).all())
    is_sure = is_mixed(rest) if case.exact else is_telling(rest, case.tolerance)
    if not is_one or not is_sure:
        return None
    return {"wanted": _value_text(float(wanted[0]), case), "came": _value_text(float(came[0]), case)}


def masked_rows(case: Case) -> Facts | None:
    """Whole rows are nan where one value, or what a mask says, is expected, and all else is right."""
    if case.actual.shape != case.expected.shape or case.expected.dim() < 2 or case.expected.shape[-1] < 2:
        return None
    lost = case.actual.isnan().all(dim=-1)
    wrong = ~(case.actual.isfinite() & ~too_far(case.actual, case.expected, case.tolerance))
    if not bool(lost.any()) or bool(lost.all()) or not torch.equal(wrong.any(dim=-1), lost):
        return None
    rows = case.expected[lost]
    is_filled = bool((rows == rows[:, :1]).all())
    if not is_filled and not any(_masks(other, lost) for other in case.others.values()):
        return None
    index = lost.nonzero()[0].tolist()
    return {
        "count": "1 row is" if int(lost.sum()) == 1 else f"{int(lost.sum())} rows are",
        "index": index_text(tuple(index)),
    }


def _masks(mask: torch.Tensor, lost: torch.Tensor) -> bool:
    """Tell whether the rows of a mask in which all is the same are those that are lost."""
    if mask.dtype is not torch.bool or mask.shape[:-1] != lost.shape:
        return False
    return any(torch.equal(rows, lost) for rows in (mask.all(dim=-1), ~mask.any(dim=-1)))


def _value_text(value: float, case: Case) -> str:
    if case.is_bool:
        return str(bool(value))
    return str(int(value)) if case.exact else number_text(value)
