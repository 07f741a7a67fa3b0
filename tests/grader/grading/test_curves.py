"""Tests of keeping how a training went: numbers that may be anything."""

import math

import pytest
import torch

from grader.errors import CourseError
from grader.grading.curves import MAX_CURVES, MAX_LINES, MAX_POINTS, Curves
from grader.results.verdict import Curve, Line
from grader.sandbox.wire.tensors import Opaque


def _line(values, **options):
    curves = Curves()
    curves.draw("loss", {"training": values}, **options)
    return curves.drawn[0].lines[0]


def test_a_curve_keeps_what_was_drawn():
    """Name, lines, target, unit and direction stay as the check gave them; epochs count from 1."""
    curves = Curves()
    curves.draw("accuracy", {"training": [10, 55.5], "new": torch.tensor([9.0, 40.0])}, target=90, unit="%")
    lines = (Line("training", (1.0, 2.0), (10.0, 55.5)), Line("new", (1.0, 2.0), (9.0, 40.0)))
    assert curves.drawn == (Curve("accuracy", lines, target=90, unit="%"),)


def test_a_name_is_drawn_anew():
    """A second curve of the same name takes the place of the first."""
    curves = Curves()
    for values in ([1.0], [1.0, 2.0]):
        curves.draw("loss", {"training": values}, falls=True)
        curves.draw("accuracy", {"training": values})
    assert [(curve.name, len(curve.lines[0].values)) for curve in curves.drawn] == [("loss", 2), ("accuracy", 2)]


def test_several_numbers_an_epoch_share_its_axis():
    """Six numbers of three epochs lie half an epoch apart; five numbers of three epochs count as epochs."""
    assert _line([1.0] * 6, epochs=3).epochs == (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    assert _line([1.0] * 5, epochs=3).epochs == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert _line([1.0] * 2, epochs=3).epochs == (1.0, 2.0)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, 1e300, "9", None, True, [1.0], {"a": 1.0}, Opaque("int"), torch.ones(2), 1j],
)
def test_what_cant_be_drawn_is_a_gap(value):
    """What is no finite number of a size to draw leaves a gap between the others."""
    assert _line([1.0, value, 3]).values == (1.0, None, 3.0)


@pytest.mark.parametrize(
    "values", [None, 3.0, "loss", {"a": 1}, Opaque("list"), torch.ones(()), torch.ones(2, 2), torch.ones(2) * 1j, []]
)
def test_what_is_no_list_of_numbers_leaves_its_line_empty(values):
    """Nothing that a submission sent in place of a list of numbers fails the check or is drawn."""
    assert _line(values) == Line("training", (), ())


def test_single_tensors_are_numbers():
    """A list of tensors of one element is a list of numbers, rounded to six digits."""
    assert _line([torch.tensor(1 / 3), torch.tensor([2.0]), torch.tensor(4)]).values == (0.333333, 2.0, 4.0)


def test_a_long_line_is_thinned():
    """Of many numbers at most 200 stay: first and last, lowest and highest, the first gap, and others evenly."""
    values = torch.linspace(5.0, 1.0, 10_000)
    values[777], values[778], values[4321], values[4322] = 99.0, -99.0, math.nan, math.nan
    line = _line(values, epochs=10)
    kept = dict(zip(line.epochs, line.values, strict=True))
    assert len(kept) <= MAX_POINTS
    assert (kept[0.001], kept[10.0], kept[0.778], kept[0.779]) == (5.0, 1.0, 99.0, -99.0)
    assert kept[4.322] is None
    gaps = [b - a for a, b in zip(line.epochs, line.epochs[1:], strict=False)]
    assert max(gaps) < 0.06


def test_too_many_numbers_are_not_read():
    """A hundred thousand numbers are the most that is looked at."""
    assert _line(torch.ones(100_001)).values == ()


def test_a_check_can_draw_too_much():
    """More curves or lines than a scorecard shows are a mistake of the course."""
    curves = Curves()
    with pytest.raises(CourseError, match="The check draws too much with `loss`: a scorecard shows 4 curves of 4"):
        curves.draw("loss", {str(i): [1.0] for i in range(MAX_LINES + 1)})
    for i in range(MAX_CURVES):
        curves.draw(f"curve {i}", {})
    with pytest.raises(CourseError, match="Leave out what tells least"):
        curves.draw("one more", {})
