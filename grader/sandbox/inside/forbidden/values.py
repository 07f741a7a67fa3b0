"""What an expression may stand for, as far as its source tells: outside names, constants, the student's own things.

`grader.sandbox.inside.forbidden.texts` computes with constants and containers of them,
`grader.sandbox.inside.forbidden.walk` with sets of all these values; an empty set is "unknown".
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

MAX_TEXT = 16_384
MAX_VALUES = 64
_MAX_NAME = 300
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Outside:
    """Name something that the submission doesn't define: `torch.nn.Linear`, `builtins.getattr`."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Hold a constant."""

    value: str | bytes | int


@dataclass(frozen=True, slots=True)
class Own:
    """Point at the scope of a module, class or function of the submission by its number."""

    scope: int


@dataclass(frozen=True, slots=True)
class Space:
    """Stand for the dict of names of a module or class: `vars(torch)`, `globals()`."""

    of: "Value"


@dataclass(frozen=True, slots=True)
class Group:
    """Stand for a container: its items and, for a dict, their keys; `exact` where order and number are known."""

    items: "tuple[Values, ...]"
    keys: "tuple[Values, ...] | None" = None
    exact: bool = True
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Method:
    """Stand for a method of a constant, a container or a namespace, not called yet."""

    of: "Value"
    name: str


@dataclass(frozen=True, slots=True)
class Partial:
    """Stand for a function with its first arguments: `partial(getattr, torch)`, `attrgetter("nn")`."""

    function: "Value"
    arguments: "tuple[Values, ...]"


Value = Outside | Text | Own | Space | Group | Method | Partial
Values = frozenset[Value]
UNKNOWN: Values = frozenset()


def outside(name: str) -> Values:
    """Return the value of a dotted name, unknown where it is longer than any real one."""
    return frozenset({Outside(name)}) if len(name) <= _MAX_NAME else UNKNOWN


def text(value: object) -> Values:
    """Return the value of a constant, unknown for one that is of no use or too large."""
    if isinstance(value, str | bytes):
        return frozenset({Text(value)}) if len(value) <= MAX_TEXT else UNKNOWN
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return frozenset({Text(value)})
    return UNKNOWN


def union(parts: Sequence[Values]) -> Values:
    """Return everything that any part may be, cut to a bounded number."""
    merged = frozenset().union(*parts)
    return merged if len(merged) <= MAX_VALUES else frozenset(itertools.islice(merged, MAX_VALUES))


def group(items: Sequence[Values], *, keys: Sequence[Values] | None = None, exact: bool = True) -> Values:
    """Return a container of items, unknown where it is nested too deeply."""
    inner = [value.depth for item in items for value in item if isinstance(value, Group)]
    depth = 1 + max(inner, default=0)
    if depth > _MAX_DEPTH:
        return UNKNOWN
    if len(items) > MAX_VALUES:
        items, keys, exact = [union(items)], None, False
    return frozenset({Group(tuple(items), None if keys is None else tuple(keys), exact, depth)})


def texts_of(values: Values) -> list[str]:
    """Return the texts that a value may be, in a fixed order."""
    return sorted(v.value for v in values if isinstance(v, Text) and isinstance(v.value, str))


def elements(values: Values) -> Values:
    """Return what a loop over a value may see."""
    return union([item for value in values for item in items_of(value)])


def items_of(value: Value) -> tuple[Values, ...]:
    """Return the items of one container: a dict's keys, a text's characters."""
    if isinstance(value, Group):
        return value.items if value.keys is None else value.keys
    if isinstance(value, Text) and not isinstance(value.value, int):
        return tuple(text(item) for item in value.value[:MAX_VALUES])
    return ()


def pick(container: Group, keys: Values) -> Values:
    """Return what `container[key]` may be."""
    constants = [key for key in keys if isinstance(key, Text)]
    if not constants or not container.exact:
        return union(container.items)
    if container.keys is not None:
        pairs = zip(container.keys, container.items, strict=True)
        return union([item for key, item in pairs if not key or not key.isdisjoint(constants)])
    numbers = [key.value for key in constants if isinstance(key.value, int)]
    return union([container.items[i] for i in numbers if -len(container.items) <= i < len(container.items)])
