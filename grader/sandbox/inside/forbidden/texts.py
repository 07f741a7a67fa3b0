"""Compute with constants: the few text methods and operators by which source code can build a name.

`grader.sandbox.inside.forbidden.expressions` calls it for operators, `grader.sandbox.inside.forbidden.calls` for
methods.
"""

import itertools
import operator
import re
from collections.abc import Callable, Sequence

from grader.sandbox.inside.forbidden.values import (
    MAX_VALUES,
    UNKNOWN,
    Group,
    Method,
    Text,
    Value,
    Values,
    group,
    items_of,
    pick,
    text,
    texts_of,
    union,
)

_METHODS = {
    "join", "format", "lower", "upper", "title", "capitalize", "swapcase", "strip", "lstrip", "rstrip", "replace",
    "removeprefix", "removesuffix", "split", "encode", "decode",
}  # fmt: skip


def combine(function: Callable[..., object], *parts: Values) -> Values:
    """Return what a pure function of constants may return; unknown where it raises or an argument is unknown."""
    constants = [[v.value for v in part if isinstance(v, Text)] for part in parts]
    found: list[Values] = []
    for choice in itertools.islice(itertools.product(*constants), MAX_VALUES):
        try:
            found.append(text(function(*choice)))
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
            continue
    return union(found)


def add(left: Values, right: Values) -> Values:
    """Return the sum of constants, or the items of two containers."""
    items = [value.items for values in (left, right) for value in values if isinstance(value, Group)]
    joined = group([item for part in items for item in part]) if items else UNKNOWN
    return joined | combine(operator.add, left, right)


def call_method(method: Method, arguments: Sequence[Values]) -> Values:
    """Return what a method of a constant or container may return, for the few that build names."""
    of, name = method.of, method.name
    if isinstance(of, Group):
        return _container_method(of, name, arguments)
    if not isinstance(of, Text) or name not in _METHODS or isinstance(of.value, int):
        return UNKNOWN
    if name == "join":
        return union([_join(of, value) for argument in arguments for value in argument])
    if name == "split":
        return _split(of.value, texts_of(arguments[0]) if arguments else [None])
    if name == "format" and _is_wide(of.value):
        return UNKNOWN
    return combine(lambda value, *rest: getattr(value, name)(*rest), frozenset({of}), *arguments)


def _container_method(of: Group, name: str, arguments: Sequence[Values]) -> Values:
    match name:
        case "get" | "pop" | "__getitem__" | "setdefault":
            return pick(of, arguments[0]) if arguments else union(of.items)
        case "values" | "copy":
            return group(of.items, exact=of.exact) if name == "values" else frozenset({of})
        case "items" if of.keys is not None:
            return group([group(pair) for pair in zip(of.keys, of.items, strict=True)])
    return UNKNOWN


def _join(separator: Text, items: Value) -> Values:
    parts = items_of(items)
    if isinstance(items, Group) and not items.exact:
        return UNKNOWN
    result = text(type(separator.value)())
    for number, part in enumerate(parts):
        result = combine(
            lambda a, b: a + b, result, frozenset({separator}) if number else text(type(separator.value)())
        )
        result = combine(lambda a, b: a + b, result, part)
    return result


def _split(value: str | bytes, separators: Sequence[str | None]) -> Values:
    rows = [value.split(separator) for separator in separators if separator != ""] if isinstance(value, str) else []
    return union([group([text(part) for part in row]) for row in rows])


def _is_wide(template: object) -> bool:
    """Tell whether a format may ask for so many characters that building them would fill the memory."""
    digits = re.search(rb"\d{4}" if isinstance(template, bytes) else r"\d{4}", template)  # type: ignore[call-overload]
    return digits is not None


def apply_percent(left: Values, right: Values) -> Values:
    """Return what `template % arguments` may be."""
    spelled = [v for v in left if isinstance(v, Text) and not isinstance(v.value, int)]
    templates = frozenset(v for v in spelled if not _is_wide(v.value))
    tuples = [value.items for value in right if isinstance(value, Group) and value.exact and value.keys is None]
    found = [combine(lambda template, *rest: template % rest, templates, *items) for items in tuples]
    return union([*found, combine(lambda template, one: template % one, templates, right)])


def times(left: Values, right: Values) -> Values:
    """Return a text repeated a bounded number of times."""
    return combine(lambda a, n: a * n if isinstance(n, int) and n < MAX_VALUES else None, left, right)
