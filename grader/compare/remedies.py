"""What to try if a value is of the wrong kind or dtype, in the words of the library that is expected.

`grader.compare.wording` ends its sentences with these.
"""

import re
from collections.abc import Collection

from grader.compare.arrays import ANY_FLOAT, ARRAY

_NUMBERS = ("int", "float", "bool")
_BETWEEN = re.compile(r"(?<=[.:?!]) (?=[A-Z`])")
_CODE = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"\.?[A-Za-z_][\w.]*")
_FOR_KIND = {
    "sparse tensor": "Make it dense with `.to_dense()`.",
    "meta tensor": "It has a shape but no values: create it on a real device.",
    "nested tensor": "Return an ordinary tensor, padded if need be.",
    "quantized tensor": "Convert it with `.dequantize()`.",
    "numpy.ndarray": "Its dtype is none that can be compared: convert it with `.astype(...)`.",
    "array of texts": "Return numbers: texts belong in a list.",
    "array of bytes": "Return numbers: texts belong in a list.",
    "array of Python objects": "`None`, texts or rows of several lengths make one: build it of numbers alone.",
    "array of dates": "Return numbers.",
    "array of records": "Return an array of numbers.",
    "array of complex numbers": "Return real numbers, such as its `.real`.",
    "complex number": "Return a real number, such as its `.real`.",
    "complex64 tensor": "Return real numbers, such as its `.real`.",
    "complex128 tensor": "Return real numbers, such as its `.real`.",
    "uint16 tensor": "Convert it with `.to(torch.int64)`.",
    "uint32 tensor": "Convert it with `.to(torch.int64)`.",
    "uint64 tensor": "Convert it with `.to(torch.int64)`.",
    "numpy.ma.MaskedArray": "Return an ordinary array: `.filled(...)`.",
    "bytes object": "Turn it into a text with `.decode()`, or into a list of numbers with `list(...)`.",
    "function": "Is a call missing its parentheses?",
    "method": "Is a call missing its parentheses?",
    "builtin_function_or_method": "Is a call missing its parentheses?",
    "type": "This is the class itself: create an object of it.",
    "generator": "Turn it into a list with `list(...)`.",
    "map": "Turn it into a list with `list(...)`.",
    "too large": "It is bigger than what the grader takes.",
}
_FOR_PAIR = {
    ("list", "tensor"): "Build a tensor with `torch.tensor` or `torch.stack`.",
    ("list", ARRAY): "Build an array with `np.array` or `np.stack`.",
    (ARRAY, "tensor"): "Stay in torch: drop `.numpy()`, or convert with `torch.from_numpy`.",
    ("numpy.ndarray", "tensor"): "Stay in torch: drop `.numpy()`, or convert with `torch.from_numpy`.",
    ("tensor", ARRAY): "Stay in NumPy: compute with arrays only.",
    ("tensor", "number"): "Turn a tensor of one element into a number with `.item()`.",
    (ARRAY, "number"): "Turn an array of one element into a number with `.item()`.",
    ("number", "tensor"): "Keep the tensor: drop `.item()` or `float(...)`.",
    ("number", ARRAY): "Keep the array: drop `.item()` or `float(...)`.",
    ("tensor", "list"): "Turn it into a list with `.tolist()` or `list(...)`.",
    (ARRAY, "list"): "Turn it into a list with `.tolist()` or `list(...)`.",
    ("set", "list"): "A set has no order: turn it into a list with `sorted(...)`.",
    ("frozenset", "list"): "A set has no order: turn it into a list with `sorted(...)`.",
    **{
        (kind, "list"): "Turn it into a list with `list(...)`."
        for kind in ("filter", "zip", "range", "enumerate", "reversed", "dict_keys", "dict_values", "dict_items")
    },
    ("array of texts", "list"): "Turn it into a list with `.tolist()`.",
    ("array of Python objects", "list"): "Turn it into a list with `.tolist()`.",
}

_FOR_DTYPE = {
    "float64": "Python and NumPy floats may become float64: convert with `.float()`, or create it in the right dtype.",
    "float16": "Half precision loses digits: compute in float32.",
    "bfloat16": "Half precision loses digits: compute in float32.",
    "bool": "Comparisons give bools: convert them before you compute with them.",
}
_FOR_ARRAY = {
    "float64": "NumPy computes in float64 unless it is told otherwise: convert with `.astype(np.float32)`.",
    "float16": "Half precision loses digits: compute in float32.",
    "bool": "Comparisons give bools: convert them before you compute with them.",
}


def remedy_for_kind(actual: str, expected: str, *, size: int | None = None) -> str:
    """Return what to try if a value of one kind came instead of another, or "" if nobody knows.

    `size` is how many items a list has.
    """
    if actual == "list" and size == 0 and expected in ("tensor", ARRAY):
        return "Was anything ever put into it?"
    pair = ("number" if actual in _NUMBERS else actual, "number" if expected in _NUMBERS else expected)
    return _FOR_PAIR.get(pair, _FOR_KIND.get(actual, ""))


def without_advice(text: str, forbidden: Collection[str]) -> str:
    """Return a text without the sentences, after the first, that advise a name which is forbidden.

    `forbidden` are full names, `"torch.stack"`, and families, `"torch.nn.functional.*"`; a module stands for all in it.
    """
    first, *others = _BETWEEN.split(text)
    kept = [one for one in others if not any(_is_forbidden(code, forbidden) for code in _CODE.findall(one))]
    return " ".join([first, *kept]) if forbidden else text


def _is_forbidden(code: str, forbidden: Collection[str]) -> bool:
    names = [re.sub(r"^np\b", "numpy", name) for name in _NAME.findall(code)]
    families = [name.removesuffix(".*") for name in forbidden]
    return any(
        name == family or name.startswith(f"{family}.") or (name.startswith(".") and family.endswith(name))
        for name in names
        for family in families
    )


def remedy_for_dtype(actual: str, expected: str, *, of_array: bool = False) -> str:
    """Return what to try if a tensor, or an array, of one dtype came instead of another."""
    if "float" in expected and "int" in actual:
        how = f".astype({_array_name(expected)})" if of_array else ".float()"
        return f"Convert integers with `{how}` before you compute with them."
    if of_array:
        known = _FOR_ARRAY.get(actual, "") if expected == "float32" or (actual == "bool" and expected) else ""
        return known or (f"Convert it with `.astype({_array_name(expected)})`." if expected else "Return real numbers.")
    if expected in ("float32", ANY_FLOAT) or (actual == "bool" and expected):
        return _FOR_DTYPE.get(actual, "Convert it with `.float()`.")
    return f"Convert it with `.to(torch.{expected})`." if expected else "Return real numbers."


def _array_name(dtype: str) -> str:
    return "bool" if dtype == "bool" else f"np.{'float64' if dtype == ANY_FLOAT else dtype}"
