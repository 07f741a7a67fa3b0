"""Say to an author why a value can't be expected, recorded or handed to a submission, and what to do instead.

`grader.compare.ladder` refuses such expectations, `grader.grading.session` such inputs.
"""

import numpy
import torch

from grader.compare.describe import describe, dtype_text
from grader.compare.wording import kind_in_words
from grader.errors import CourseError
from grader.sandbox.wire.tensors import Opaque

_ANY = "Expect tensors, arrays, Specs, numbers, strings, None, exceptions, or lists and dicts of those."
_INSTEAD = {
    "array of texts": "Take a list, `.tolist()`, in its place.",
    "array of bytes": "Take a list of texts in its place.",
    "array of Python objects": "Take a list, `.tolist()`, in its place, or an array for each row.",
    "array of dates": "Take texts or numbers in their place, such as `.astype(str).tolist()`.",
    "array of records": "Take an array for each field in its place.",
    "array of complex numbers": "Split it into two, its `.real` and its `.imag`.",
    "complex number": "Split it into two, its `.real` and its `.imag`.",
    "set": "Take a list in its place: `sorted(...)`.",
    "frozenset": "Take a list in its place: `sorted(...)`.",
    **dict.fromkeys(("range", "dict_keys", "dict_values", "dict_items"), "Take a list in its place: `list(...)`."),
    "bytes object": "Take a list of numbers in its place, `list(...)`, or a text.",
    "int": "Take its text, `str(...)`, in its place: it has more than 64 bits.",
    "function": "Take its name in its place, and let the probe choose the function.",
    "numpy.ndarray": "Convert it to a dtype that can be compared, such as float64 or int64.",
}
_OF_TENSORS = {
    "complex": "Split it into two, its `.real` and its `.imag`.",
    "uint": "Convert it to int64.",
    "float8": "Convert it to float32.",
    "sparse": "Take it dense, `.to_dense()`.",
}


def not_comparable(name: str, value: object) -> CourseError:
    """Return the error for an output `name` of which a check expects a value that can't be compared."""
    problem = f"The check expects {name} to be {odd_kind_in_words(value)}, which can't be compared."
    return CourseError(problem, remedy=instead_of(value) or _ANY)


def odd_kind_in_words(value: object) -> str:
    """Return what a value is that can't be compared: "an array of texts of shape (2,)", "a complex64 tensor"."""
    return kind_in_words(_named(value))


def instead_of(value: object) -> str:
    """Return what an author may do in place of a value that can't cross the wall nor be compared, "" if unknown."""
    kind = describe(_named(value)).kind
    beginnings = (how for start, how in _OF_TENSORS.items() if kind.startswith(start) and kind.endswith(" tensor"))
    return _INSTEAD.get(kind) or next(beginnings, "")


def _named(value: object) -> object:
    """Return what stands for a tensor of a dtype or layout that can't be compared; a NumPy scalar as Python's own."""
    if isinstance(value, numpy.generic):
        return value.item()
    if not isinstance(value, torch.Tensor):
        return value
    layout = "meta" if value.is_meta else "sparse" if value.layout != torch.strided else dtype_text(value.dtype)
    return Opaque(f"{layout} tensor", shape=None if value.is_nested else tuple(value.shape))
