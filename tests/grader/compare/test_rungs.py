"""The questions shape, dtype, device, finite and close, each with its sentence."""

import math
from types import MappingProxyType

import pytest
import torch

from grader.compare import Expectation, Spec, Tolerance
from grader.compare.assertion import compare
from grader.compare.comparison import Rung
from grader.compare.wording import feedback_for

X = torch.tensor([[0.5, -1.25, 2.0], [3.1, 0.7, -0.3]])
NAN, INF = math.nan, math.inf


def told(actual, expected, **settings):
    """Return (rung, sentence) of every difference of one value called `z`."""
    comparison = compare({"z": actual}, Expectation({"z": expected}, **settings))
    sentences = [item.message for item in feedback_for(comparison).items]
    return list(zip([difference.rung for difference in comparison.differences], sentences, strict=True))


def test_another_shape_fails_before_another_dtype():
    """The shape is asked before the dtype."""
    ((rung, message),) = told(torch.zeros(3, dtype=torch.int64), X)
    assert rung is Rung.SHAPE
    assert message == "`z` has shape (3,); expected (2, 3). It has 1 axis instead of 2."


def test_a_number_of_shape_1_is_not_a_single_number():
    """A tensor of shape (1,) fails at `shape` where a single number is expected."""
    for expected in (torch.tensor(2.5), 2.5):
        ((rung, message),) = told(torch.tensor([1.7]), expected)
        assert rung is Rung.SHAPE
        assert message.startswith("`z` has shape (1,); expected a single number, shape (). Only axes of size 1 differ")


@pytest.mark.parametrize(
    ("actual", "expected", "sentence"),
    [
        (X.double(), X, "`z` has dtype float64; expected float32. Python and NumPy floats may become float64: convert"),
        (X.half(), X, "`z` has dtype float16; expected float32. Half precision loses digits: compute in float32."),
        (X.long(), X, "`z` has dtype int64; expected float32. Convert integers with `.float()` before you compute"),
        (X > 0, X, "`z` has dtype bool; expected float32. Comparisons give bools: convert them"),
        (X, X.long(), "`z` has dtype float32; expected int64. Convert it with `.to(torch.int64)`."),
        (X.to(torch.complex64), X, "`z` has dtype complex64; expected float32. Convert it with `.float()`."),
        (X.long(), Spec((2, 3)), "`z` has dtype int64; expected float32."),
        (X.to(torch.complex64), Spec((2, 3), None), "`z` has dtype complex64; expected a dtype of real numbers."),
    ],
)
def test_another_dtype_is_told(actual, expected, sentence):
    """Another dtype fails at `dtype`, and how to convert is told."""
    ((rung, message),) = told(actual, expected)
    assert rung is Rung.DTYPE
    assert message.startswith(sentence)


def test_a_dtype_of_none_is_not_asked():
    """With a dtype of None only the values count, at the coarser dtype's tolerance."""
    assert told(X.double(), X, dtypes={"z": None}) == []
    assert told(X.to(torch.bfloat16), X, dtypes={"z": None}) == []
    assert told(X.long(), Spec((2, 3), dtype=None)) == []
    assert told([X.double()], [X], dtypes={"z": None}) == []
    assert told(X.long(), X, dtypes={"z": None})[0][0] is Rung.CLOSE


def test_devices_are_asked_only_where_named():
    """A tensor that came from another device fails at `device` only where a device is asked for."""

    class Output(dict):
        devices = MappingProxyType({"z": "cuda:0", "grads.1": "cuda:0"})

    values = {"z": X, "grads": [X, X]}
    assert compare(Output(z=X), {"z": X}).passed
    assert compare(Output(z=X), Expectation({"z": X}, devices={"z": "cuda"})).passed
    comparison = compare(Output(values), Expectation(values, devices={"z": "cpu", "grads": "cpu"}))
    assert [difference.rung for difference in comparison.differences] == [Rung.DEVICE, Rung.DEVICE]
    assert feedback_for(comparison).message.splitlines() == [
        '`z` is on cuda:0; expected on cpu. Move it with `.to("cpu")`, or create it there.',
        '`grads[1]` is on cuda:0; expected on cpu. Move it with `.to("cpu")`, or create it there.',
    ]
    ((rung, message),) = told(X, X, devices={"z": "cuda"})
    assert rung is Rung.DEVICE
    assert message.startswith("`z` is on cpu; expected on cuda.")


def test_nan_where_a_number_is_expected_fails_at_finite():
    """Values that aren't finite are counted, and the first is pointed at."""
    actual = X.clone()
    actual[0, 2] = actual[1, 1] = NAN
    ((rung, message),) = told(actual, X)
    assert rung is Rung.FINITE
    assert message == (
        "`z` is nan at 2 of 6 elements, first at [0, 2], where 2 is expected. "
        "Look for a division by zero, the logarithm of zero, or `exp` of a large number."
    )


