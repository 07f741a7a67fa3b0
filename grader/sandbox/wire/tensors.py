"""Values that cross the wall: tensors as safetensors, everything else as JSON, nothing else at all.

`pack_values` runs on the sending side (`grader.sandbox.inside.probe_process`), `unpack_values` on the receiving one
(`grader.sandbox.outside.exchange`), which trusts nothing. A value that can't cross becomes an `Opaque` that says what
it was.

Why: docs/decisions.md#one-message-format
"""

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load, save

from grader.errors import ProtocolError

MAX_DEPTH = 12
MAX_VALUES = 20_000
MAX_TEXT = 100_000
MAX_HEADER = 4 << 20  # in the worst case a reader needs twenty times as much memory
MAX_AXES = 16
MAX_SIZE = 1 << 40

_DTYPES = {
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


def pack_values(values: Mapping[str, Any], *, max_bytes: int = 1 << 30, keep_tuples: bool = False) -> bytes:
    """Turn named values into one safetensors file whose metadata holds the tree of plain values.

    Tensors may sit anywhere in nested lists and dicts; each is stored under its path (`params.0.1`). What can't be
    stored, and tensors beyond `max_bytes` in sum, become `Opaque`. A tuple arrives as a list unless both sides
    `keep_tuples`; then torch.Size stays what it is as well. Raises ValueError if names and plain values alone are too
    large.
    """
    tensors: dict[str, torch.Tensor] = {}
    tree = _Packer(tensors, max_bytes, keep_tuples).tree_of(dict(values), path="", depth=0)
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

    def __init__(self, tensors: dict[str, torch.Tensor], budget: int, keep_tuples: bool) -> None:
        self.tensors = tensors
        self.budget = budget
        self.keep_tuples = keep_tuples
        self.count = 0

    def tree_of(self, value: Any, *, path: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return _opaque_tree(Opaque("too large", f"nested more than {MAX_DEPTH} times"))
        if isinstance(value, torch.Tensor):
            return self._tensor(value, path)
        if isinstance(value, Opaque):
            return _opaque_tree(value)
        if isinstance(value, Mapping | list | tuple) and not self._fits(len(value)):
            return _opaque_tree(Opaque("too large", f"{type(value).__name__} of {len(value)} values"))
        if isinstance(value, Mapping):
            pairs = [
                [str(key), self.tree_of(item, path=_join(path, key), depth=depth + 1)] for key, item in value.items()
            ]
            return {"$dict": pairs}
        if isinstance(value, list | tuple):
            items = [self.tree_of(item, path=_join(path, i), depth=depth + 1) for i, item in enumerate(value)]
            is_kept = self.keep_tuples and isinstance(value, tuple)
            return {"$size" if isinstance(value, torch.Size) else "$tuple": items} if is_kept else items
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


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


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
    if value.dtype not in _DTYPES.values():
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
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    if kind.__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        item = value.item()
        return _plain_tree(item) if isinstance(item, bool | int | float | str) else _opaque_tree(Opaque(name))
    if name == "numpy.ndarray":
        return _opaque_tree(Opaque(name, "", tuple(int(n) for n in value.shape), str(value.dtype)))
    return _opaque_tree(Opaque(name))


def unpack_values(data: bytes | bytearray, *, keep_tuples: bool = False) -> tuple[dict[str, Any], dict[str, str]]:
    """Read what `pack_values` wrote, trusting nothing; return the values, and by path the devices other than the CPU.

    Without `keep_tuples` there are lists only, whatever the message says. Raises ProtocolError for anything but a
    well-formed message.
    """
    header = _checked_header(data)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("tree"), str):
        raise ProtocolError("The message has no tree of values.")
    try:
        tree = json.loads(metadata["tree"], parse_constant=_refuse_constant)
        tensors = load(bytes(data))
    except (ValueError, RecursionError, RuntimeError, KeyError, AttributeError, TypeError) as err:
        raise ProtocolError(f"The message is malformed: {_short(err)}.") from err
    except Exception as err:  # safetensors' own error type derives from Exception directly
        raise ProtocolError(f"The message's tensors are malformed: {_short(err)}.") from err
    reader = _Reader(tensors, keep_tuples)
    values = reader.value_of(tree, depth=0)
    if not isinstance(values, dict):
        raise ProtocolError("The message is not a dict of named values.")
    return values, reader.devices


def _short(err: Exception) -> str:
    return str(err)[:200]


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not allowed")


def _checked_header(data: bytes | bytearray) -> dict[str, Any]:
    """Return the safetensors header after checking every number in it against the data's length."""
    if len(data) < 8:
        raise ProtocolError(f"The message is truncated: {len(data)} bytes.")
    (length,) = struct.unpack("<Q", data[:8])
    if length > len(data) - 8:
        raise ProtocolError(f"The message's header claims {length} bytes of {len(data)}.")
    if length > MAX_HEADER:
        raise ProtocolError(f"The message's header takes {length} bytes; at most {MAX_HEADER} are allowed.")
    try:
        header = json.loads(bytes(data[8 : 8 + length]))
    except (ValueError, RecursionError) as err:
        raise ProtocolError(f"The message's header is not JSON: {_short(err)}.") from err
    if not isinstance(header, dict) or len(header) > MAX_VALUES:
        raise ProtocolError("The message's header is not a table of tensors.")
    for name, entry in header.items():
        if name != "__metadata__":
            _check_entry(name, entry, body=len(data) - 8 - length)
    return header


def _check_entry(name: str, entry: Any, *, body: int) -> None:
    """Refuse a tensor whose dtype is unknown or whose shape and offsets contradict each other or the data."""
    try:
        dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        sound = (
            dtype in _DTYPES
            and len(shape) <= MAX_AXES
            and all(type(n) is int and 0 <= n < MAX_SIZE for n in shape)
            and type(start) is int
            and type(end) is int
            and 0 <= start <= end <= body
            and math.prod(shape) * _DTYPES[dtype].itemsize == end - start
        )
    except (TypeError, KeyError, ValueError):
        sound = False
    if not sound:
        raise ProtocolError(f"The message's tensor {name[:80]!r} has a header that contradicts itself.")


class _Reader:
    """Walk a JSON tree back into values."""

    def __init__(self, tensors: dict[str, torch.Tensor], keep_tuples: bool) -> None:
        self.tensors = tensors
        self.keep_tuples = keep_tuples
        self.devices: dict[str, str] = {}
        self.count = 0

    def value_of(self, tree: Any, *, depth: int) -> Any:
        self.count += 1
        if depth > MAX_DEPTH + 2 or self.count > 2 * MAX_VALUES:
            raise ProtocolError("The message is nested too deeply or holds too many values.")
        if isinstance(tree, list):
            return [self.value_of(item, depth=depth + 1) for item in tree]
        if isinstance(tree, dict):
            return self._tagged(tree, depth)
        if isinstance(tree, str) and len(tree) > MAX_TEXT:
            raise ProtocolError(f"The message holds a text of {len(tree)} characters; at most {MAX_TEXT} are allowed.")
        if isinstance(tree, int) and not -(2**63) <= tree < 2**63:
            raise ProtocolError("The message holds an integer of more than 64 bits.")
        return _text(tree) if isinstance(tree, str) else tree

    def _tagged(self, tree: dict[str, Any], depth: int) -> Any:
        try:
            if "$tensor" in tree:
                return self._tensor(tree)
            if "$dict" in tree:
                return {_text(key): self.value_of(item, depth=depth + 1) for key, item in tree["$dict"]}
            if "$tuple" in tree or "$size" in tree:
                return self._tuple(tree, depth)
            if "$float" in tree:
                return float(_text(tree["$float"])[:30])
            kind, detail, shape, dtype = tree["$opaque"]
            dims = None if shape is None else tuple(int(n) for n in shape[:32])
            return Opaque(_text(kind)[:200], _text(detail)[:500], dims, _text(dtype)[:50])
        except (KeyError, ValueError, TypeError, OverflowError) as err:
            raise ProtocolError(f"The message holds a malformed value: {_short(err)}.") from err

    def _tuple(self, tree: dict[str, Any], depth: int) -> Any:
        kind = "$tuple" if "$tuple" in tree else "$size"
        items = [self.value_of(item, depth=depth + 1) for item in list(tree[kind])]
        if not self.keep_tuples:
            return items
        return tuple(items) if kind == "$tuple" else torch.Size(items)

    def _tensor(self, tree: dict[str, Any]) -> torch.Tensor:
        path = _text(tree["$tensor"])
        if "device" in tree:
            self.devices[path] = _text(tree["device"])[:40]
        return self.tensors[path]


def _text(value: Any) -> str:
    """Return a text that can be written to any file: JSON may hold half a surrogate pair."""
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value.encode("utf-8", "backslashreplace").decode()


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes in hex."""
    return hashlib.sha256(data).hexdigest()
