"""Arrays of NumPy beside torch's tensors: both are compared as tensors, and told in the words of what is expected.

`grader.compare.rungs` compares them, `grader.compare.describe` says what they are.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import numpy
import torch

from grader.sandbox.wire.kinds import ARRAY_DTYPES, as_tensor, rebuilt, scalar_of

ANY_FLOAT = "any float"
ARRAY = "NumPy array"
_FLOATS = ("float16", "float32", "float64")

DType = torch.dtype | numpy.dtype[Any] | type[numpy.generic] | str | None


def is_array(value: object) -> TypeGuard["numpy.ndarray[Any, Any]"]:
    """Tell whether a value is a plain array of a dtype that can be compared."""
    return type(value) is numpy.ndarray and value.dtype.name in ARRAY_DTYPES


def tensor_of(value: Any) -> Any:
    """Return an array as a tensor, and anything else as it is."""
    return as_tensor(value) if is_array(value) else value


def like_tensor(change: Callable[[Any], Any], value: Any) -> Any:
    """Return what a function that knows tensors makes of a value, arrays as arrays and NumPy's scalars as numbers."""
    changed = change(plain_number(tensor_of(value)))
    return changed.detach().numpy() if is_array(value) and isinstance(changed, torch.Tensor) else changed


def plain_number(value: Any) -> Any:
    """Return a NumPy scalar as a number or text of Python's own, and anything else as it is."""
    if issubclass(type(value), numpy.str_):
        return str(value)
    is_scalar = issubclass(type(value), numpy.generic)  # a value may lie about its class
    return value.item() if is_scalar and value.dtype.name in ARRAY_DTYPES else value


def is_numpy_dtype(dtype: object) -> bool:
    """Tell whether a dtype is one of NumPy's: `np.float64`, `np.dtype("float64")`."""
    return isinstance(dtype, numpy.dtype) or (isinstance(dtype, type) and issubclass(dtype, numpy.generic))


def torch_dtype(dtype: object) -> torch.dtype | None:
    """Return torch's dtype for one of torch's or NumPy's; None for anything that can't be compared."""
    if isinstance(dtype, torch.dtype):
        return dtype
    return ARRAY_DTYPES.get(numpy.dtype(dtype).name) if is_numpy_dtype(dtype) else None  # type: ignore[call-overload]


def copied(value: Any, *, wide: bool) -> Any:
    """Return a copy that a function may change, with floating numbers in float64 where it is to be `wide`.

    Tensors, arrays and NumPy's scalars are changed, in lists, tuples and dicts too.
    """
    if isinstance(value, torch.Tensor):
        target = torch.float64 if wide and value.is_floating_point() else value.dtype
        return value.detach().to(target, copy=True).requires_grad_(value.requires_grad)
    if isinstance(value, numpy.ndarray):
        return value.astype(numpy.float64 if wide and value.dtype.name in _FLOATS else value.dtype, copy=True)
    if isinstance(value, numpy.generic):
        is_wider = wide and value.dtype.name in _FLOATS
        return scalar_of("float64", value.item()) if is_wider else value
    if isinstance(value, Mapping):
        return {key: copied(item, wide=wide) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return rebuilt(value, [copied(item, wide=wide) for item in value])
    return value
