"""Kinds of values that JSON lacks and that cross the wall as what they are: arrays, named tuples, exceptions, scalars.

`grader.sandbox.wire.tensors` packs and unpacks them. Nothing here runs code that came with a message: an exception is
one of Python's own, by its name in a table.
"""

import builtins
import keyword
from collections.abc import Iterator
from typing import Any

import numpy
import torch

MAX_MESSAGE = 500
MAX_FIELDS = 100

ARRAY_DTYPES: dict[str, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "int64": torch.int64,
    "int32": torch.int32,
    "int16": torch.int16,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
"""The dtypes of arrays that can cross, by NumPy's name, with torch's."""


class Named(tuple[Any, ...]):
    """Be a named tuple that was read from a message: its items by place, and by name as attributes.

    `_fields` are the names.
    """

    _fields: tuple[str, ...]

    def __new__(cls, fields: tuple[str, ...], items: list[Any]) -> "Named":
        """Make one of names and as many items. Raises ValueError where a name is none, or there are too many."""
        sound = len(fields) == len(items) <= MAX_FIELDS and len(set(fields)) == len(fields)
        if not sound or not all(one.isidentifier() and not one.startswith("_") for one in fields):
            raise ValueError("the names of a named tuple are none")
        made = super().__new__(cls, items)
        made._fields = fields
        return made

    def __getattr__(self, name: str) -> Any:
        """Return the item of this name. Raises AttributeError where there is none."""
        fields = self.__dict__.get("_fields", ())
        if name not in fields:
            raise AttributeError(f"a named tuple of {', '.join(fields)} has no `{name}`")
        return self[fields.index(name)]

    def _asdict(self) -> dict[str, Any]:
        """Return the items by name."""
        return dict(zip(self._fields, self, strict=True))


def fields_of(value: object) -> tuple[str, ...]:
    """Return the names of a named tuple's items, () for anything else."""
    if not isinstance(value, tuple):
        return ()
    fields: object = getattr(value, "_fields", ())
    if not isinstance(fields, tuple) or not all(type(one) is str for one in fields):
        return ()
    sound = len(fields) == len(value) <= MAX_FIELDS and all(map(_is_field, fields))
    return fields if sound and len(set(fields)) == len(fields) else ()


def _is_field(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_") and len(name) <= MAX_FIELDS


def rebuilt(value: list[Any] | tuple[Any, ...], items: list[Any]) -> Any:
    """Return items in a list or tuple of the kind of `value`, which has as many."""
    fields = fields_of(value)
    if fields:
        return Named(fields, items) if isinstance(value, Named) else type(value)(*items)
    if isinstance(value, torch.Size):
        return torch.Size(items)
    return tuple(items) if isinstance(value, tuple) else items


ODD_KINDS: dict[type, str] = {bytes: "bytes object", bytearray: "bytes object", complex: "complex number"}
"""What some of Python's values are called that can't cross."""

_ODD_ARRAYS = {
    "U": "array of texts",
    "T": "array of texts",
    "S": "array of bytes",
    "O": "array of Python objects",
    "c": "array of complex numbers",
    "M": "array of dates",
    "m": "array of dates",
    "V": "array of records",
}
"""What arrays are that can't cross, by NumPy's letter for the kind of their dtype."""


def why_array_stays(value: "numpy.ndarray[Any, Any]") -> str:
    """Return what an array is that can't cross, "" for one that can."""
    return "" if value.dtype.name in ARRAY_DTYPES else _ODD_ARRAYS.get(value.dtype.kind, "numpy.ndarray")


def as_tensor(value: "numpy.ndarray[Any, Any]") -> torch.Tensor:
    """Return a copy of an array as a tensor: its dtype has to be one of those that cross."""
    native = numpy.array(value, dtype=value.dtype.newbyteorder("="), order="C", copy=True)
    return torch.from_numpy(native)


def scalar_of(dtype: str, value: object) -> Any:
    """Return a NumPy scalar. Raises ValueError for a dtype that can't cross, or a value that does not fit."""
    if dtype not in ARRAY_DTYPES or not isinstance(value, bool | int | float):
        raise ValueError("a scalar of no known dtype")
    return numpy.dtype(dtype).type(value)


def exception_names(value: BaseException) -> tuple[str, str]:
    """Return the name of Python's own exception that one is or comes from, and its message."""
    own = next((kind.__name__ for kind in type(value).__mro__ if _TABLE.get(kind.__name__) is kind), "Exception")
    try:
        message = str(value)
    except Exception:
        message = ""
    return own, message[:MAX_MESSAGE]


def exception_of(name: str, message: str) -> Exception:
    """Return an exception of Python's own, by its name. Raises ValueError for one that can't cross."""
    if name not in _TABLE:
        raise ValueError("an exception of no known kind")
    return _TABLE[name](message[:MAX_MESSAGE])


def _exceptions() -> Iterator[type[Exception]]:
    """Yield Python's own exceptions that are made of a message alone."""
    for name in dir(builtins):
        kind = getattr(builtins, name)
        if not isinstance(kind, type) or not issubclass(kind, Exception) or issubclass(kind, ExceptionGroup):
            continue
        if not issubclass(kind, UnicodeError | Warning) or kind is UnicodeError:
            yield kind


_TABLE = {kind.__name__: kind for kind in _exceptions()}
