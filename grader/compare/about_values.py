"""Hypotheses about the values of a tensor: each a small pure function that returns facts for its sentence, or None.

`grader.compare.hypotheses` holds the table that orders them and words them.
"""

import torch

from grader.compare.case import Case, Facts, explains, is_same, is_telling, is_telling_or_odd
from grader.compare.comparison import Tolerance
from grader.compare.deviation import too_far
from grader.compare.texts import count_text, number_text

_NEARLY = 100.0
_NEARLY_RELATIVE = 1e-3
_MIN_ROWS = 3


def all_zeros(case: Case) -> Facts | None:
    """Every element is zero, and most of them shouldn't be."""
    if bool(case.actual.any()) or not _is_lost(case.expected) or not is_telling(case.expected, case.tolerance):
        return None
    return {} if 2 * int(case.expected.count_nonzero()) > case.expected.numel() else None


def unfinished(case: Case) -> Facts | None:
    """Everything is right up to an index along some axis, and all zeros or all nan from there on."""
    if not is_telling(case.expected, case.tolerance):
        return None
    right = _is_right(case)
    for axis in range(case.actual.dim()):
        wrong = (~right).movedim(axis, 0).reshape(case.actual.shape[axis], -1).any(dim=1)
        start, count = int(wrong.to(torch.uint8).argmax()), wrong.numel()
        if not 1 <= start <= count - 2 or not bool(wrong[start]):
            continue
        filler = _filler(case.actual.narrow(axis, start, count - start))
        done, lost = case.expected.narrow(axis, 0, start), case.expected.narrow(axis, start, count - start)
        explained = filler == "nan" or (filler == "zero" and _is_lost(lost))
        if explained and bool(wrong[start:].all()) and bool(done.any()):
            return {"filler": filler, "axis": str(axis), "last": str(start - 1), "start": str(start)}
    return None


def same_rows(case: Case) -> Facts | None:
    """Every row is the same, where each should be another: nothing of the input is in it."""
    rows = len(case.actual) if case.actual.dim() > 1 and case.actual.shape == case.expected.shape else 0
    if case.exact or rows < _MIN_ROWS or not is_telling(case.actual[0], case.tolerance):
        return None
    if not is_same(case.actual, case.actual[:1].expand_as(case.actual), case.tolerance):
        return None
    differ = len(set(map(tuple, case.expected.flatten(1).tolist()))) == rows
    telling = is_telling(case.expected - case.expected.mean(dim=0), case.tolerance)
    return {"count": count_text(rows, "row")} if differ and telling else None


def equals_other(case: Case) -> Facts | None:
    """The tensor is one of the context's others, such as the input."""
    for words, other in case.others.items():
        value = other.detach().double()
        if explains(case, value) and is_telling_or_odd(value, case.tolerance):
            return {"words": words}
    return None


def nearly_right(case: Case) -> Facts | None:
    """Every element is off by little more than the tolerance, as lost precision does."""
    if case.exact or not is_telling(case.expected, case.tolerance):
        return None
    wider = Tolerance(rtol=_NEARLY * case.tolerance.rtol, atol=_NEARLY * case.tolerance.atol)
    worst = float((case.actual - case.expected).abs().max())
    if worst > _NEARLY_RELATIVE * float(case.expected.abs().max()):
        return None
    return None if bool(too_far(case.actual, case.expected, wider).any()) else {"worst": number_text(worst, digits=2)}


def sign_flipped(case: Case) -> Facts | None:
    """Every element has the opposite sign."""
    return {} if not case.exact and _is_factor(case, -1.0) else None


def summed(case: Case) -> Facts | None:
    """The tensor is too large by the batch size."""
    size = case.context.batch_size
    return _batch_facts(size) if size and size > 1 and _is_factor(case, float(size)) else None


def averaged(case: Case) -> Facts | None:
    """The tensor is too small by the batch size."""
    size = case.context.batch_size
    return _batch_facts(size) if size and size > 1 and _is_factor(case, 1.0 / size) else None


