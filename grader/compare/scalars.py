"""Plain numbers beside 0-dim tensors and arrays: either may stand for the other where their kinds agree.

`grader.compare.ladder` and `grader.compare.rungs` accept them this way.
"""

import math

import torch

from grader.compare.arrays import tensor_of
from grader.compare.describe import is_readable, plain_tensor

_INT64 = range(-(2**63), 2**63)


def exact_number(value: object, kind: type) -> object:
    """Return the int or bool in a 0-dim tensor or array where one is expected; else the value itself."""
    tensor = plain_tensor(tensor_of(value)) if kind in (int, bool) else None
    if tensor is None or tensor.shape != () or not is_readable(tensor.dtype):
        return value
    item = tensor.item()
    return item if type(item) is kind else value


def scalar_tensor(value: object, dtype: torch.dtype | None) -> torch.Tensor | None:
    """Return a plain number as a 0-dim tensor where one of `dtype` (None: any) may be such a number, else None.

    A float or int may stand for any floating dtype, an int for any integer dtype, a bool for bool.
    """
    floating = dtype is None or dtype.is_floating_point
    if isinstance(value, bool):
        return torch.tensor(value) if dtype is None or dtype is torch.bool else None
    if type(value) is int:
        if floating:
            return torch.tensor(_as_float(value), dtype=torch.float64)
        return torch.tensor(value) if dtype is not torch.bool and value in _INT64 else None
    if type(value) is float and floating:
        return torch.tensor(value, dtype=torch.float64)
    return None


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
