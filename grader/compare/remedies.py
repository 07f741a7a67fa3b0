"""What to try if a value is of the wrong kind or dtype.

`grader.compare.wording` ends its sentences with these.
"""

_FOR_KIND = {
    "numpy.ndarray": "Stay in torch: drop `.numpy()`, or convert with `torch.from_numpy`.",
    "sparse tensor": "Make it dense with `.to_dense()`.",
    "meta tensor": "It has a shape but no values: create it on a real device.",
    "nested tensor": "Return an ordinary tensor, padded if need be.",
    "quantized tensor": "Convert it with `.dequantize()`.",
    "function": "Is a call missing its parentheses?",
    "method": "Is a call missing its parentheses?",
    "builtin_function_or_method": "Is a call missing its parentheses?",
    "type": "This is the class itself: create an object of it.",
    "generator": "Turn it into a list with `list(...)`.",
    "map": "Turn it into a list with `list(...)`.",
    "too large": "It is bigger than what the grader takes.",
}

_FOR_DTYPE = {
    "float64": "Python and NumPy floats may become float64: convert with `.float()`, or create it in the right dtype.",
    "float16": "Half precision loses digits: compute in float32.",
    "bfloat16": "Half precision loses digits: compute in float32.",
    "bool": "Comparisons give bools: convert them before you compute with them.",
}


def remedy_for_kind(actual: str, expected: str, *, size: int | None = None) -> str:
    """Return what to try if a value of one kind came instead of another, or "" if nobody knows.

    `size` is how many items a list has.
    """
    if actual == "list" and expected == "tensor":
        return "Was anything ever put into it?" if size == 0 else "Build a tensor with `torch.tensor` or `torch.stack`."
    if actual in ("int", "float", "bool") and expected == "tensor":
        return "Keep the tensor: drop `.item()` or `float(...)`."
    if actual == "tensor" and expected in ("int", "float", "bool", "number"):
        return "Turn a tensor of one element into a number with `.item()`."
    if actual == "tensor" and expected == "list":
        return "Turn it into a list with `.tolist()` or `list(...)`."
    return _FOR_KIND.get(actual, "")


def remedy_for_dtype(actual: str, expected: str) -> str:
    """Return what to try if a tensor of one dtype came instead of another."""
    if expected.startswith("float") and "int" in actual:
        return "Convert integers with `.float()` before you compute with them."
    if expected == "float32" or (actual == "bool" and expected):
        return _FOR_DTYPE.get(actual, "Convert it with `.float()`.")
    return f"Convert it with `.to(torch.{expected})`." if expected else "Return real numbers."
