"""Turns a curve of a training into what an SVG draws, and into sentences, also for those who can't see it.

`grader.report.check_view` shows the curves of a check; `grader.report.terminal` only says them.
"""

import math
from dataclasses import dataclass

from grader.results.plain_text import number
from grader.results.verdict import Curve, Line

WIDTH, HEIGHT = 360, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 352, 14, 140  # of what is drawn; the rest is for the numbers at the axes
_STEPS = 4  # between the numbers at an axis, at most


@dataclass(frozen=True, slots=True)
class CurveLineView:
    """Show one line: path data in pixels, and its numbers in words; `tone` names a CSS class."""

    tone: str
    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Show a number at an axis, `place` pixels from the drawing's top or left."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class CurveView:
    """Show one curve; `target` is its height in pixels, or None if the check asks for nothing.

    `cutoffs` are labelled with the part of the points that they earn.
    """

    name: str
    lines: tuple[CurveLineView, ...]
    heights: tuple[Tick, ...]
    epochs: tuple[Tick, ...]
    target: float | None
    target_words: str
    is_drawn: bool
    cutoffs: tuple[Tick, ...] = ()


def curve_view(curve: Curve) -> CurveView:
    """Return how a curve is drawn and told."""
    values = [value for line in curve.lines for value in line.values if value is not None]
    first = min((line.epochs[0] for line in curve.lines if line.epochs), default=1.0)
    last = max((line.epochs[-1] for line in curve.lines if line.epochs), default=1.0)
    low, high, step = _range([*values, *_target_of(curve)], is_percent=curve.unit == "%")

    def height(value: float) -> float:
        return round(_BOTTOM - (value - low) / (high - low) * (_BOTTOM - _TOP), 1)

    def place(epoch: float) -> float:
        share = (epoch - first) / (last - first) if last > first else 0.5
        return round(_LEFT + share * (_RIGHT - _LEFT), 1)

    def path(line: Line) -> str:
        pairs = zip(line.epochs, line.values, strict=True)
        return _path([(place(epoch), None if value is None else height(value)) for epoch, value in pairs])

    ticks = [low + i * step for i in range(round((high - low) / step) + 1)]
    return CurveView(
        name=curve.name,
        lines=tuple(
            CurveLineView(f"line{i}", path(line), _words(line, curve)) for i, line in enumerate(curve.lines, 1)
        ),
        heights=tuple(Tick(height(value), _text(value)) for value in ticks),
        epochs=tuple(Tick(place(epoch), str(epoch)) for epoch in sorted({1, math.ceil(last)})),
        target=None if curve.target is None else height(curve.target),
        target_words=_target_words(curve),
        is_drawn=bool(values),
        cutoffs=tuple(Tick(height(value), _part(part)) for value, part in curve.cutoffs),
    )


def curve_words(curve: Curve) -> tuple[str, ...]:
    """Return what a curve shows: one sentence per line, and one for the target."""
    words = [_words(line, curve) for line in curve.lines]
    return tuple(f"{sentence}." for sentence in (*words, _target_words(curve)) if sentence)


def _target_of(curve: Curve) -> list[float]:
    return [*([] if curve.target is None else [curve.target]), *(value for value, _ in curve.cutoffs)]


def _target_words(curve: Curve) -> str:
    words = [f"{_with_unit(value, curve)} earns {_part(part)}" for value, part in curve.cutoffs]
    told = f"Cut-offs, of the points: {', '.join(words)}" if words else ""
    if curve.target is None:
        return told
    target = f"Target: at {'most' if curve.falls else 'least'} {_with_unit(curve.target, curve)}"
    return f"{target}. {told}" if told else target


def _part(part: float) -> str:
    return f"{number(100 * part)} %"


def _range(values: list[float], *, is_percent: bool) -> tuple[float, float, float]:
    """Return the lowest and the highest number at the axis, and the step between two of them."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low >= 0:
        low = 0.0
        high = 100.0 if is_percent and high <= 100 else high
    width = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(width / _STEPS))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor * _STEPS >= width * (1 - 1e-9))
    low = math.floor(low / step + 1e-9) * step
    return low, low + max(1, math.ceil((high - low) / step - 1e-9)) * step, step


def _path(points: list[tuple[float, float | None]]) -> str:
    """Return path data with a gap where there is no height; a point between gaps is a dot."""
    parts: list[str] = []
    is_open = False
    for x, y in points:
        if y is not None:
            parts.append(f"{'L' if is_open else 'M'}{number(x)} {number(y)}{'' if is_open else 'h0'}")
        is_open = y is not None
    return "".join(parts)


def _words(line: Line, curve: Curve) -> str:
    """Return a line's name, where it began and ended, and its best number."""
    if not line.values:
        return f"{line.name}: no numbers came back"
    found = [(value, epoch) for epoch, value in zip(line.epochs, line.values, strict=True) if value is not None]
    if not found:
        return f"{line.name}: no finite numbers"
    best, at = min(found, key=lambda pair: pair[0]) if curve.falls else max(found, key=lambda pair: pair[0])
    count = _epoch(found[-1][1])
    span = f"in {count} epochs" if count > 1 else "in one epoch"
    words = f"{line.name}: from {_text(found[0][0])} to {_with_unit(found[-1][0], curve)} {span}"
    words += f", {'lowest' if curve.falls else 'highest'} {_with_unit(best, curve)} in epoch {_epoch(at)}"
    return f"{words}{_gap(line, last=found[-1][1])}"


def _gap(line: Line, *, last: float) -> str:
    """Say where a line first has no value, or "" if it has them all; `last` is where it has its last one."""
    broken = next((epoch for epoch, value in zip(line.epochs, line.values, strict=True) if value is None), None)
    if broken is None:
        return ""
    place = f"from epoch {_epoch(broken)} on" if broken > last else f"in epoch {_epoch(broken)}"
    return f"; {place} it is too large or no number"


def _epoch(epoch: float) -> int:
    return max(1, math.ceil(epoch - 1e-6))


def _with_unit(value: float, curve: Curve) -> str:
    return f"{_text(value)} {curve.unit}".strip()


def _text(value: float) -> str:
    return f"{value + 0.0:.4g}"