@pytest.mark.parametrize(
    ("actual", "expected", "sentence"),
    [
        ([NAN, INF, 0.0], [1.0, 2.0, 3.0], "`z` is nan or inf at 2 of 3 elements, first at [0], where 1 is expected."),
        ([INF, -INF], [INF, INF], "`z` is -inf at 1 of 2 elements, first at [1], where inf is expected."),
        ([1.0, 7.5], [1.0, INF], "`z` differs at 1 of 2 elements, first at [1]: 7.5 instead of inf."),
        ([INF], [0.5], "`z` is inf; expected 0.5. Look for"),
        ([2.5], [INF], "`z` is 2.5; expected inf."),
        ([1.0, NAN], [1.0, INF], "`z` is nan at 1 of 2 elements, first at [1], where inf is expected."),
    ],
)
def test_infinite_and_nan_values_must_be_where_they_are_expected(actual, expected, sentence):
    """An expected infinity is matched only by the same one at the same place."""
    ((rung, message),) = told(torch.tensor(actual), torch.tensor(expected))
    assert rung is Rung.FINITE
    assert message.startswith(sentence)


def test_expected_nan_and_inf_are_matched():
    """Expected nan and infinities at the same places pass."""
    odd = torch.tensor([NAN, INF, -INF, 1.0])
    assert told(odd.clone(), odd) == []


def test_a_spec_asks_for_finite_values_only():
    """A Spec passes with any finite values, and tells where one isn't finite."""
    assert told(X, Spec((2, 3))) == []
    ((rung, message),) = told(torch.tensor([0.0, NAN]), Spec((2,)))
    assert rung is Rung.FINITE
    assert message.startswith("`z` is nan at 1 of 2 elements, first at [1], where a finite number is expected.")


def test_the_worst_element_is_told():
    """Wrong values are counted, and the one furthest off is told with both numbers."""
    actual = X.clone()
    actual[0, 1] += 0.01
    actual[1, 2] = 0.523
    ((rung, message),) = told(actual, X)
    assert rung is Rung.CLOSE
    assert message == "`z` differs at 2 of 6 elements; the worst is [1, 2]: 0.523 instead of -0.3."


def test_a_single_wrong_element_is_just_named():
    """Where one element is wrong it isn't called the worst."""
    actual = X.clone()
    actual[1, 0] = 4.0
    assert told(actual, X)[0][1] == "`z` differs at 1 of 6 elements; it is [1, 0]: 4 instead of 3.1."


def test_the_deviation_holds_the_numbers():
    """A difference at `close` carries index, both elements, the largest differences and the counts."""
    actual = X.clone()
    actual[1, 0] = 6.2
    (difference,) = compare({"z": actual}, {"z": X}).differences
    found = difference.deviation
    assert (found.index, found.wrong, found.total, found.nans, found.infs) == ((1, 0), 1, 6, 0, 0)
    assert (found.actual, found.expected) == pytest.approx((6.2, 3.1))
    assert (found.max_abs, found.max_rel) == pytest.approx((3.1, 1.0))


def test_integers_compare_exactly():
    """Large integers that float64 can't tell apart are told apart."""
    expected = torch.tensor([2**60, 5])
    ((rung, message),) = told(torch.tensor([2**60 + 1, 5]), expected)
    assert rung is Rung.CLOSE
    assert message.endswith("it is [0]: 1152921504606846977 instead of 1152921504606846976.")


def test_bools_compare_exactly():
    """Bool tensors are counted element by element."""
    message = told(torch.tensor([True, False, True]), torch.tensor([True, True, False]))[0][1]
    assert message == "`z` differs at 2 of 3 elements; the worst is [1]: False instead of True."


def test_unsigned_integers_do_not_wrap_around():
    """The largest difference of unsigned integers is the true one."""
    found = compare({"z": torch.tensor([0, 9], dtype=torch.uint8)}, {"z": torch.tensor([5, 8], dtype=torch.uint8)})
    assert found.differences[0].deviation.max_abs == 5.0
    assert found.differences[0].deviation.index == (0,)


@pytest.mark.parametrize("values", [torch.tensor([3, 9]), torch.tensor([250, 9], dtype=torch.uint8)])
def test_a_tolerance_named_by_the_check_holds_for_integers_too(values):
    """A named tolerance replaces the floor, for integers as well."""
    assert told(values + 1, values, tolerances={"z": Tolerance(0.0, 1.0)}) == []
    assert told(values + 2, values, tolerances={"z": Tolerance(0.0, 1.0)})[0][0] is Rung.CLOSE


def test_tolerances_can_name_an_item_or_the_whole_output():
    """The tolerance of `z[1]` goes before that of `z`."""
    loose = {"z": Tolerance(0.0, 0.1), "z[1]": Tolerance(0.0, 10.0)}
    comparison = compare({"z": [X + 1, X + 1]}, Expectation({"z": [X, X]}, tolerances=loose))
    assert [difference.name for difference in comparison.differences] == ["z[0]"]
