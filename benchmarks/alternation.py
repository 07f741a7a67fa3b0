"""Measure works in turn, round after round: first, second, first, second.

A machine whose speed swings shows ratios that hold: what is compared was measured within one round, and the median of
the rounds' ratios is told. Every section that compares uses it; `figures.py` holds what comes out.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_turn(works: Mapping[str, Callable[[], T]], *, rounds: int) -> dict[str, list[T]]:
    """Do all works once a round; return what each gave, by name, one value a round."""
    given: dict[str, list[T]] = {name: [] for name in works}
    for _round in range(rounds):
        for name, work in works.items():
            given[name].append(work())
    return given


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median of the rounds' ratios; a round that shows no cost below at all is left out."""
    return statistics.median(one / other for one, other in zip(above, below, strict=True) if other > 0)
