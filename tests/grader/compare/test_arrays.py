"""Promises of `arrays`: NumPy and Python are compared as what they are, and told in the words of NumPy."""

from collections import namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from grader.compare import Context, Expectation, Mismatch, Spec, Tolerance, assert_kinds, assert_matches, measured
from grader.compare.arrays import ANY_FLOAT, copied, is_numpy_dtype, plain_number, torch_dtype
from grader.compare.assertion import compare
from grader.compare.comparison import floor_for
from grader.compare.hypotheses import HYPOTHESES, SHAPE_HYPOTHESES
from grader.compare.remedies import without_advice
from grader.compare.wording import feedback_for
from grader.courses import assignment
from grader.errors import CourseError
from grader.sandbox.wire.kinds import ARRAY_DTYPES, Named
from grader.sandbox.wire.tensors import pack_values
from grader.sandbox.wire.unpacking import unpack_values

Moments = namedtuple("Moments", "mean deviation")
X = np.arange(6.0).reshape(2, 3)


class Output(dict):
    any_float = True


def words(actual, expected, **options):
    """Return what a student reads, "" where all is right."""
    try:
        assert_matches({"z": actual}, {"z": expected}, **options)
    except Mismatch as mismatch:
        return str(mismatch)
    return ""


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(ARRAY_DTYPES)).flatmap(lambda name: arrays(name, array_shapes(min_side=1, max_side=3))))
def test_an_array_is_its_own_expectation(x):
    """Whatever an array holds, a copy of it is right, and an array with one changed element isn't."""
    assert compare({"z": x.copy()}, {"z": x}).passed
    other = x.copy()
    flat = other.reshape(-1)
    flat[0] = not flat[0] if x.dtype == bool else (0 if flat[0] == 1 else 1)
    assert not compare({"z": other}, {"z": x}).passed


@pytest.mark.parametrize(
    ("actual", "expected", "told"),
    [
        (X + 1e-12, X, ""),
        (X + 1, X, "`z` differs at all 6 elements"),
        (X.T, X, "`z` has shape (3, 2); expected (2, 3). That is the transpose"),
        (X[:, None], X, "only the shape isn't: check `reshape`, `np.squeeze`, `np.newaxis` and `keepdims`."),
        (np.arange(24.0).reshape(4, 2, 3), np.arange(24.0).reshape(4, 2, 3).transpose(2, 0, 1), "`.transpose("),
        (np.ones((3, 1)), Spec((3,), np.float64), "check `np.squeeze`, `np.newaxis` and `keepdims`."),
        (torch.ones(2, 3), X, "`z` is a tensor of shape (2, 3); expected a NumPy array of shape (2, 3). Stay in NumPy"),
        (X, torch.ones(2, 3), "expected a tensor of shape (2, 3). Stay in torch: drop `.numpy()`"),
        ([1.0, 2.0], X, "`z` is a list of 2 items; expected a NumPy array of shape (2, 3). Build an array with `np."),
        ([], X, "Was anything ever put into it?"),
        (3.0, X, "expected a NumPy array of shape (2, 3). Keep the array: drop `.item()`"),
        (X, 3, "expected 3 (int). Turn an array of one element into a number"),
        (X, [1, 2], "Turn it into a list with `.tolist()`"),
        (X.astype(np.float32), X, "has dtype float32; expected float64. Convert it with `.astype(np.float64)`."),
        (X, X.astype(np.float32), "has dtype float64; expected float32. NumPy computes in float64 unless it is told"),
        (X.astype(int), X, "has dtype int64; expected float64. Convert integers with `.astype(np.float64)`"),
        (X > 2, X > 1, "`z` differs at 1 of 6 elements"),
        (X > 2, X.astype(int), "has dtype bool; expected int64. Comparisons give bools"),
        (X, X > 2, "has dtype float64; expected bool. Convert it with `.astype(bool)`."),
        (X, Spec((2, 3), np.float64), ""),
        (X, Spec((2, 3), np.dtype("float32")), "has dtype float64; expected float32"),
        (X, Spec((2, 3), None), ""),
        (X, Spec((2, 3), ANY_FLOAT), ""),
        (torch.ones(2, 3), Spec((2, 3), ANY_FLOAT), ""),
        (torch.ones(2, 3), Spec((2, 3), np.float64), "expected a NumPy array of shape (2, 3)"),
        (X.astype(int), Spec((2, 3), ANY_FLOAT), "has dtype int64; expected any floating dtype. Convert integers with"),
        (np.full((2, 3), np.nan), Spec((2, 3), np.float64), "`z` is nan at all 6 elements"),
        (np.array(2.0), 2.0, ""),
        (np.float32(2.0), 2.0, ""),
        (2.0, np.float64(2.0), ""),
        (np.int64(3), 3, ""),
        (np.array(3), 3, ""),
        (np.bool_(True), True, ""),
        (3, np.int64(4), "`z` is 3; expected 4."),
        (2.0, np.array(2.0), ""),
    ],
)
def test_arrays_are_compared_in_the_words_of_numpy(actual, expected, told):
    """Each rung of the ladder speaks of arrays where an array is expected, and of torch nowhere."""
    found = words(actual, expected)
    assert found == "" if told == "" else told in found
    if isinstance(expected, np.ndarray):
        assert "torch" not in found


