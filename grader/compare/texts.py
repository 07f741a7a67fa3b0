"""Values as short texts: numbers that never look equal when they differ, and students' texts made safe to show.

`grader.compare.describe`, `grader.compare.findings` and `grader.compare.wording` write with them.
"""

from grader.compare.comparison import Number, Shape

MAX_TEXT = 200
_MAX_BITS = 256
_MAX_AXES = 12
_LEAD = 20


def safe_text(text: str, *, limit: int = MAX_TEXT) -> str:
    """Return at most `limit` characters of `text`; whatever isn't printable (controls, bidi marks) as an escape."""
    escaped = repr(text[:limit])[1:-1].replace("`", "'")
    cut = len(text) > limit or len(escaped) > limit
    return escaped[: limit - 1] + "…" if cut else escaped


def step_text(key: object) -> str:
    """Return a step into a list or dict as it is written behind a name: `["w"]`, `[2]`, `[('a', 'b')]`."""
    if isinstance(key, str):
        return f'["{safe_text(key, limit=60)}"]'
    return f"[{number_text(key) if isinstance(key, int) else safe_text(repr(key), limit=60)}]"


def quoted(text: str) -> str:
    """Return `text` made safe, in double quotes."""
    return f'"{safe_text(text, limit=MAX_TEXT - 2)}"'


def quoted_pair(actual: str, expected: str) -> tuple[str, str]:
    """Return both texts in quotes; if they first differ far in, from shortly before that place."""
    paired = enumerate(zip(actual, expected, strict=False))
    part = next((i for i, (a, e) in paired if a != e), min(len(actual), len(expected)))
    start = part - _LEAD if part > MAX_TEXT // 2 else 0
    lead = "…" if start else ""
    return quoted(lead + actual[start:]), quoted(lead + expected[start:])


def number_text(value: Number, *, digits: int = 6) -> str:
    """Return a number with at most `digits` significant digits; integers and bools in full."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if value.bit_length() > _MAX_BITS:
        return f"an integer of {value.bit_length()} bits"
    return str(value)


def number_texts(actual: Number, expected: Number) -> tuple[str, str]:
    """Return both numbers with as many digits as it takes to tell them apart, six at least."""
    texts = number_text(actual), number_text(expected)
    for digits in range(7, 18):
        if texts[0] != texts[1]:
            break
        texts = number_text(actual, digits=digits), number_text(expected, digits=digits)
    return texts


def shape_text(shape: Shape) -> str:
    """Return a shape as Python writes it, the axes beyond the twelfth left out."""
    if len(shape) > _MAX_AXES:
        return f"({', '.join(map(number_text, shape[:_MAX_AXES]))}, …)"
    return f"({', '.join(map(number_text, shape))}{',' if len(shape) == 1 else ''})"


def index_text(index: tuple[int, ...]) -> str:
    """Return an index as it is written behind a name: `[3, 1]`."""
    return f"[{', '.join(map(str, index))}]"


def count_text(count: int, noun: str) -> str:
    """Return `1 element`, `5 elements`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
