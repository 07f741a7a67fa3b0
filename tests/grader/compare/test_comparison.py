"""The records of a comparison and the exception that carries them."""

import pickle

import pytest
import torch

from grader.compare import Context, Mismatch
from grader.compare.assertion import compare
from grader.compare.comparison import Comparison, Rung, floor_for
from grader.compare.wording import feedback_for
from grader.errors import CourseError

HALF_WRITTEN = {"a": None, "b": torch.zeros(2)}
ONES = {"a": torch.ones(2), "b": torch.ones(2)}


def test_the_rungs_are_in_the_order_they_are_asked():
    """Rung lists the questions of the ladder in order."""
    assert [rung.value for rung in Rung] == ["present", "type", "shape", "dtype", "device", "finite", "close"]


def test_an_empty_comparison_passed():
    """A comparison without differences passed, and is no stub."""
    comparison = Comparison()
    assert comparison.passed
    assert not comparison.all_stub
    assert comparison.lookalike is None


@pytest.mark.parametrize("stub", [{"a": None, "b": None}, {"a": None, "b": torch.ones(2)}])
def test_all_stub_where_every_failing_item_is_none(stub):
    """A comparison is all stub where everything that fails is None."""
    assert compare(stub, ONES).all_stub


@pytest.mark.parametrize("actual", [HALF_WRITTEN, {"a": None}, {"a": [None], "b": torch.ones(2)}])
def test_not_all_stub_where_something_else_fails(actual):
    """A comparison isn't all stub where another value is wrong, missing or a list."""
    assert not compare(actual, ONES).all_stub


def test_none_in_a_list_is_a_stub_too():
    """An expected list whose failing items are None is all stub."""
    comparison = compare({"grads": [None, None]}, {"grads": [torch.ones(2), torch.ones(3)]})
    assert comparison.all_stub
    assert [difference.name for difference in comparison.differences] == ["grads[0]", "grads[1]"]


def test_the_first_lookalike_stands_for_the_comparison():
    """Comparison.lookalike is the first that any difference has."""
    x = torch.arange(6.0).reshape(2, 3) / 7
    comparison = compare({"a": None, "b": -x}, {"a": x, "b": x})
    assert comparison.lookalike is not None
    assert comparison.lookalike.name == "sign flipped"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_the_floor_covers_the_rounding_of_its_dtype(dtype):
    """floor_for allows at least two units in the last place, and never five percent."""
    floor = floor_for(dtype)
    assert 2 * torch.finfo(dtype).eps <= floor.rtol < 0.05


@pytest.mark.parametrize("dtype", [torch.int64, torch.int8, torch.uint8, torch.bool])
def test_integers_and_bools_have_no_floor(dtype):
    """floor_for allows nothing for integers and bools."""
    assert (floor_for(dtype).rtol, floor_for(dtype).atol) == (0.0, 0.0)


def test_a_mismatch_survives_pickling():
    """Mismatch crosses processes with its comparison, feedback and text."""
    comparison = compare({"a": None}, {"a": torch.ones(2)})
    error = Mismatch(comparison, feedback_for(comparison))
    again = pickle.loads(pickle.dumps(error))
    assert (again.comparison, again.feedback, str(again)) == (error.comparison, error.feedback, str(error))
    assert "forget to return" in str(again)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"others": [torch.ones(2)]}, r"`others` is a list\. Give a dict"),
        ({"others": {"the input": [1.0]}}, r"`others` holds a list under 'the input'\. Give tensors"),
        ({"others": {"the input": 2.0}}, r"`others` holds a float under 'the input'"),
        ({"others": {3: torch.ones(2)}}, r"`others` holds a Tensor under 3"),
        ({"about": "layers"}, r"`about` is 'layers'\. Known: layer, loss"),
        ({"batch_size": 4.0}, r"`batch_size` is 4\.0\. Give the number of rows"),
        ({"batch_size": True}, r"`batch_size` is True"),
    ],
)
def test_facts_of_a_wrong_kind_are_refused_at_once(facts, words):
    """A context that no lookalike could use is the author's slip, told before anybody's values are wrong."""
    with pytest.raises(CourseError, match=words):
        Context(**facts)
