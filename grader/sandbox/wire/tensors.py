"""Values that cross the wall: tensors and arrays as safetensors, everything else as JSON, nothing else at all.

`pack_values` runs on the sending side (`grader.sandbox.inside.probe_process`); on the receiving one
`grader.sandbox.wire.unpacking` reads, and trusts nothing. A value that can't cross becomes an `Opaque` that says what
it was.

Why: docs/decisions.md#one-message-format
"""

import hashlib
import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy
import torch
from safetensors.torch import save

from grader.sandbox.wire.kinds import (
    MAX_FIELDS,
    ODD_KINDS,
    as_tensor,
    exception_names,
    fields_of,
    why_array_stays,
)

MAX_DEPTH = 12
MAX_VALUES = 20_000
MAX_TEXT = 100_000
MAX_HEADER = 4 << 20  # in the worst case a reader needs twenty times as much memory
MAX_AXES = 16
_NAMES_ALONE = 1  # dicts down to this depth hold the parts of a message, and inputs or outputs by name
MAX_SIZE = 1 << 40

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True, slots=True)
class Opaque:
    """Stand for a value that could not cross the wall.

    `kind` says what it was ("numpy.ndarray", "sparse tensor", "function", "too large"), `detail` more in words,
    `shape` and `dtype` where it had them.
    """

    kind: str
    detail: str = ""
    shape: tuple[int, ...] | None = None
    dtype: str = ""


def pack_values(values: Mapping[str, Any], *, max_bytes: int = 1 << 30, exact: bool = True) -> bytes:
    """Turn named values into one safetensors file whose metadata holds the tree of plain values.

    Tensors and arrays may sit anywhere in nested lists and dicts; each is stored under its path (`params.0.1`). What
    can't be stored, and tensors beyond `max_bytes` in sum, become `Opaque`. Unless `exact`, tuples of all kinds become
    lists, keys of dicts texts, and NumPy's scalars numbers. Raises ValueError if names and plain values alone are too
    large.
    """
    tensors: dict[str, torch.Tensor] = {}
    tree = _Packer(tensors, max_bytes, exact).tree_of(dict(values), path="", depth=0)
    text = json.dumps(tree, ensure_ascii=True, allow_nan=False)
    _refuse_large(len(text))
    data = save(tensors, metadata={"tree": text})
    _refuse_large(struct.unpack("<Q", data[:8])[0])
    return data


def _refuse_large(header: int) -> None:
    if header > MAX_HEADER:
        raise ValueError(f"names and plain values take {header} bytes; at most {MAX_HEADER} can be handed over")