def test_sentences_for_arrays_name_nothing_of_torch():
    """Whatever explains a mismatch of arrays names no function that only torch has."""
    for row in (*HYPOTHESES, *SHAPE_HYPOTHESES):
        sentence = row.of_arrays or row.sentence
        assert not any(name in sentence for name in ("unsqueeze", "keepdim`", "permute", "tensor", "torch")), row.name


@pytest.mark.parametrize(
    ("dtype", "error", "passes"),
    [(np.float32, 1e-6, True), (np.float32, 1e-3, False), (np.float16, 1e-3, True), (np.float64, 1e-6, False)],
)
def test_any_float_takes_the_coarser_tolerance(dtype, error, passes):
    """Where any float will do, a coarser dtype is judged by its own tolerance, and a finer one no more strictly."""
    actual = (X * (1 + error)).astype(dtype)
    named = Expectation({"z": X}, {"z": floor_for(torch.float64)}, {"z": ANY_FLOAT})
    assert compare({"z": actual}, named).passed is passes
    assert compare(Output(z=actual), {"z": X}).passed is passes
    assert compare(Output(z=actual), Expectation({"z": X}, {"z": Tolerance(0.0, 0.0)})).passed is passes
    assert compare(Output(z=torch.from_numpy(actual)), {"z": torch.from_numpy(X)}).passed is passes
    wide = Expectation({"z": X}, {"z": Tolerance(0.01, 0.0)}, {"z": ANY_FLOAT})
    assert compare({"z": actual}, wide).passed


def test_any_float_is_no_integer():
    """Integers are told apart from floats, and an expected integer dtype stays what it is."""
    assert not compare(Output(z=X.astype(int)), {"z": X}).passed
    assert not compare(Output(z=X), {"z": X.astype(int)}).passed
    assert_kinds(Output(z=X.astype(np.float16)), {"z": Spec((2, 3), np.float64)})
    assert assignment.ANY_FLOAT == ANY_FLOAT


@pytest.mark.parametrize("dtype", ["float", "int64", np.complex64, np.uint32])
def test_a_dtype_that_can_not_be_asked_for(dtype):
    """A check that asks for a dtype which can't be compared is told so, before it compares."""
    with pytest.raises(CourseError, match="can't be compared"):
        assert_matches({"z": X}, {"z": Spec((2, 3), dtype)})


@pytest.mark.parametrize("dtype", [np.float32, np.dtype("int8"), np.bool_])
def test_dtypes_of_both_libraries(dtype):
    """NumPy's dtypes have torch's beside them."""
    assert is_numpy_dtype(dtype)
    assert torch_dtype(dtype) is ARRAY_DTYPES[np.dtype(dtype).name]
    assert torch_dtype(torch.float32) is torch.float32
    assert (torch_dtype("float32"), is_numpy_dtype(float)) == (None, False)


def test_tuples_and_named_tuples():
    """A list or tuple will do where a tuple is expected; a named tuple has to have its names."""
    moments = Named(("mean", "deviation"), [1.0, X])
    assert words(moments, Moments(1.0, X)) == ""
    assert words([1.0, X], (1.0, X)) == ""
    assert words(moments, [1.0, X]) == ""
    assert words(torch.Size([2, 3]), (2, 3)) == ""
    assert words((1.0, X), Moments(1.0, X)) == ("`z` is a list of 2 items; expected a named tuple of mean, deviation.")
    assert "`z.deviation` differs" in words(moments, Moments(1.0, X + 1))


def test_keys_that_are_no_texts():
    """Dicts are compared by keys of any kind that crosses."""
    merges = {("a", "b"): 0, ("ab", "c"): 1}
    assert words(dict(merges), merges) == ""
    assert "`z[('ab', 'c')]` is 2; expected 1." in words({**merges, ("ab", "c"): 2}, merges)
    assert "`z[1]` is missing" in words({"1": 2}, {1: 2})
    assert "1, ('x',)" in words({1: 2, ("x",): 3, 0: 1}, {0: 1}).replace('"', "")


