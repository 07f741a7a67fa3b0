"""Compare what a submission returned with what a check expects, and raise one explained `Mismatch`.

Checks call `assert_matches`; `grader.compare.wording` puts the `Mismatch` into words.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

import torch

from grader.compare.comparison import Comparison, Context, Difference, Expectation, Mismatch
from grader.compare.heat import heat_maps
from grader.compare.ladder import find_mismatches
from grader.compare.lookalikes import find_lookalike
from grader.compare.spread import tensors_in
from grader.compare.stretch import UNBOUNDED, note_stretch
from grader.compare.wording import MAX_ITEMS, feedback_for

_NO_CONTEXT = Context()
_MAX_MATCHED = 20


def compare(
    actual: Mapping[str, object],
    expected: Expectation | Mapping[str, object],
    *,
    context: Context = _NO_CONTEXT,
) -> Comparison:
    """Return everything in which `actual` differs from `expected`; names that aren't expected are ignored.

    Lookalikes are looked for only in the differences that are told. Raises CourseError if an expected value is of
    a kind that can't be compared.
    """
    asked = expected if isinstance(expected, Expectation) else Expectation(expected)
    devices = getattr(actual, "devices", None)
    findings = find_mismatches(
        actual,
        asked,
        devices=devices if isinstance(devices, Mapping) else None,
        any_float=getattr(actual, "any_float", False) is True,
    )
    differences: list[Difference] = []
    siblings: dict[str, torch.Tensor] = {}
    for finding in findings:
        siblings = siblings or dict(tensors_in(asked.values))
        told = len(differences) < MAX_ITEMS
        lookalike = find_lookalike(finding, context, siblings=siblings) if told else None
        heat = heat_maps(finding) if told else ()
        differences.append(replace(finding.difference, lookalike=lookalike, heat=heat))
        note_stretch(UNBOUNDED if finding.stretch is None else finding.stretch)
    return Comparison(tuple(differences), matched=_matched(siblings, differences))


def _matched(expected: Mapping[str, torch.Tensor], differences: list[Difference]) -> tuple[str, ...]:
    """Return the names of the first expected tensors in which nothing differs, neither they nor what holds them."""
    wrong = [difference.name for difference in differences]
    right = (name for name in expected if not any(name == other or name.startswith(f"{other}[") for other in wrong))
    return tuple(islice(right, _MAX_MATCHED))


def assert_matches(
    actual: Mapping[str, object],
    expected: Expectation | Mapping[str, object],
    *,
    context: Context = _NO_CONTEXT,
) -> None:
    """Raise `Mismatch` unless every expected name is there with a value that passes every rung of the ladder."""
    comparison = compare(actual, expected, context=context)
    if not comparison.passed:
        raise Mismatch(comparison, feedback_for(comparison))
