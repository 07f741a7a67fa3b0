"""Tests of grader.compare.heat."""

import pytest
import torch

from grader.compare.assertion import compare
from grader.compare.comparison import Expectation, Spec
from grader.compare.heat import MAX_SIDE


def _heat(actual, expected):
    (difference,) = compare({"z": actual}, {"z": expected}).differences
    return difference.heat


def test_a_matrix_is_one_map():
    """Cells within the tolerance are dots, others eighths of the largest difference, rounded up."""
    expected = torch.zeros(2, 4)
    actual = torch.tensor([[0.0, 8.0, 1.0, 1.5], [0.0, 0.0, -4.0, 0.01]])
    (heat,) = _heat(actual, expected)
    assert (heat.place, heat.shape, heat.peak) == ("[:, :]", (2, 4), "8")
    assert heat.cells == (".812", "..41")


def test_what_is_not_finite_stands_out():
    """nan and infinity are told from large differences, and there is no peak without a finite difference."""
    actual = torch.tensor([float("nan"), 0.0, float("inf")])
    (heat,) = _heat(actual, torch.zeros(3))
    assert (heat.place, heat.cells, heat.peak) == ("[:]", ("!.!",), "")


@pytest.mark.parametrize(
    ("shape", "index", "places"),
    [
        ((3, 4, 5), (2, 1, 1), ["[:, …]", "[2, :, :]"]),
        ((2, 3, 4, 5), (1, 2, 0, 4), ["[:, :, …]", "[1, 2, :, :]"]),
        ((1, 1, 4, 5), (0, 0, 3, 3), ["[0, 0, :, :]"]),
    ],
)
def test_more_axes_show_where_and_the_worst(shape, index, places):
    """With three or four axes there is a map of the leading ones, and one of the slice that holds the worst."""
    actual = torch.zeros(shape)
    actual[index] = 1.0
    maps = _heat(actual, torch.zeros(shape))
    assert [heat.place for heat in maps] == places
    assert maps[-1].cells[index[-2]][index[-1]] == "8"
    assert all(sum(len(row) - row.count(".") for row in heat.cells) == 1 for heat in maps)


@pytest.mark.parametrize("shape", [(1000,), (33, 500), (2, 100, 100)])
def test_a_large_tensor_keeps_its_worst_cells(shape):
    """A map has at most 32 rows and columns; no wrong element gets lost among right ones."""
    actual = torch.zeros(shape)
    actual[(-1,) * len(shape)] = 1.0
    for heat in _heat(actual, torch.zeros(shape)):
        assert len(heat.cells) <= MAX_SIDE
        assert all(len(row) <= MAX_SIDE for row in heat.cells)
        assert heat.cells[-1][-1] == "8"


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (torch.zeros(2, 3), torch.zeros(3, 2)),
        (torch.zeros(()), torch.ones(())),
        (torch.zeros(1), torch.ones(1)),
        (torch.zeros(2, 2, 2, 2, 2), torch.ones(2, 2, 2, 2, 2)),
        (torch.full((3,), float("nan")), Spec((3,))),
        (torch.zeros(2, dtype=torch.int64), torch.zeros(2)),
    ],
)
def test_what_cannot_be_drawn_is_not(actual, expected):
    """Other shapes, single values, five axes, and values that nobody knows have no map."""
    assert _heat(actual, expected) == ()


def test_what_is_right_is_named():
    """Beside what differs, the tensors in which nothing does are named, also within lists."""
    one = torch.ones(2)
    found = compare({"a": one, "b": one, "c": [one, one]}, Expectation({"a": one, "b": one + 1, "c": [one, one + 1]}))
    assert found.matched == ("a", "c[0]")
    assert compare({"a": one, "c": [one]}, {"a": one, "c": [one, one]}).matched == ("a",)
