"""Read what crossed the wall without trusting any of it: sizes, dtypes, counts and nesting are checked before use.

`grader.sandbox.wire.tensors` packs; `grader.sandbox.outside.exchange` reads replies with `unpack_values`.
"""

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import torch
from safetensors.torch import load

from grader.errors import ProtocolError
from grader.sandbox.wire.kinds import MAX_FIELDS, Named, exception_of, scalar_of
from grader.sandbox.wire.tensors import (
    DTYPES,
    MAX_AXES,
    MAX_DEPTH,
    MAX_HEADER,
    MAX_SIZE,
    MAX_TEXT,
    MAX_VALUES,
    Opaque,
    pack_values,
)

_TUPLES = ("$tuple", "$named", "$size")


def unpack_values(data: bytes | bytearray) -> tuple[dict[str, Any], dict[str, str]]:
    """Read what `pack_values` wrote, trusting nothing; return the values, and by path the devices other than the CPU.

    Raises ProtocolError for anything but a well-formed message.
    """
    header = checked_header(data)
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
    reader = _Reader(tensors)
    values = reader.value_of(tree, depth=0)
    if not isinstance(values, dict):
        raise ProtocolError("The message is not a dict of named values.")
    return values, reader.devices


def as_sent(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's inputs as they reach a submission, where each stands one level below the parts of the message."""
    values, _devices = unpack_values(pack_values({"inputs": inputs}))
    sent: dict[str, Any] = values["inputs"]
    return sent


def _short(err: Exception) -> str:
    return str(err)[:200]


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not allowed")


def checked_header(data: bytes | bytearray, *, what: str = "The message") -> dict[str, Any]:
    """Return the safetensors header after checking every number in it against the data's length.

    Raises ProtocolError whose sentences begin with `what`.
    """
    if len(data) < 8:
        raise ProtocolError(f"{what} is truncated: {len(data)} bytes.")
    (length,) = struct.unpack("<Q", data[:8])
    if length > len(data) - 8:
        raise ProtocolError(f"{what}'s header claims {length} bytes of {len(data)}.")
    if length > MAX_HEADER:
        raise ProtocolError(f"{what}'s header takes {length} bytes; at most {MAX_HEADER} are allowed.")
    try:
        header = json.loads(bytes(data[8 : 8 + length]))
    except (ValueError, RecursionError) as err:
        raise ProtocolError(f"{what}'s header is not JSON: {_short(err)}.") from err
    if not isinstance(header, dict) or len(header) > MAX_VALUES:
        raise ProtocolError(f"{what}'s header is not a table of tensors.")
    for name, entry in header.items():
        if name != "__metadata__" and not _is_sound(entry, body=len(data) - 8 - length):
            raise ProtocolError(f"{what}'s tensor {name[:80]!r} has a header that contradicts itself.")
    return header


def _is_sound(entry: Any, *, body: int) -> bool:
    """Say whether a tensor's dtype is known, and its shape and offsets fit each other and the data."""
    try:
        dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        return (
            dtype in DTYPES
            and len(shape) <= MAX_AXES
            and all(type(n) is int and 0 <= n < MAX_SIZE for n in shape)
            and type(start) is int
            and type(end) is int
            and 0 <= start <= end <= body
            and math.prod(shape) * DTYPES[dtype].itemsize == end - start
        )
    except (TypeError, KeyError, ValueError):
        return False


class _Reader:
    """Walk a JSON tree back into values."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        self.tensors = tensors
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
                return {_key(key): self.value_of(item, depth=depth + 1) for key, item in tree["$dict"]}
            for tag in _TUPLES:
                if tag in tree:
                    return self._tuple(tag, tree[tag], depth)
            if "$array" in tree:
                return self.tensors[_text(tree["$array"])].numpy()
            if "$float" in tree:
                return float(_text(tree["$float"])[:30])
            if "$scalar" in tree:
                dtype, item = tree["$scalar"]
                return scalar_of(_text(dtype), self.value_of(item, depth=depth + 1))
            if "$exception" in tree:
                name, message = tree["$exception"]
                return exception_of(_text(name), _text(message))
            kind, detail, shape, dtype = tree["$opaque"]
            dims = None if shape is None else tuple(int(n) for n in shape[:32])
            return Opaque(_text(kind)[:200], _text(detail)[:500], dims, _text(dtype)[:50])
        except (KeyError, ValueError, TypeError, OverflowError) as err:
            raise ProtocolError(f"The message holds a malformed value: {_short(err)}.") from err

    def _tuple(self, tag: str, content: Any, depth: int) -> Any:
        fields, content = content if tag == "$named" else ((), content)
        items = [self.value_of(item, depth=depth + 1) for item in list(content)]
        if tag == "$named":
            return Named(tuple(map(_text, fields)), items)
        return tuple(items) if tag == "$tuple" else torch.Size(items)

    def _tensor(self, tree: dict[str, Any]) -> torch.Tensor:
        path = _text(tree["$tensor"])
        if "device" in tree:
            self.devices[path] = _text(tree["device"])[:40]
        return self.tensors[path]


def _key(tree: Any) -> Any:
    """Return a dict's key. Raises TypeError or ValueError for what can't be one."""
    if isinstance(tree, dict):
        parts = tree["$tuple"]
        if len(parts) > MAX_FIELDS:
            raise ValueError("a key of too many parts")
        return tuple(one if type(one) is int else _text(one) for one in parts)
    if isinstance(tree, bool | int) and -(2**63) <= tree < 2**63:
        return tree
    return _text(tree)


def _text(value: Any) -> str:
    """Return a text that can be written to any file: JSON may hold half a surrogate pair."""
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value.encode("utf-8", "backslashreplace").decode()
