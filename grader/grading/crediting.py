"""Let a check earn a part of its points by a measure: the table of cut-offs, read strictly, and what a value earns.

The fixture `credit` calls it, for the check of `grader.grading.check_run`; `grader.results.credit` is what comes out.

Why: docs/decisions.md#points-by-a-measure
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch

from grader.courses.assignment import Scoring, Task
from grader.courses.checks import Check
from grader.datasets.accuracy import Accuracy
from grader.errors import CourseError
from grader.grading.curves import Curves
from grader.results.credit import Credit

_LARGEST = 1e12
_HOW = "Write pairs of a cut-off and the part that it earns: `[(80, 0.5), (86, 1)]`."


class Crediting:
    """Take the measure of one check, once, and keep what it earns."""

    def __init__(self, check: Check, task: Task, curves: Curves) -> None:
        self._check = check
        self._task = task
        self._curves = curves
        self.credit: Credit | None = None

    def give(
        self,
        value: object,
        table: Sequence[tuple[float, float]],
        *,
        stepped: bool = False,
        falls: bool = False,
        unit: str = "",
        on: str = "",
        parameters: object = None,
    ) -> float:
        """Let the check earn the part of its points that the table gives for a measure; return that part.

        `value` is a number, an `Accuracy` (its percent), or a tensor of one element. The table has cut-offs, each with
        the part from 0 up that it earns, the least first; between two the part grows evenly, or where `stepped` it
        stays that of the last that is reached. `falls` says that less is better. `on` names a curve of this check, on
        which the cut-offs are drawn. `parameters` counts those of the network, for a leaderboard; what is no such
        number is left out. Raises AssertionError where the value is no finite number, and CourseError for a
        table that can't be meant, a second measure and an unknown curve.
        """
        cutoffs = self._read(table, falls=falls)
        if self.credit is not None:
            raise CourseError(
                f"`{self._check.name}` measures twice.", remedy="A check earns by one measure; write another check."
            )
        if on:
            self._curves.mark(on, cutoffs)
        measure = _number(value)
        part = _part(measure, cutoffs, stepped=stepped, falls=falls)
        unit = "%" if isinstance(value, Accuracy) and not unit else unit
        count = parameters if isinstance(parameters, int) and not isinstance(parameters, bool) else None
        self.credit = Credit(
            part,
            measure,
            cutoffs,
            is_stepped=stepped,
            falls=falls,
            unit=unit,
            parameters=count if count is not None and 0 <= count <= _LARGEST else None,
        )
        return part

    def _read(self, table: Sequence[tuple[float, float]], *, falls: bool) -> tuple[tuple[float, float], ...]:
        name, task = self._check.name, self._task
        if self._check.advice or task.scoring is Scoring.ALL_OR_NOTHING:
            why = "is advice" if self._check.advice else f"belongs to `{task.name}`, which pays all or nothing"
            raise CourseError(f"`{name}` {why}, so it can't earn a part.", remedy="Compare with the target instead.")
        try:
            cutoffs = tuple((float(cutoff), float(part)) for cutoff, part in table)
        except (TypeError, ValueError):
            raise CourseError(f"The credit table of `{name}` is {table!r:.80}.", remedy=_HOW) from None
        if not cutoffs or not all(math.isfinite(number) for pair in cutoffs for number in pair):
            raise CourseError(f"The credit table of `{name}` is {list(cutoffs)!r:.80}.", remedy=_HOW)
        sign, order = (-1, "fall") if falls else (1, "rise")
        for (one, less), (other, more) in pairwise(cutoffs):
            if sign * (other - one) <= 0 or more <= less:
                raise CourseError(
                    f"The credit table of `{name}` is out of order: ({other:g}, {more:g}) follows ({one:g}, {less:g}).",
                    remedy=f"Cut-offs have to {order} and parts to rise, from one pair to the next.",
                )
        _refuse_range(name, task, least=cutoffs[0][1], most=cutoffs[-1][1])
        return cutoffs


def _refuse_range(name: str, task: Task, *, least: float, most: float) -> None:
    """Raise CourseError where a part is less than nothing, where nobody could earn all, or for an unallowed bonus."""
    if least < 0:
        raise CourseError(
            f"The credit table of `{name}` begins with the part {least:g}.", remedy="Parts are 0 or more."
        )
    if most < 1:
        raise CourseError(
            f"The credit table of `{name}` ends with the part {most:g}: nobody could earn all points.",
            remedy="Let the last cut-off earn 1, which is all.",
        )
    if most > task.credit_up_to + 1e-9:
        raise CourseError(
            f"The credit table of `{name}` goes up to {most:g}; `{task.name}` allows {task.credit_up_to:g}.",
            remedy=f"End with 1, or write `credit_up_to = {most:g}` in `[tasks.{task.name}]`.",
        )


def _number(value: object) -> float:
    if isinstance(value, Accuracy):
        return value.percent
    if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AssertionError(f"The measure is a {type(value).__name__}; expected a number.")
    if not abs(value) <= _LARGEST:
        raise AssertionError(f"The measure is {value:.4g}; expected a finite number.")
    return float(value)


def _part(value: float, table: Sequence[tuple[float, float]], *, stepped: bool, falls: bool) -> float:
    """Return what a value earns; rounding errors of the last digits are in its favour."""
    sign = -1 if falls else 1
    reached = [sign * (value - cutoff) >= -1e-9 * max(1.0, abs(cutoff)) for cutoff, _ in table]
    count = sum(reached)
    if not count:
        return 0.0
    low, part = table[count - 1]
    if stepped or count == len(table):
        return part
    high, more = table[count]
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return part + share * (more - part)
