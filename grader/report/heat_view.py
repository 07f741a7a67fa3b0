"""Turns a map of differences into what an SVG draws: one path per level, and a sentence for those who can't see it.

`grader.report.check_view` shows the maps of a check's values.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from grader.results.verdict import HeatMap

_TONES = {".": "h0", "!": "hx"} | {str(level): f"h{level}" for level in range(1, 9)}


@dataclass(frozen=True, slots=True)
class HeatView:
    """Show one map: `paths` are pairs of a CSS class and path data, in cells; `scale` is how large a cell is drawn."""

    caption: str
    words: str
    width: int
    height: int
    scale: int
    paths: tuple[tuple[str, str], ...]
    peak: str
    has_broken: bool


@lru_cache(maxsize=1024)  # a page is made for the student and one for the instructor, and many make one mistake
def heat_view(heat: HeatMap, *, name: str) -> HeatView:
    """Return how the map of the value `name` is drawn."""
    width, height = max(map(len, heat.cells), default=1), len(heat.cells)
    return HeatView(
        caption=f"{name}{heat.place}",
        words=_words(heat),
        width=width,
        height=height,
        scale=min(14, max(5, 200 // max(width, height, 1))),
        paths=_paths(heat.cells),
        peak=heat.peak,
        has_broken=any("!" in row for row in heat.cells),
    )


def _words(heat: HeatMap) -> str:
    rows, columns = heat.shape
    wrong, total = sum(len(row) - row.count(".") for row in heat.cells), sum(map(len, heat.cells))
    part = f"{rows} × {columns}" if rows > 1 else f"{columns} in a row"
    pooled = f", drawn as {total} cells" if rows * columns != total else ""
    differ = f"all {total} cells differ" if wrong == total else f"{wrong} of {total} cells differ"
    return f"{part}{pooled}: {differ}"


def _paths(cells: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the path of every level that occurs, as horizontal strokes along the rows."""
    strokes: dict[str, list[str]] = {}
    for y, row in enumerate(cells):
        x = 0
        for letter, run in groupby(row):
            length = len(list(run))
            strokes.setdefault(_TONES.get(letter, "hx"), []).append(f"M{x} {y}h{length}")
            x += length
    return tuple((tone, "".join(parts)) for tone, parts in sorted(strokes.items()))
