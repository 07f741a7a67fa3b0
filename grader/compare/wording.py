"""Turn a comparison into sentences: what happened, where and by how much, what was expected, what to try.

`grader.compare.assertion` raises them in a `Mismatch`.
"""

import math
import re
from collections.abc import Collection

from grader.compare.arrays import ANY_FLOAT, ARRAY
from grader.compare.comparison import Comparison, Description, Deviation, Difference, Rung
from grader.compare.describe import describe
from grader.compare.remedies import remedy_for_dtype, remedy_for_kind, without_advice
from grader.compare.spelling import came_instead
from grader.compare.texts import count_text, index_text, number_text, number_texts, shape_text
from grader.results.verdict import Feedback, Item

MAX_ITEMS = 5

_KEY = re.compile(r"""\[["']?([^\]"']+)["']?\]$""")
_NOT_FINITE = "Look for a division by zero, the logarithm of zero, or `exp` of a large number."


def feedback_for(comparison: Comparison, *, forbidden: Collection[str] = ()) -> Feedback:
    """Return the feedback a student reads: the first five failing items, then a count.

    What advises a name that is `forbidden` is left out.
    """
    items = tuple(_item(difference, forbidden) for difference in comparison.differences[:MAX_ITEMS])
    more = len(comparison.differences) - len(items)
    lines = [item.message for item in items] + ([f"and {more} more."] if more else [])
    return Feedback(message="\n".join(lines), items=items, matched=comparison.matched)


def sentence_for(difference: Difference) -> str:
    """Return what is told about one failing item, its lookalike included."""
    sentence = _SENTENCES[difference.rung](difference)
    return f"{sentence} {difference.lookalike.sentence}" if difference.lookalike else sentence


def _item(difference: Difference, forbidden: Collection[str]) -> Item:
    actual, expected = _texts(difference)
    return Item(
        name=difference.name,
        rung=difference.rung.value,
        message=without_advice(sentence_for(difference), forbidden),
        index=difference.deviation.index if difference.deviation else None,
        actual=actual,
        expected=expected,
        lookalike=difference.lookalike.name if difference.lookalike else "",
        wrong=difference.deviation.wrong if difference.deviation else 0,
        total=difference.deviation.total if difference.deviation else 0,
        heat=difference.heat,
    )


def _texts(difference: Difference) -> tuple[str, str]:
    """Return both sides as short texts: the worst elements, or what the rung asked for."""
    actual, expected, deviation = difference.actual, difference.expected, difference.deviation
    if deviation:
        return _element_texts(deviation)
    if difference.rung is Rung.SHAPE and actual.shape is not None and expected.shape is not None:
        return shape_text(actual.shape), shape_text(expected.shape)
    if difference.rung is Rung.DTYPE:
        return actual.dtype, expected.dtype or "any"
    if difference.rung in (Rung.DEVICE, Rung.CLOSE):
        return actual.text, expected.text
    return _value_text(actual), _value_text(expected)


def _element_texts(deviation: Deviation) -> tuple[str, str]:
    if deviation.expected is None:
        return number_text(deviation.actual), "a finite number"
    return number_texts(deviation.actual, deviation.expected)


def kind_in_words(value: object) -> str:
    """Return what any value is, as it stands in a sentence: "a tensor of shape (3,)", "a list of 2 items"."""
    return _value_text(describe(value))


def _value_text(value: Description) -> str:
    """Return a value in words: `a tensor of shape (7, 3)`, `a list of 5 items`, `3.0 (float)`."""
    if value.kind == "missing":
        return "missing"
    if value.kind in ("list", "dict") and value.size is not None:
        return f"a {value.kind} of {count_text(value.size, 'item' if value.kind == 'list' else 'key')}"
    if value.kind == "named tuple":
        return f"a named tuple of {value.text}"
    if value.kind == "exception":
        return f"{'an' if value.text[:1] in 'aeiouAEIOU' else 'a'} {value.text}"
    if value.kind in ("bool", "int", "float", "str") and value.text:
        return f"{value.text} ({value.kind})"
    if value.kind in ("None", "ellipsis"):
        return "None" if value.kind == "None" else "`...`"
    shape = "" if value.shape is None else f" of shape {shape_text(value.shape)}"
    detail = f" ({value.text})" if value.text else ""
    article = "an" if value.kind[:1] in "aeiouAEIOU" and not value.kind.startswith("uint") else "a"
    return f"{article} {value.kind or 'value'}{shape}{detail}"


