"""Ask what kind of value a probe returned, before a check computes with it.

`grader.compare.ladder` compares with values that are known; here only the kind is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from grader.compare.arrays import plain_number
from grader.compare.comparison import Comparison, Description, Difference, Expectation, Mismatch, Rung, Spec
from grader.compare.describe import DICTS, MISSING, describe, is_list
from grader.compare.deviation import measure_alone
from grader.compare.ladder import find_mismatches
from grader.compare.texts import step_text
from grader.compare.wording import feedback_for
from grader.errors import CourseError

_INT64 = range(-(2**63), 2**63)
_PLAIN = (bool, int, float, str)


def assert_kinds(actual: Mapping[str, object], kinds: Mapping[str, object]) -> None:
    """Raise `Mismatch` unless every name is there with a value of its kind; names that aren't asked for are ignored.

    A kind is `bool`, `int`, `float` (any finite number), `str`, a `Spec`, a kind of exception, `[kind]` for a list of
    any length, `(kind, kind)` for a list or tuple of as many, or a dict of kinds by key. What comes from a submission
    may be anything: a check that computes with it has to ask first.
    Raises CourseError for anything else in place of a kind.
    """
    ask = _Ask(any_float=getattr(actual, "any_float", False) is True)
    differences = tuple(ask.items(actual, kinds, name=""))
    if differences:
        comparison = Comparison(differences)
        raise Mismatch(comparison, feedback_for(comparison))


@dataclass(frozen=True, slots=True)
class _Ask:
    """Ask values for their kinds; `any_float` says that one floating dtype is as good as another."""

    any_float: bool

    def items(self, actual: Mapping[str, object], kinds: Mapping[str, object], *, name: str) -> Iterator[Difference]:
        """Examine the values of a dict; `name` is what students read of it, "" for the outputs themselves."""
        for key, kind in kinds.items():
            path = name + step_text(key) if name else key
            if key in actual:
                yield from self.value(actual[key], kind, name=path)
            else:
                yield Difference(path, Rung.PRESENT, MISSING, _describe_kind(kind))

    def value(self, actual: Any, kind: object, *, name: str) -> Iterator[Difference]:
        """Examine one value."""
        actual = plain_number(actual)
        other = Difference(name, Rung.TYPE, describe(actual), _describe_kind(kind))
        match kind:
            case Spec():
                found = find_mismatches({name: actual}, Expectation({name: kind}), any_float=self.any_float)
                yield from (finding.difference for finding in found)
            case tuple() | [_]:
                yield from self._list(actual, kind, other=other)
            case Mapping() if type(actual) in DICTS:
                yield from self.items(actual, kind, name=name)
            case Mapping():
                yield other
            case _:
                yield from _examine_plain(actual, kind, other=other)

    def _list(self, actual: Any, kind: Any, *, other: Difference) -> Iterator[Difference]:
        if not is_list(actual):
            yield other
        elif isinstance(kind, tuple) and len(actual) != len(kind):
            yield replace(other, rung=Rung.SHAPE)
        else:
            kinds = kind if isinstance(kind, tuple) else kind * len(actual)
            for number, (item, of) in enumerate(zip(actual, kinds, strict=True)):
                yield from self.value(item, of, name=f"{other.name}[{number}]")


def _examine_plain(actual: Any, kind: object, *, other: Difference) -> Iterator[Difference]:
    fits = type(actual) in (int, float) if kind is float else type(actual) is kind
    if isinstance(kind, type) and issubclass(kind, Exception):
        fits = issubclass(type(actual), kind)
    if not fits or (type(actual) is int and actual not in _INT64):
        yield other
    elif type(actual) is float and (alone := measure_alone(torch.tensor(actual))):
        yield Difference(other.name, Rung.FINITE, other.actual, other.expected, deviation=alone)


def _describe_kind(kind: object) -> Description:
    match kind:
        case Spec():
            return describe(kind)
        case tuple():
            return Description(kind="list", size=len(kind))
        case [_]:
            return Description(kind="list")
        case Mapping():
            return Description(kind="dict")
        case type() if issubclass(kind, Exception):
            return describe(kind)
        case type() if kind in _PLAIN:
            return Description(kind="number" if kind is float else kind.__name__)
    raise CourseError(
        f"The check asks for the kind {kind!r}, which does not exist.",
        remedy="Ask for bool, int, float, str, a Spec, an exception, `[kind]` for a list, or a dict of kinds.",
    )
