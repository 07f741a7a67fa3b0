"""Tests of grader.report.curve_view."""

import re

import pytest

from grader.report.curve_view import curve_view, curve_words
from grader.results.verdict import Curve, Line

ACCURACY = Curve("Accuracy", (Line("training", (1.0, 2.0, 3.0), (10.0, 98.0, 95.0)),), target=90.0, unit="%")


def test_the_target_and_the_numbers_are_where_they_belong():
    """Percentages have an axis from 0 to 100; points and target lie at its height for them."""
    view = curve_view(ACCURACY)
    assert [(tick.place, tick.label) for tick in view.heights][:: len(view.heights) - 1] == [
        (140.0, "0"),
        (14.0, "100"),
    ]
    assert view.target == pytest.approx(140 - 0.9 * 126, abs=0.06)
    assert view.lines[0].path == "M46 127.4h0L199 16.5L352 20.3"
    assert [(tick.place, tick.label) for tick in view.epochs] == [(46.0, "1"), (352.0, "3")]


def test_a_curve_is_told_in_words():
    """Beginning, end, best number with its epoch, and the target."""
    assert curve_words(ACCURACY) == (
        "training: from 10 to 95 % in 3 epochs, highest 98 % in epoch 2.",
        "Target: at least 90 %.",
    )
    loss = Curve("Loss", (Line("a", (0.5, 1.0, 1.5, 2.0), (2.5, 0.01, 3.0, 1.0)),), target=0.5, falls=True)
    assert curve_words(loss) == ("a: from 2.5 to 1 in 2 epochs, lowest 0.01 in epoch 1.", "Target: at most 0.5.")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (Line("a", (), ()), "a: no numbers came back."),
        (Line("a", (1.0, 2.0), (None, None)), "a: no finite numbers."),
        (Line("a", (1.0,), (7.0,)), "a: from 7 to 7 in one epoch, highest 7 in epoch 1."),
        (
            Line("a", (1.0, 2.0, 3.0), (7.0, None, None)),
            "a: from 7 to 7 in one epoch, highest 7 in epoch 1; from epoch 2 on it is too large or no number.",
        ),
        (
            Line("a", (1.0, 2.0, 3.0), (7.0, None, 8.0)),
            "a: from 7 to 8 in 3 epochs, highest 8 in epoch 3; in epoch 2 it is too large or no number.",
        ),
    ],
)
def test_what_is_not_there_is_said(line, words):
    """Missing numbers and those that can't be drawn are told, not passed over."""
    assert curve_words(Curve("A", (line,))) == (words,)


def test_gaps_stay_gaps():
    """No line is drawn over a number that wasn't finite, and a number between two gaps is a dot."""
    view = curve_view(Curve("A", (Line("a", tuple(map(float, range(1, 6))), (1.0, None, 2.0, None, None)),)))
    assert re.findall("[MLh]", view.lines[0].path) == ["M", "h", "M", "h"]
    assert not curve_view(Curve("A", (Line("a", (1.0,), (None,)),))).is_drawn


@pytest.mark.parametrize(
    "values", [(0.0, 0.0), (3.0, 3.0), (-2.0, -1.0), (1e12, -1e12), (1e-12, 2e-12), (99.0, 101.0), (1e12, 1.0)]
)
@pytest.mark.parametrize("unit", ["", "%"])
@pytest.mark.parametrize("target", [None, 0.0, 50.0])
def test_every_range_fits_the_drawing(values, unit, target):
    """Whatever the numbers are, points, target and numbers at the axes lie inside the drawing, in their order."""
    view = curve_view(Curve("A", (Line("a", (1.0, 2.0), values),), target=target, unit=unit))
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", view.lines[0].path)]
    assert all(14 <= y <= 140 for y in [*heights, *([view.target] if target is not None else [])])
    assert (heights[0] < heights[1]) == (values[0] > values[1]) or abs(heights[0] - heights[1]) < 0.1
    places = [tick.place for tick in view.heights]
    assert places == sorted(places, reverse=True)
    assert 2 <= len(places) <= 6
    assert len({tick.label for tick in view.heights}) == len(places)
