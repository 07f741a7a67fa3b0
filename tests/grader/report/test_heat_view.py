"""Tests of grader.report.heat_view."""

import re

from grader.report.heat_view import heat_view
from grader.results.verdict import HeatMap


def _cells(view):
    """Return what the strokes of a view draw, by cell."""
    drawn = {}
    for tone, path in view.paths:
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", path):
            for i in range(int(length)):
                assert drawn.setdefault((int(x) + i, int(y)), tone) == tone
    return drawn


def test_every_cell_is_drawn_once_in_its_tone():
    """The strokes cover the map: right, eighths of the worst, and not finite."""
    view = heat_view(HeatMap("[:, :]", (2, 4), ("..18", "!!1."), "0.5"), name="z")
    tones = {
        (0, 0): "h0",
        (1, 0): "h0",
        (2, 0): "h1",
        (3, 0): "h8",
        (0, 1): "hx",
        (1, 1): "hx",
        (2, 1): "h1",
        (3, 1): "h0",
    }
    assert _cells(view) == tones
    assert (view.width, view.height, view.has_broken, view.peak) == (4, 2, True, "0.5")


def test_a_map_says_in_words_what_it_shows():
    """Caption and words name the part, its size, and how many cells differ."""
    assert heat_view(HeatMap("[:, :]", (2, 3), ("...", "..1"), "1"), name="z").words == "2 × 3: 1 of 6 cells differ"
    assert heat_view(HeatMap("[:]", (1, 3), ("111",), "1"), name="z").words == "3 in a row: all 3 cells differ"
    pooled = heat_view(HeatMap("[0, :, :]", (100, 3), ("..1",) * 32, "1"), name="z")
    assert pooled.words == "100 × 3, drawn as 96 cells: 32 of 96 cells differ"
    assert pooled.caption == "z[0, :, :]"
