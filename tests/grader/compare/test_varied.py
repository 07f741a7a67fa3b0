"""Tests of asking that outputs depend on what went in."""

import pytest
import torch

from grader.compare import assert_varied

ROWS = torch.arange(6.0).reshape(3, 2)


def test_rows_that_differ_pass():
    """One element that differs between rows is enough, in each tensor of a list."""
    almost = torch.zeros(3, 2)
    almost[2, 1] = 1
    assert_varied({"a": ROWS, "b": [almost, ROWS]}, "a", "b")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (torch.zeros(3, 2), "0 everywhere"),
        (torch.ones(3), "the same in every row"),
        (ROWS[:1].expand(3, 2), "the same in every row"),
        ([ROWS, torch.zeros(2, 2)], "0 everywhere"),
    ],
)
def test_rows_that_are_all_the_same_fail(value, what):
    """Zeros, a constant and one row for all are told."""
    with pytest.raises(AssertionError, match=f"^`a` is {what}; expected values that depend on what went in"):
        assert_varied({"a": value}, "a")


@pytest.mark.parametrize("value", [None, 3, "text", torch.tensor(1.0), torch.zeros(0, 2), torch.zeros(1, 2), []])
def test_what_has_no_rows_to_compare_passes(value):
    """Other kinds and single rows are for those who ask for shapes."""
    assert_varied({"a": value}, "a", "missing")
