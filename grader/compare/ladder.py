"""Ask the ordered questions of every expected value: present, type, shape, dtype, device, finite, close.

Values that need arithmetic go on to `grader.compare.rungs`; `grader.compare.assertion` collects the findings. Actual
values are untrusted: none of them can make this module raise, and nothing is computed before the shape is right.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy
import torch

from grader.compare.arrays import is_array, plain_number
from grader.compare.comparison import Difference, Expectation, Rung, Spec
from grader.compare.describe import DICTS, MISSING, describe, is_list
from grader.compare.findings import Finding, ValuePair
from grader.compare.rungs import climb
from grader.compare.scalars import exact_number
from grader.compare.texts import quoted_pair, safe_text, step_text
from grader.compare.uncomparable import not_comparable
from grader.sandbox.wire.kinds import fields_of

_MAX_KEYS = 5
_MAX_SEARCHED = 50


def find_mismatches(
    actual: Mapping[str, object],
    expected: Expectation,
    *,
    devices: Mapping[str, str] | None = None,
    any_float: bool = False,
) -> Iterator[Finding]:
    """Yield a finding for every expected value that isn't matched, in the expectation's order.

    `devices` names the devices, by path, of tensors that were moved to the CPU on their way here. With `any_float`,
    where a floating dtype is expected, any floating dtype will do.
    Raises CourseError if an expected value is of a kind that can't be compared.
    """
    for name, value in expected.values.items():
        if name not in actual:
            keys = _unexpected(actual, expected.values, limit=_MAX_SEARCHED)
            yield Finding(Difference(name, Rung.PRESENT, MISSING, describe(value), keys=keys))
        else:
            pair = ValuePair(name, name, name, actual[name], value, expected, devices or {}, any_float)
            yield from _examine(pair)


def _examine(pair: ValuePair) -> Iterator[Finding]:
    pair = replace(pair, actual=plain_number(pair.actual), expected=plain_number(pair.expected))
    expected = pair.expected
    if type(expected) is numpy.ndarray and not is_array(expected):
        raise not_comparable(pair.name, expected)
    if isinstance(expected, torch.Tensor | numpy.ndarray | Spec | float):
        finding = climb(pair)
        if finding:
            yield finding
    elif expected is None or isinstance(expected, bool | int | str):
        yield from _examine_plain(pair)
    elif isinstance(expected, list | tuple):
        yield from _examine_list(pair, expected)
    elif isinstance(expected, Mapping):
        yield from _examine_dict(pair, dict(expected))
    elif isinstance(expected, Exception) or (isinstance(expected, type) and issubclass(expected, Exception)):
        yield from _examine_exception(pair, expected if isinstance(expected, type) else type(expected))
    else:
        raise not_comparable(pair.name, expected)


def _examine_plain(pair: ValuePair) -> Iterator[Finding]:
    expected = pair.expected
    actual = exact_number(pair.actual, type(expected))
    if type(actual) is not type(expected):
        yield Finding(pair.difference(Rung.TYPE))
    elif actual != expected:
        difference = replace(pair, actual=actual).difference(Rung.CLOSE)
        if isinstance(actual, str) and isinstance(expected, str):
            texts = quoted_pair(actual, expected)
            difference = replace(
                difference,
                actual=replace(difference.actual, text=texts[0]),
                expected=replace(difference.expected, text=texts[1]),
            )
        yield Finding(difference)


def _examine_list(pair: ValuePair, expected: list[object] | tuple[object, ...]) -> Iterator[Finding]:
    actual, fields = pair.actual, fields_of(expected)
    if not is_list(actual) or (fields and (type(actual) is list or fields_of(actual) != fields)):
        yield Finding(pair.difference(Rung.TYPE))
    elif len(actual) != len(expected):
        yield Finding(pair.difference(Rung.SHAPE))
    else:
        for i, value in enumerate(expected):
            child = pair.child(i, actual[i], value)
            yield from _examine(replace(child, name=f"{pair.name}.{fields[i]}") if fields else child)


def _examine_exception(pair: ValuePair, kind: type[Exception]) -> Iterator[Finding]:
    """Ask for an exception of a kind, or of one that comes from it; its words are free."""
    if not issubclass(type(pair.actual), kind):
        yield Finding(replace(pair, expected=kind).difference(Rung.TYPE))


def _unexpected(actual: Mapping[Any, object], expected: Mapping[Any, object], *, limit: int) -> tuple[str, ...]:
    """Return the first keys that nobody expected."""
    extra = islice((key for key in actual if key not in expected), limit)
    return tuple(_key_text(key) for key in extra)


def _key_text(key: object) -> str:
    if type(key) is str:
        return safe_text(key, limit=60)
    return step_text(key)[1:-1] if type(key) in (int, bool, tuple) else "…"


def _examine_dict(pair: ValuePair, expected: dict[object, object]) -> Iterator[Finding]:
    actual, pair = pair.actual, replace(pair, expected=expected)
    if type(actual) not in DICTS or not isinstance(actual, dict):
        yield Finding(pair.difference(Rung.TYPE))
        return
    keys = _unexpected(actual, expected, limit=_MAX_SEARCHED)
    if keys:
        yield Finding(replace(pair.difference(Rung.SHAPE), keys=keys[:_MAX_KEYS]))
    for key, value in expected.items():
        child = pair.child(key, actual.get(key), value)
        if key in actual:
            yield from _examine(child)
        else:
            yield Finding(Difference(child.name, Rung.PRESENT, MISSING, describe(value), keys=keys))
