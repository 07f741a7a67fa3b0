"""Ask what kind of value a probe returned, before a check computes with it.

`grader.compare.ladder` compares with values that are known; here only the kind is known.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from grader.compare.comparison import Comparison, Description, Difference, Expectation, Mismatch, Rung, Spec
from grader.compare.describe import DICTS, LISTS, MISSING, describe
from grader.compare.deviation import measure_alone
from grader.compare.ladder import find_mismatches
from grader.compare.wording import feedback_for
from grader.errors import CourseError

_INT64 = range(-(2**63), 2**63)
_PLAIN = (bool, int, float, str)


def assert_kinds(actual: Mapping[str, object], kinds: Mapping[str, object]) -> None:
    """Raise `Mismatch` unless every name is there with a value of its kind; names that aren't asked for are ignored.

    A kind is `bool`, `int`, `float` (any finite number), `str`, a `Spec`, `[kind]` for a list of any length, or a dict
    of kinds by key. What comes from a submission may be anything: a check that computes with it has to ask first.
    Raises CourseError for anything else in place of a kind.
    """
    differences = tuple(_examine_items(actual, kinds, name="{}"))
    if differences:
        comparison = Comparison(differences)
        raise Mismatch(comparison, feedback_for(comparison))


def _examine_items(actual: Mapping[str, object], kinds: Mapping[str, object], *, name: str) -> Iterator[Difference]:
    """Examine the values of a dict; `name` with the key in it is what students read."""
    for key, kind in kinds.items():
        if key in actual:
            yield from _examine(actual[key], kind, name=name.format(key))
        else:
            yield Difference(name.format(key), Rung.PRESENT, MISSING, _describe_kind(kind))


def _examine(actual: Any, kind: object, *, name: str) -> Iterator[Difference]:
    other = Difference(name, Rung.TYPE, describe(actual), _describe_kind(kind))
    match kind:
        case Spec():
            found = find_mismatches({name: actual}, Expectation({name: kind}))
            yield from (finding.difference for finding in found)
        case [of]:
            if type(actual) not in LISTS:
                yield other
                return
            for number, item in enumerate(actual):
                yield from _examine(item, of, name=f"{name}[{number}]")
        case Mapping():
            if type(actual) not in DICTS:
                yield other
                return
            yield from _examine_items(actual, kind, name=f'{name}["{{}}"]')
        case _:
            yield from _examine_plain(actual, kind, other=other)


def _examine_plain(actual: Any, kind: object, *, other: Difference) -> Iterator[Difference]:
    fits = type(actual) in (int, float) if kind is float else type(actual) is kind
    if not fits or (type(actual) is int and actual not in _INT64):
        yield other
    elif type(actual) is float and (alone := measure_alone(torch.tensor(actual))):
        yield Difference(other.name, Rung.FINITE, other.actual, other.expected, deviation=alone)


def _describe_kind(kind: object) -> Description:
    match kind:
        case Spec():
            return describe(kind)
        case [_]:
            return Description(kind="list")
        case Mapping():
            return Description(kind="dict")
        case type() if kind in _PLAIN:
            return Description(kind="number" if kind is float else kind.__name__)
    raise CourseError(
        f"The check asks for the kind {kind!r}, which does not exist.",
        remedy="Ask for bool, int, float, str, a Spec, `[kind]` for a list, or a dict of kinds.",
    )