class _Packer:
    """Walk values into a JSON tree, collecting tensors by path."""

    def __init__(self, tensors: dict[str, torch.Tensor], budget: int, exact: bool) -> None:
        self.tensors = tensors
        self.budget = budget
        self.exact = exact
        self.count = 0

    def tree_of(self, value: Any, *, path: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return _opaque_tree(Opaque("too large", f"nested more than {MAX_DEPTH} times"))
        if isinstance(value, torch.Tensor):
            return self._tensor(value, path)
        if type(value) is numpy.ndarray:
            return self._array(value, path)
        if isinstance(value, Opaque):
            return _opaque_tree(value)
        if isinstance(value, Mapping | list | tuple) and not self._fits(len(value)):
            return _opaque_tree(Opaque("too large", f"{type(value).__name__} of {len(value)} values"))
        if isinstance(value, Mapping):
            is_kept = self.exact and depth > _NAMES_ALONE
            pairs = [
                [_key_tree(key, is_kept), self.tree_of(item, path=_join(path, key), depth=depth + 1)]
                for key, item in value.items()
            ]
            return {"$dict": pairs}
        if isinstance(value, list | tuple):
            items = [self.tree_of(item, path=_join(path, i), depth=depth + 1) for i, item in enumerate(value)]
            return _tuple_tree(value, items) if self.exact and isinstance(value, tuple) else items
        if isinstance(value, numpy.generic) and self.exact and not why_array_stays(numpy.asarray(value)):
            return {"$scalar": [value.dtype.name, _plain_tree(value.item())]}
        return _plain_tree(value)

    def _fits(self, number: int) -> bool:
        """Count the values of a list or dict, all at once; return False if they are too many."""
        fits = self.count + number <= MAX_VALUES
        self.count += number if fits else 0
        return fits

    def _tensor(self, value: torch.Tensor, path: str) -> Any:
        reason = _why_unsendable(value)
        size = value.numel() * value.element_size() if not reason else 0
        if size > self.budget:
            reason = "too large"
        if reason:
            shape = tuple(int(n) for n in value.shape) if not value.is_nested else None
            return _opaque_tree(Opaque(reason, f"{size} bytes" if size else "", shape, _dtype_name(value.dtype)))
        self.budget -= size
        while path in self.tensors:  # {"a.b": x, "a": {"b": y}}
            path += "'"
        device = str(value.device)
        plain = value.detach().as_subclass(torch.Tensor)
        self.tensors[path] = plain.to("cpu").resolve_neg().contiguous().clone()
        return {"$tensor": path} if device == "cpu" else {"$tensor": path, "device": device}

    def _array(self, value: "numpy.ndarray[Any, Any]", path: str) -> Any:
        why = why_array_stays(value)
        if why or value.nbytes > self.budget or value.ndim > MAX_AXES:
            shape = tuple(int(n) for n in value.shape)
            dtype = str(value.dtype)
            of_dtype = f"of dtype {dtype[:50]}" if why == "numpy.ndarray" else ""
            reason = Opaque(why, of_dtype, shape) if why else Opaque("too large", f"{value.nbytes} bytes", shape)
            return _opaque_tree(replace(reason, dtype=dtype))
        return {"$array": self._tensor(as_tensor(value), path)["$tensor"]}


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _key_tree(key: object, is_kept: bool) -> Any:
    """Return the JSON form of a dict's key: a text, or a number or a tuple of those that is kept as what it is."""
    if is_kept and type(key) is tuple and len(key) <= MAX_FIELDS and all(type(one) in (str, int) for one in key):
        return {"$tuple": [_key_tree(one, is_kept=True) for one in key]}
    if is_kept and (type(key) is bool or (type(key) is int and -(2**63) <= key < 2**63)):
        return key
    return str(key)


def _tuple_tree(value: tuple[Any, ...], items: list[Any]) -> Any:
    fields = fields_of(value)
    if fields:
        return {"$named": [list(fields), items]}
    return {"$size" if isinstance(value, torch.Size) else "$tuple": items}


def _dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _why_unsendable(value: torch.Tensor) -> str:
    """Return the kind of a tensor that safetensors can't hold, "" for a sendable one."""
    if value.is_nested:
        return "nested tensor"
    if value.layout != torch.strided:
        return "sparse tensor"
    if value.is_meta:
        return "meta tensor"
    if value.is_quantized:
        return "quantized tensor"
    if value.dtype not in DTYPES.values():
        return f"{_dtype_name(value.dtype)} tensor"
    if value.dim() > MAX_AXES or any(n >= MAX_SIZE for n in value.shape):
        return "too large"
    return ""


def _opaque_tree(value: Opaque) -> Any:
    shape = None if value.shape is None else list(value.shape)
    return {"$opaque": [value.kind[:200], value.detail[:500], shape, value.dtype[:50]]}


def _plain_tree(value: Any) -> Any:
    """Return the JSON form of a scalar; anything unknown becomes an Opaque that names its type."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        fits = -(2**63) <= value < 2**63
        return int(value) if fits else _opaque_tree(Opaque("int", "an integer of more than 64 bits"))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return _opaque_tree(Opaque("str", f"a text of {len(value)} characters"))
        return str(value).encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Exception):
        name, message = exception_names(value)
        return {"$exception": [name, message.encode("utf-8", "backslashreplace").decode()]}
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    if kind.__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        item = value.item()
        return _plain_tree(item) if isinstance(item, bool | int | float | str | complex) else _opaque_tree(Opaque(name))
    return _opaque_tree(Opaque(ODD_KINDS.get(kind, name)))


def what_stays(value: Any, *, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the values in a tree that `pack_values` would replace by an `Opaque`, each with its path: `rows.0.mask`.

    How large they are is not looked at.
    """
    if isinstance(value, torch.Tensor):
        stays = bool(_why_unsendable(value))
    elif type(value) is numpy.ndarray:
        stays = bool(why_array_stays(value))
    elif isinstance(value, Mapping | list | tuple):
        stays = depth > MAX_DEPTH
        inner = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in () if stays else inner:
            yield from what_stays(item, path=_join(path, key), depth=depth + 1)
    else:
        tree = _plain_tree(value)
        stays = isinstance(value, Opaque) or (isinstance(tree, dict) and "$opaque" in tree)
    if stays:
        yield path, value


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes in hex."""
    return hashlib.sha256(data).hexdigest()