def _say_present(difference: Difference) -> str:
    sentence = f"`{difference.name}` is missing; expected {_value_text(difference.expected)}."
    return f"{sentence} {came_instead(_last_key(difference.name), difference.keys)}".rstrip()


def _last_key(name: str) -> str:
    """Return the key that a path ends with: `W1` of `grads["W1"]`."""
    found = _KEY.search(name)
    return found[1] if found else name


def _say_type(difference: Difference) -> str:
    name, actual = difference.name, difference.actual
    if actual.kind == "None" and difference.expected.kind == "exception":
        return f"`{name}` is None: nothing was raised; expected {_value_text(difference.expected)}."
    if actual.kind == "None":
        return f"`{name}` is None: did the function forget to return, or is it still a stub?"
    if actual.kind == "ellipsis":
        return f"`{name}` is `...`: it is still a stub."
    sentence = f"`{name}` is {_value_text(actual)}; expected {_value_text(difference.expected)}."
    return f"{sentence} {remedy_for_kind(actual.kind, difference.expected.kind, size=actual.size)}".rstrip()


def _say_shape(difference: Difference) -> str:
    name, actual, expected = difference.name, difference.actual, difference.expected
    if actual.shape is None or expected.shape is None:
        return _say_size(difference)
    if expected.shape == ():
        return f"`{name}` has shape {shape_text(actual.shape)}; expected a single number, shape ()."
    sentence = f"`{name}` has shape {shape_text(actual.shape)}; expected {shape_text(expected.shape)}."
    if difference.lookalike:
        return sentence
    if len(actual.shape) != len(expected.shape):
        axes = "axis" if len(actual.shape) == 1 else "axes"
        return f"{sentence} It has {len(actual.shape)} {axes} instead of {len(expected.shape)}."
    return sentence


def _say_size(difference: Difference) -> str:
    name, actual, expected = difference.name, difference.actual, difference.expected
    if difference.keys:
        keys = ", ".join(f'"{key}"' for key in difference.keys)
        return f"`{name}` has keys that aren't expected: {keys}."
    return f"`{name}` has {count_text(actual.size or 0, 'item')}; expected {expected.size}."


def _say_dtype(difference: Difference) -> str:
    actual, expected = difference.actual.dtype, difference.expected.dtype
    wanted = "any floating dtype" if expected == ANY_FLOAT else expected or "a dtype of real numbers"
    remedy = remedy_for_dtype(actual, expected, of_array=difference.actual.kind == ARRAY)
    return f"`{difference.name}` has dtype {actual}; expected {wanted}. {remedy}"


def _say_device(difference: Difference) -> str:
    expected = difference.expected.text
    sentence = f"`{difference.name}` is on {difference.actual.text}; expected on {expected}."
    return f'{sentence} Move it with `.to("{expected}")`, or create it there.'


def _say_finite(difference: Difference) -> str:
    deviation = difference.deviation
    assert deviation is not None
    name, (actual, expected) = difference.name, _element_texts(deviation)
    remedy = "" if math.isfinite(deviation.actual) else f" {_NOT_FINITE}"
    if deviation.total == 1:
        return f"`{name}` is {actual}; expected {expected}.{remedy}"
    place = f"{_count_of_total(deviation)}, first at {index_text(deviation.index)}"
    if math.isfinite(deviation.actual):
        return f"`{name}` differs at {place}: {actual} instead of {expected}."
    kind = "nan or inf" if deviation.nans and deviation.infs else actual
    return f"`{name}` is {kind} at {place}, where {expected} is expected.{remedy}"


def _say_close(difference: Difference) -> str:
    name, deviation = difference.name, difference.deviation
    if deviation is None:
        return f"`{name}` is {difference.actual.text}; expected {difference.expected.text}."
    actual, expected = _element_texts(deviation)
    if deviation.total == 1:
        return f"`{name}` is {actual}; expected {expected}."
    worst = "it" if deviation.wrong == 1 else "the worst"
    place = f"{worst} is {index_text(deviation.index)}: {actual} instead of {expected}"
    return f"`{name}` differs at {_count_of_total(deviation)}; {place}."


def _count_of_total(deviation: Deviation) -> str:
    if deviation.wrong == deviation.total:
        return f"all {deviation.total} elements"
    return f"{deviation.wrong} of {deviation.total} elements"


_SENTENCES = {
    Rung.PRESENT: _say_present,
    Rung.TYPE: _say_type,
    Rung.SHAPE: _say_shape,
    Rung.DTYPE: _say_dtype,
    Rung.DEVICE: _say_device,
    Rung.FINITE: _say_finite,
    Rung.CLOSE: _say_close,
}
