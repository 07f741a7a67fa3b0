"""Expectations measured on the inputs at hand."""

import pytest
import torch

from grader.compare import Mismatch, assert_matches, measured
from grader.compare.assertion import compare
from grader.compare.comparison import floor_for

FLOOR = floor_for(torch.float32)


def affine(x, w, b):
    return {"z": x @ w.T + b}


def test_the_expected_value_is_the_float64_result_in_the_own_dtype():
    """The expected tensor is computed in float64 and cast back."""
    x, w, b = torch.randn(7, 5), torch.randn(3, 5), torch.randn(3)
    expectation = measured(affine, x=x, w=w, b=b)
    assert torch.equal(expectation.values["z"], (x.double() @ w.double().T + b.double()).float())
    assert expectation.values["z"].dtype is torch.float32


def test_the_own_computation_matches():
    """What the formula gives in its own dtype always matches."""
    x, w, b = 1e4 * torch.randn(70, 500), torch.randn(3, 500), torch.randn(3)
    assert_matches(affine(x, w, b), measured(affine, x=x, w=w, b=b))


def test_the_tolerance_is_at_least_the_floor():
    """A formula without rounding gets the floor of its dtype."""
    assert measured(lambda x: {"z": 2 * x}, x=torch.ones(3)).tolerances == {"z": FLOOR}


def test_the_tolerance_is_eight_times_the_spread():
    """Where rounding shows, the absolute tolerance is eight times what was seen."""
    x = torch.linspace(0, 1, 1000)
    own = float(((x + 1e3) - 1e3).double().sub(x.double()).abs().max())
    tolerance = measured(lambda x: {"z": (x + 1e3) - 1e3}, x=x).tolerances["z"]
    assert tolerance.atol == pytest.approx(8 * own, rel=1e-2)
    assert tolerance.rtol == FLOOR.rtol


def test_inputs_cannot_buy_a_wide_tolerance():
    """With inputs chosen to lose all digits the tolerance stays at one percent of the largest expected value."""
    x = torch.linspace(0, 1, 10)
    expectation = measured(lambda x, w: {"z": (x + w) - w}, x=x, w=torch.full((10,), 1e9))
    assert expectation.tolerances["z"].atol == pytest.approx(0.01)
    assert not compare({"z": torch.zeros(10)}, expectation).passed


def test_overflow_in_the_own_dtype_does_not_widen_the_tolerance():
    """Where float32 overflows and float64 doesn't, the floor holds and infinity is expected."""
    expectation = measured(lambda x: {"z": x * x}, x=torch.tensor([1e30]))
    assert expectation.tolerances == {"z": FLOOR}
    assert compare({"z": torch.tensor([float("inf")])}, expectation).passed


def test_integers_are_expected_exactly():
    """Results that aren't floating point are compared exactly."""
    expectation = measured(lambda x: {"best": x.argmax(dim=1), "mask": x > 0}, x=torch.randn(4, 3))
    assert expectation.tolerances == {}
    assert expectation.values["best"].dtype is torch.int64
    with pytest.raises(Mismatch, match="`best` differs at all 4 elements"):
        assert_matches({**expectation.values, "best": expectation.values["best"] + 1}, expectation)


def test_integer_inputs_stay_integers():
    """Labels aren't cast: they may index."""
    labels = torch.tensor([0, 2])
    expectation = measured(lambda x, y: {"z": x[torch.arange(2), y]}, x=torch.randn(2, 3), y=labels)
    assert expectation.values["z"].shape == (2,)


def test_nested_inputs_and_results_work():
    """Lists and dicts of tensors go in and come out; each value has a tolerance under its name."""

    def layers(params, scale):
        return {"grads": [scale * p for p in params["all"]], "state": {"n": params["all"][0].mean()}, "lr": 0.1 * scale}

    inputs = {"params": {"all": [torch.randn(2), torch.randn(3)]}, "scale": 3}
    expectation = measured(layers, **inputs)
    assert set(expectation.tolerances) == {"grads[0]", "grads[1]", 'state["n"]', "lr"}
    assert_matches(layers(**inputs), expectation)


def test_the_formula_may_change_its_inputs_and_use_gradients():
    """Inputs are copies: in-place operations don't reach the caller, and leaves that require gradients still do."""

    def gradient(x):
        (x**2).sum().backward()
        grad = x.grad.clone()
        x.data.zero_()
        return {"grad": grad}

    x = torch.ones(3, requires_grad=True)
    assert torch.equal(measured(gradient, x=x).values["grad"], torch.full((3,), 2.0))
    assert x.grad is None
    assert bool(x.all())


def test_half_precision_gets_its_own_floor():
    """float16 inputs are expected in float16 with the floor of float16."""
    expectation = measured(lambda x: {"z": x + 1}, x=torch.ones(3, dtype=torch.float16))
    assert expectation.values["z"].dtype is torch.float16
    assert expectation.tolerances["z"].rtol == floor_for(torch.float16).rtol
