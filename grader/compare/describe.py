"""Describe any value whatever, trusting nothing about it.

`grader.compare.ladder` puts the descriptions into differences.
"""

from collections import OrderedDict
from typing import Any, TypeGuard

import numpy
import torch

from grader.compare.arrays import ANY_FLOAT, ARRAY, is_array, is_numpy_dtype, torch_dtype
from grader.compare.comparison import Description, Spec
from grader.compare.texts import number_text, quoted, safe_text
from grader.sandbox.wire.kinds import ODD_KINDS, Named, fields_of, why_array_stays
from grader.sandbox.wire.tensors import Opaque

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


def is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    """Tell whether a value is a list or tuple of a kind that crosses the wall, which nobody has changed."""
    return type(value) in (list, tuple, Named, torch.Size)


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
    if is_array(value):
        return Description(kind=ARRAY, shape=tuple(value.shape), dtype=value.dtype.name)
    if type(value) is Spec:
        return _describe_spec(value)
    if type(value) is Opaque:
        return _describe_opaque(value)
    return _describe_plain(value)


def _describe_spec(value: Spec) -> Description:
    if value.dtype == ANY_FLOAT or value.dtype is None:
        return Description(kind="tensor", shape=tuple(value.shape), dtype=ANY_FLOAT if value.dtype else "")
    dtype = torch_dtype(value.dtype)
    kind = ARRAY if is_numpy_dtype(value.dtype) else "tensor"
    return Description(kind=kind, shape=tuple(value.shape), dtype=dtype_text(dtype) if dtype else "")


def _describe_opaque(value: Opaque) -> Description:
    dtype = safe_text(value.dtype, limit=40)
    return Description(
        kind=safe_text(value.kind, limit=80), text=safe_text(value.detail), shape=value.shape, dtype=dtype
    )


def _describe_plain(value: Any) -> Description:
    kind = type(value)
    if value is None:
        return Description(kind="None")
    fields = fields_of(value) if issubclass(kind, tuple) else ()
    if fields:
        return Description(kind="named tuple", text=safe_text(", ".join(fields)), size=len(fields))
    if is_list(value):
        return Description(kind="list", size=len(value))
    if kind in DICTS:
        assert isinstance(value, dict)
        return Description(kind="dict", size=len(value))
    if issubclass(kind, Exception) or (kind is type and issubclass(value, Exception)):
        return _describe_exception(value)
    if kind is numpy.ndarray:
        dtype = safe_text(str(value.dtype), limit=40)
        why = why_array_stays(value)
        text = f"of dtype {dtype}" if why == "numpy.ndarray" else ""
        return Description(kind=why, text=text, shape=tuple(value.shape), dtype=dtype)
    if kind is str:
        assert isinstance(value, str)
        return Description(kind="str", text=quoted(value))
    if kind in (bool, int, float):
        assert isinstance(value, bool | int | float)
        return Description(kind=kind.__name__, text=_plain_number(value))
    return Description(kind=ODD_KINDS.get(kind) or safe_text(kind.__name__, limit=80))


def _describe_exception(value: Exception | type[Exception]) -> Description:
    """Say which kind of exception is meant; the words of one that was raised stand behind it."""
    if isinstance(value, type):
        return Description(kind="exception", text=safe_text(value.__name__, limit=80))
    name = safe_text(type(value).__name__, limit=80)
    words = safe_text(str(value), limit=80) if type(value).__module__ == "builtins" else ""
    return Description(kind="exception", text=f"{name}: {words}" if words else name)


def _plain_number(value: bool | int | float) -> str:
    """Return a number as Python writes it, so that 3.0 doesn't look like 3."""
    if isinstance(value, float) and value.is_integer():
        return repr(value)
    return number_text(value)