def perhaps_summed(case: Case) -> Facts | None:
    """The tensor is too large by the number of its rows or elements."""
    return next((facts for size, facts in _own_sizes(case) if _is_factor(case, float(size))), None)


def perhaps_averaged(case: Case) -> Facts | None:
    """The tensor is too small by the number of its rows or elements."""
    return next((facts for size, facts in _own_sizes(case) if _is_factor(case, 1.0 / size)), None)


def doubled(case: Case) -> Facts | None:
    """Every element is twice the expected one."""
    return {} if _is_factor(case, 2.0) else None


def halved(case: Case) -> Facts | None:
    """Every element is half the expected one."""
    return {} if _is_factor(case, 0.5) else None


def scaled(case: Case) -> Facts | None:
    """Every element is the expected one times one and the same factor."""
    if not (is_telling(case.expected, case.tolerance) and is_telling(case.actual, case.tolerance)):
        return None
    factor = float((case.actual * case.expected).sum() / case.expected.square().sum())
    return {"factor": number_text(factor, digits=4)} if _is_factor(case, factor) else None


def offset(case: Case) -> Facts | None:
    """Every element is off by the same amount."""
    if case.exact or not is_telling(case.expected, case.tolerance):
        return None
    amount = (case.actual - case.expected).mean()
    if not explains(case, case.expected + amount):
        return None
    word = "large" if float(amount) > 0 else "small"
    return {"amount": number_text(abs(float(amount)), digits=4), "word": word}


def offset_along_last(case: Case) -> Facts | None:
    """Every row is off by the same vector, as without a bias."""
    return {} if _is_offset_along(case, case.expected.dim() - 1) else None


def offset_along_channels(case: Case) -> Facts | None:
    """Every channel of `(N, C, ...)` is off by a different amount, as without a bias."""
    return {} if case.expected.dim() >= 3 and _is_offset_along(case, 1) else None


def offset_along_rows(case: Case) -> Facts | None:
    """Every row of a matrix is off by a different amount, as without a normaliser."""
    return {} if case.expected.dim() == 2 and _is_offset_along(case, 0) else None


def _is_right(case: Case) -> torch.Tensor:
    """Mark the elements that are finite and within the tolerance."""
    return case.actual.isfinite() & ~too_far(case.actual, case.expected, case.tolerance)


def _is_lost(expected: torch.Tensor) -> bool:
    """Tell whether zeros in place of these values are a loss; in place of negative ones they may come from a ReLU."""
    return bool((expected > 0).any())


def _filler(tensor: torch.Tensor) -> str:
    if bool(tensor.isnan().all()):
        return "nan"
    return "" if bool(tensor.any()) else "zero"


def _is_factor(case: Case, factor: float) -> bool:
    """Tell whether every element is `factor` times the expected one, and that is no coincidence."""
    if case.exact or not explains(case, factor * case.expected, scale=factor):
        return False
    return is_telling_or_odd(case.expected, case.tolerance) and is_telling_or_odd(case.actual, case.tolerance)


def _batch_facts(size: int) -> Facts:
    return {"size": str(size), "rows": count_text(size, "row")}


def _own_sizes(case: Case) -> list[tuple[int, Facts]]:
    """Return the sizes of the tensor itself that a sum or mean may have run over."""
    if not case.expected.dim():
        return []
    rows, elements = case.expected.shape[0], case.expected.numel()
    sizes = [(rows, "rows"), (elements, "elements")]
    return [(size, {"size": str(size), "things": things}) for size, things in sizes if size >= _MIN_ROWS]


def _is_offset_along(case: Case, axis: int) -> bool:
    """Tell whether the difference depends on the place along one axis only."""
    if case.exact or case.expected.dim() < 2:
        return False
    expected = case.expected.movedim(axis, -1).flatten(0, -2)  # (R, C)
    actual = case.actual.movedim(axis, -1).flatten(0, -2)  # (R, C)
    if expected.shape[0] < _MIN_ROWS or not is_telling(expected - expected.mean(dim=0), case.tolerance):
        return False
    prediction = expected + (actual - expected).mean(dim=0)
    return not bool(too_far(actual, prediction, case.tolerance).any())