@pytest.mark.parametrize(
    ("actual", "told"),
    [
        (ValueError("k"), ""),
        (KeyError("k"), "`z` is a KeyError: 'k'; expected a ValueError."),
        (None, "`z` is None: nothing was raised; expected a ValueError."),
        (3, "`z` is 3 (int); expected a ValueError."),
    ],
)
@pytest.mark.parametrize("expected", [ValueError, ValueError("in other words")])
def test_exceptions(actual, expected, told):
    """An exception is asked for by its kind; its words are free, and none is no stub."""
    assert words(actual, expected) == told
    assert not compare({"z": actual}, {"z": expected}).all_stub
    if told:
        with pytest.raises(Mismatch):
            assert_kinds({"z": actual}, {"z": ValueError})
    else:
        assert_kinds({"z": actual}, {"z": LookupError if isinstance(actual, KeyError) else ValueError})


def test_a_stub_that_raises_is_no_wrong_exception():
    """What an unwritten function raises is told as not implemented, whatever was expected of it."""
    for expected in (ValueError, [1.0], X):
        assert compare({"z": NotImplementedError("f")}, {"z": expected}).all_stub
    assert compare({"z": NotImplementedError("f")}, {"z": NotImplementedError}).passed


def test_kinds_of_tuples():
    """A tuple of kinds asks for as many values."""
    assert_kinds({"z": (1, 2.0)}, {"z": (int, float)})
    assert_kinds({"z": [np.int64(1), 2.0]}, {"z": (int, float)})
    for wrong in ((1,), [1, "2"], 3):
        with pytest.raises(Mismatch):
            assert_kinds({"z": wrong}, {"z": (int, float)})


def test_measured_with_arrays():
    """A formula of NumPy is measured as one of torch is: in its own dtype and in float64."""
    x = np.linspace(0.1, 1, 7, dtype=np.float32)
    expectation = measured(lambda x: {"z": np.exp(x), "pair": (x[0], x.sum()), "n": len(x)}, x=x)
    assert expectation.values["z"].dtype == np.float32
    assert expectation.tolerances["z"].rtol == floor_for(torch.float32).rtol
    assert type(expectation.values["pair"]) is tuple
    assert_matches({"z": np.exp(x), "pair": [x[0], float(x.sum())], "n": 7}, expectation)
    assert_matches({"z": np.exp(x)}, {"z": np.exp(x)}, context=Context(others={"the input": x}))
    assert "It equals the input." in words(x, np.exp(x), context=Context(others={"the input": x}))


def test_copies_keep_kinds():
    """Copies are apart, wide where that is asked for, and tuples stay tuples."""
    value = {"x": (X.astype(np.float32), np.float32(2), Moments(1, 2), torch.Size([2])), "n": np.int8(1)}
    wide = copied(value, wide=True)
    assert [type(one) for one in wide["x"]] == [np.ndarray, np.float64, Moments, torch.Size]
    assert wide["x"][0].dtype == np.float64
    assert type(wide["n"]) is np.int8
    assert not np.shares_memory(copied(value, wide=False)["x"][0], value["x"][0])
    assert plain_number(np.float32(2)) == 2.0


@pytest.mark.parametrize(
    ("forbidden", "is_told"),
    [((), True), (("torch.stack",), False), (("torch.*",), False), (("torch",), False), (("numpy.stack",), True)],
)
def test_what_is_forbidden_is_not_advised(forbidden, is_told):
    """Advice that names what the task forbids is left out; what happened is told."""
    comparison = compare({"z": [torch.ones(3)]}, {"z": torch.ones(1, 3)})
    message = feedback_for(comparison, forbidden=forbidden).message
    assert message.startswith("`z` is a list of 1 item; expected a tensor of shape (1, 3).")
    assert ("torch.stack" in message) is is_told


def test_methods_and_aliases_that_are_forbidden():
    """A method is known by its name, and `np` is NumPy."""
    assert without_advice("It is so. Use `.tolist()`.", ("torch.Tensor.tolist",)) == "It is so."
    assert without_advice("It is so. Use `np.stack`. Try.", ("numpy.*",)) == "It is so. Try."
    assert without_advice("`np.stack` is it.", ("numpy.*",)) == "`np.stack` is it."


def test_what_crosses_is_compared():
    """Values of every kind are right when they have crossed the wall."""
    value = {"a": X, "t": (1, 2), "m": Moments(np.float32(1), 2), "k": {1: "x", ("a", 2): None}, "e": [TypeError("t")]}
    back = unpack_values(pack_values({"outputs": {"z": value}}))[0]["outputs"]["z"]
    assert words(back, value) == ""
