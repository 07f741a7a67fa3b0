"""Draw where two tensors of one shape differ: small maps of their difference, as data.

`grader.compare.assertion` adds them to the differences that are told; scorecards draw them.
"""

import torch
from torch.nn.functional import adaptive_max_pool2d

from grader.compare.comparison import Rung
from grader.compare.deviation import not_finite, too_far, widened
from grader.compare.findings import Finding
from grader.compare.texts import number_text
from grader.results.verdict import HeatMap

MAX_SIDE = 32

_MAX_AXES = 4
_MAX_ELEMENTS = 2**22
_STEPS = 8
_NOT_FINITE = _STEPS + 1
_LETTERS = ".12345678!"


def heat_maps(finding: Finding) -> tuple[HeatMap, ...]:
    """Return a map of a tensor with one or two axes; with three or four, all leading indices and the worst one's map.

    There is none where shapes differ, and none of a single value or one too large to draw.
    """
    actual, expected = finding.actual, finding.expected
    if finding.difference.rung not in (Rung.FINITE, Rung.CLOSE) or actual is None or expected is None:
        return ()
    if not 1 <= actual.ndim <= _MAX_AXES or not 2 <= actual.numel() <= _MAX_ELEMENTS:
        return ()
    sides = widened(actual), widened(expected)
    broken, far = not_finite(*sides), too_far(*sides, finding.tolerance)
    gap = torch.where(far, (sides[0] - sides[1]).abs(), 0.0)
    levels = torch.where(far, (gap / gap.max() * _STEPS).ceil().clamp(1, _STEPS), 0.0).nan_to_num(1.0)
    levels = torch.where(broken, float(_NOT_FINITE), levels)
    peak = number_text(float(gap.max()), digits=3) if bool(far.any()) else ""
    deviation = finding.difference.deviation
    return _maps(levels, peak=peak, worst=deviation.index if deviation else (0,) * actual.ndim)


def _maps(levels: torch.Tensor, *, peak: str, worst: tuple[int, ...]) -> tuple[HeatMap, ...]:
    axes = levels.ndim
    if axes <= 2:
        return (_map(levels, place=_place([":"] * axes), peak=peak),)
    lead = worst[: axes - 2]
    slice_map = _map(levels[lead], place=_place([*map(str, lead), ":", ":"]), peak=peak)
    if levels[..., 0, 0].numel() == 1:
        return (slice_map,)
    return _map(levels.amax(dim=(-2, -1)), place=_place([":"] * (axes - 2) + ["…"]), peak=peak), slice_map


def _map(levels: torch.Tensor, *, place: str, peak: str) -> HeatMap:
    rows = levels if levels.ndim == 2 else levels[None]
    height, width = rows.shape
    pooled = adaptive_max_pool2d(rows[None], (min(height, MAX_SIDE), min(width, MAX_SIDE)))[0]
    cells = tuple("".join(_LETTERS[int(level)] for level in row) for row in pooled.tolist())
    return HeatMap(place=place, shape=(height, width), cells=cells, peak=peak)


def _place(parts: list[str]) -> str:
    return f"[{', '.join(parts)}]"
