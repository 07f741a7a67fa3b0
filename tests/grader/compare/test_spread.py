"""How far two runs are apart, and the tolerance that follows."""

import pytest
import torch

from grader.compare import Tolerance
from grader.compare.arrays import copied
from grader.compare.comparison import floor_for
from grader.compare.spread import MARGIN, spreads_between, tolerances_from

FLOOR = floor_for(torch.float32)


def test_every_floating_value_has_a_spread_under_its_ladder_name():
    """Tensors and floats in lists and dicts are measured each for itself; integers and texts aren't measured."""
    one = {"grads": [torch.zeros(2), {"loss": 1.0}], "labels": torch.zeros(2, dtype=torch.int64), "word": "x", "n": 3}
    other = {"grads": [torch.tensor([0.0, 0.25]), {"loss": 1.5}], "labels": torch.ones(2), "word": "y", "n": 4}
    assert spreads_between(one, other) == {"grads[0]": 0.25, 'grads[1]["loss"]': 0.5}


def test_what_the_other_run_lacks_has_no_spread():
    """Values of another shape or that are missing, and elements that aren't finite, count as not apart."""
    one = {"a": torch.ones(3), "b": torch.ones(3), "c": torch.tensor([1.0, float("nan"), float("inf")])}
    other = {"a": torch.zeros(2), "c": torch.tensor([1.0, 3.0, 4.0])}
    assert spreads_between(one, other) == {"a": 0.0, "b": 0.0, "c": 0.0}
    assert spreads_between({"a": torch.ones(0)}, {"a": torch.ones(0)}) == {"a": 0.0}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_the_floor_is_that_of_the_dtype(dtype):
    """Without a spread, the floor of the value's own dtype holds."""
    assert tolerances_from({"z": torch.ones(2, dtype=dtype)}, {}) == {"z": floor_for(dtype)}


def test_a_float_has_the_floor_of_float32():
    """A plain float is taken for the item of a float32 tensor; an integer is compared exactly."""
    assert tolerances_from({"loss": 0.5, "n": 3}, {}) == {"loss": FLOOR}


def test_the_tolerance_is_a_multiple_of_the_spread():
    """Beyond the floor, a spread times the margin is the absolute tolerance, up to a share of the largest value."""
    values = {"z": torch.tensor([1.0, -10.0])}
    assert tolerances_from(values, {"z": 0.1}) == {"z": Tolerance(FLOOR.rtol, MARGIN * 0.1)}
    assert tolerances_from(values, {"z": 0.1}, max_share=0.01) == {"z": Tolerance(FLOOR.rtol, 0.1)}
    assert tolerances_from({"z": torch.zeros(2)}, {"z": 0.1}, max_share=0.01) == {"z": FLOOR}


def test_copies_are_apart_and_wide():
    """A copy shares no memory, keeps requires_grad, and casts floating tensors only."""
    value = {"x": [torch.ones(2, requires_grad=True)], "labels": (torch.ones(2, dtype=torch.int64),), "n": 3}
    copy = copied(value, wide=True)
    assert (copy["x"][0].dtype, copy["x"][0].requires_grad) == (torch.float64, True)
    assert (copy["labels"][0].dtype, copy["n"]) == (torch.int64, 3)
    same = copied(value, wide=False)
    assert same["x"][0].dtype is torch.float32
    assert same["x"][0].data_ptr() != value["x"][0].data_ptr()
