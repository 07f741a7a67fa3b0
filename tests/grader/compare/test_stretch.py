"""Tests of the stretch: how much of its tolerance a comparison uses up, beside a verdict that it never changes."""

import math

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.compare import Expectation, Mismatch, Tolerance, assert_any, assert_matches
from grader.compare.assertion import compare
from grader.compare.deviation import stretch_of, too_far
from grader.compare.stretch import UNBOUNDED, heard_stretch, note_stretch

FLOATS = st.floats(-1e6, 1e6, allow_subnormal=False)
LOOSE = {"y": Tolerance(rtol=0.1, atol=0.5)}


def stretch_between(actual, expected, **settings):
    with heard_stretch() as heard:
        compare({"y": actual}, Expectation({"y": expected}, **settings))
    return heard.worst


@given(
    pairs=st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=8),
    rtol=st.floats(0, 1),
    atol=st.floats(1e-9, 10),
)
@settings(deadline=None)
def test_it_is_the_largest_difference_over_what_is_allowed(pairs, rtol, atol):
    """It is |actual - expected| / (atol + rtol * |expected|) of the element where that is largest."""
    actual, expected = (torch.tensor(side, dtype=torch.float64) for side in zip(*pairs, strict=True))
    found = stretch_between(actual, expected, tolerances={"y": Tolerance(rtol=rtol, atol=atol)})
    assert found == pytest.approx(max(abs(a - e) / (atol + rtol * abs(e)) for a, e in pairs), rel=1e-12)


@given(
    values=st.lists(FLOATS, min_size=1, max_size=6),
    shifts=st.lists(st.floats(-3, 3), min_size=6, max_size=6),
    dtype=st.sampled_from([torch.float64, torch.float32, torch.float16, torch.bfloat16]),
)
@settings(deadline=None)
def test_it_never_contradicts_the_verdict(values, shifts, dtype):
    """What passes took at most its tolerance, what fails by values at least that."""
    expected = torch.tensor(values, dtype=dtype)
    actual = torch.tensor([v + 1e-5 * s * max(1, abs(v)) for v, s in zip(values, shifts, strict=False)], dtype=dtype)
    with heard_stretch() as heard:
        comparison = compare({"y": actual}, {"y": expected})
    assert heard.worst <= 1 if comparison.passed else heard.worst >= 1


ODD = st.sampled_from([0.0, -0.0, 1.0, 1 + 1e-9, 1.00002, math.inf, -math.inf, math.nan, 1e-300, 1e308, -1e308, 5e-324])


@given(
    pairs=st.lists(st.tuples(ODD, ODD), min_size=1, max_size=5),
    tolerance=st.sampled_from([Tolerance(1e-5, 1e-6), Tolerance(0, 1e-6), Tolerance(1e-5, 0), Tolerance(1e-8, 1e-10)]),
)
@settings(max_examples=500, deadline=None)
def test_below_one_nothing_is_too_far(pairs, tolerance):
    """Whatever values stand beside it, an element that is too far makes the stretch at least 1: nothing is missed."""
    actual, expected = (torch.tensor(side, dtype=torch.float64) for side in zip(*pairs, strict=True))
    if bool(too_far(actual, expected, tolerance).any()):
        assert stretch_of(actual, expected, tolerance) >= 1


def test_of_several_values_the_worst_counts():
    """All floating values of a check count, those in lists too, and of them the worst."""
    ones = torch.ones(2, dtype=torch.float64)
    expected = {"a": ones, "b": [ones, ones], "c": 1.0, "n": 3}
    with heard_stretch() as heard:
        compare({"a": ones, "b": [ones, ones + 5e-9], "c": 1.0, "n": 3}, expected)
    assert heard.worst == pytest.approx(5e-9 / (1e-10 + 1e-8))


@pytest.mark.parametrize("value", [torch.tensor([1, 2]), torch.tensor([True]), 3, "text", None, torch.zeros(0)])
def test_what_has_no_tolerance_says_nothing(value):
    """Whole numbers, bools, texts and empty tensors are compared without a tolerance."""
    assert stretch_between(value, value) is None


@pytest.mark.parametrize(
    "actual",
    [torch.zeros(3), torch.tensor([1.0, math.nan]), torch.tensor([1.0, math.inf]), torch.tensor([1, 2]), None],
    ids=["shape", "nan", "infinite", "dtype", "kind"],
)
def test_what_no_tolerance_would_let_pass_is_unbounded(actual):
    """Another shape, dtype or kind, and values that are not finite, differ by more than any tolerance."""
    assert stretch_between(actual, torch.tensor([1.0, 2.0])) == UNBOUNDED


def test_wrong_whole_numbers_are_unbounded():
    """So do other whole numbers, however near the floating values beside them are."""
    with heard_stretch() as heard:
        compare({"n": 2, "y": torch.ones(2)}, {"n": 3, "y": torch.ones(2)})
    assert heard.worst == UNBOUNDED


def test_equal_values_that_are_not_finite_count_for_nothing():
    """Where both sides are infinite or nan, the other elements decide."""
    expected = torch.tensor([math.inf, math.nan, 2.0])
    assert stretch_between(expected, expected) == 0
    assert stretch_between(torch.tensor([math.inf, math.nan, 2.1]), expected, tolerances=LOOSE) == pytest.approx(1 / 7)


def test_where_nothing_is_allowed():
    """Zero that is zero is no deviation; anything else there is beyond every tolerance."""
    only_relative = {"y": Tolerance(rtol=0.1, atol=0.0)}
    assert stretch_between(torch.tensor([0.0, 1.05]), torch.tensor([0.0, 1.0]), tolerances=only_relative) > 0.4
    assert stretch_between(torch.tensor([0.1]), torch.tensor([0.0]), tolerances=only_relative) == UNBOUNDED


def test_arrays_count_like_tensors():
    """An array of NumPy has a stretch as well."""
    found = stretch_between(numpy.array([2.3]), numpy.array([2.0]), tolerances=LOOSE)
    assert found == pytest.approx(0.3 / 0.7)


def test_of_readings_that_which_passed_counts():
    """What another reading was off by is nobody's deviation."""
    two = torch.tensor([2.0])
    with heard_stretch() as heard:
        assert_any(
            lambda: assert_matches({"y": two}, {"y": torch.tensor([9.0])}),
            lambda: assert_matches({"y": two}, Expectation({"y": two + 0.35}, LOOSE)),
        )
    assert heard.worst == pytest.approx(0.35 / 0.735, rel=1e-5)


def test_of_readings_that_all_fail_the_nearest_counts():
    """A wrong submission passes as soon as the tolerance of one reading is wide enough."""
    two = torch.tensor([2.0])

    def near():
        assert_matches({"y": two}, Expectation({"y": two * 2}, LOOSE))

    def stumbles():
        assert_matches({"y": two}, {"y": two})
        raise AssertionError("Not for its values.")

    with heard_stretch() as heard, pytest.raises(Mismatch):
        assert_any(lambda: assert_matches({"y": two}, {"y": two * 9}), stumbles, near)
    assert heard.worst == pytest.approx(2 / 0.9)
    with heard_stretch() as heard, pytest.raises(AssertionError):
        assert_any(stumbles)
    assert heard.worst == UNBOUNDED


def test_nobody_has_to_listen():
    """Where nobody listens nothing is kept, and listeners inside and outside hear what is theirs."""
    note_stretch(7.0)
    with heard_stretch() as outer:
        note_stretch(1.0)
        with heard_stretch() as inner:
            note_stretch(3.0)
            note_stretch(None)
        note_stretch(2.0)
    assert (outer.worst, inner.worst) == (2.0, 3.0)
