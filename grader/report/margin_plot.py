"""Turns the margins of an assignment into what an SVG draws: a row for each check, on one logarithmic axis.

`grader.report.audit_page` puts it on the author's page; `grader.authoring.margins` has measured.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.report.html import report_templates

if TYPE_CHECKING:
    from grader.authoring.margins import Margin, Stretched

WIDTH = 860
_LEFT, _RIGHT, _TOP, _BOTTOM, _ROW = 330, 820, 34, 22, 17  # pixels: the axis, what is above and below it, a row
_LOW, _HIGH = -4, 6  # powers of ten between which stretches are drawn
_LABEL = 46  # letters of a check's name that fit beside the axis
_EVERY = 2  # powers of ten between numbers at the axis


@dataclass(frozen=True, slots=True)
class MarginDot:
    """Show one submission's stretch, `place` pixels from the left, and in words."""

    place: float
    words: str


@dataclass(frozen=True, slots=True)
class MarginRow:
    """Show a check, or where there is no `check` the title of a task, `height` pixels from the top."""

    height: int
    title: str
    check: str
    right: MarginDot | None = None
    wrong: tuple[MarginDot, ...] = ()


@dataclass(frozen=True, slots=True)
class AxisMark:
    """Show a number at the axis, or a line across the plot."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class MarginPlot:
    """Show all margins of an assignment; `limit` is where the tolerance ends, `near` where work is near it."""

    rows: tuple[MarginRow, ...]
    width: int
    height: int
    marks: tuple[AxisMark, ...]
    limit: float
    near: tuple[float, float]
    unmeasured: int


def margin_plot(margins: Collection["Margin"], *, titles: Mapping[str, str]) -> MarginPlot:
    """Return the plot of an assignment's margins, task by task in the order of `titles`."""
    rows: list[MarginRow] = []
    for task, title in titles.items():
        own = [margin for margin in margins if margin.task == task and margin.is_measured]
        for row in ([None, *own]) if own else ():
            height = _TOP + _ROW * len(rows) + _ROW // 2 + 4
            rows.append(MarginRow(height, _cut(title), "") if row is None else _row(row, height))
    powers = range(_LOW, _HIGH + 1, _EVERY)
    return MarginPlot(
        rows=tuple(rows),
        width=WIDTH,
        height=_TOP + _ROW * len(rows) + _BOTTOM,
        marks=tuple(AxisMark(_place(10.0**power), _label(10.0**power)) for power in powers),
        limit=_place(1.0),
        near=(_place(1 / 3), _place(3.0)),
        unmeasured=sum(not margin.is_measured for margin in margins),
    )


def draw_margins(plot: MarginPlot, title: str) -> str:
    """Return the plot as an SVG file of its own."""
    return report_templates().get_template("margins.svg").render(plot=plot, title=title)


def _row(margin: "Margin", height: int) -> MarginRow:
    right = None if margin.right is None else _dot(margin.right)
    return MarginRow(height, _cut(margin.check), margin.check, right, tuple(map(_dot, margin.wrong)))


def _label(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"


def _dot(one: "Stretched") -> MarginDot:
    return MarginDot(_place(one.stretch), f"{one.subject}: {one.stretch:.3g} of the tolerance")


def _place(stretch: float) -> float:
    """Return how many pixels from the left a stretch stands; what is beyond the axis stands at its end."""
    power = math.log10(stretch) if stretch > 0 else _LOW
    share = (min(max(power, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)
    return round(_LEFT + share * (_RIGHT - _LEFT), 1)
