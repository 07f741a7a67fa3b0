"""Describe any value whatever, trusting nothing about it.

`grader.compare.ladder` puts the descriptions into differences.
"""

from collections import OrderedDict

import torch

from grader.compare.comparison import Description, Spec
from grader.compare.texts import number_text, quoted, safe_text
from grader.sandbox.wire.tensors import Opaque

LISTS = (list, tuple)
DICTS = (dict, OrderedDict)
MISSING = Description(kind="missing")

_READABLE = frozenset(
    {
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    }
)


def dtype_text(dtype: torch.dtype) -> str:
    """Return `float32` for `torch.float32`."""
    return str(dtype).removeprefix("torch.")


def is_readable(dtype: torch.dtype) -> bool:
    """Tell whether values of this dtype can be compared."""
    return dtype in _READABLE


def plain_tensor(value: object) -> torch.Tensor | None:
    """Return a detached tensor that has a shape and memory of its own, None for everything else.

    Subclasses other than `Parameter` are refused: they may override what a comparison relies on.
    """
    if type(value) is not torch.Tensor and type(value) is not torch.nn.Parameter:
        return None
    assert isinstance(value, torch.Tensor)
    if value.is_nested or value.layout != torch.strided or value.is_meta or value.is_quantized:
        return None
    return value.detach()


def describe(value: object) -> Description:
    """Return what a value is, in fields short enough to keep."""
    tensor = plain_tensor(value)
    if tensor is not None:
        return Description(kind="tensor", shape=tuple(tensor.shape), dtype=dtype_text(tensor.dtype))
    if type(value) is Spec:
        dtype = dtype_text(value.dtype) if value.dtype else ""
        return Description(kind="tensor", shape=tuple(value.shape), dtype=dtype)
    if type(value) is Opaque:
        return _describe_opaque(value)
    return _describe_plain(value)


def _describe_opaque(value: Opaque) -> Description:
    dtype = safe_text(value.dtype, limit=40)
    return Description(
        kind=safe_text(value.kind, limit=80), text=safe_text(value.detail), shape=value.shape, dtype=dtype
    )


def _describe_plain(value: object) -> Description:
    kind = type(value)
    if value is None:
        return Description(kind="None")
    if kind in LISTS or kind in DICTS:
        assert isinstance(value, list | tuple | dict)
        return Description(kind="list" if kind in LISTS else "dict", size=len(value))
    if kind is str:
        assert isinstance(value, str)
        return Description(kind="str", text=quoted(value))
    if kind in (bool, int, float):
        assert isinstance(value, bool | int | float)
        return Description(kind=kind.__name__, text=_plain_number(value))
    return Description(kind=safe_text(kind.__name__, limit=80))


def _plain_number(value: bool | int | float) -> str:
    """Return a number as Python writes it, so that 3.0 doesn't look like 3."""
    if isinstance(value, float) and value.is_integer():
        return repr(value)
    return number_text(value)
