"""What holds for all values: a tensor matches itself, a perturbed one doesn't, and nothing actual ever raises."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.compare import Context, Expectation, Mismatch, Spec, assert_matches
from grader.compare.assertion import compare
from grader.compare.comparison import Rung, floor_for
from grader.compare.wording import feedback_for
from grader.sandbox.wire.tensors import Opaque

pytestmark = pytest.mark.filterwarnings("ignore:The PyTorch API of nested|torch.quantize_per_tensor")

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
DTYPES = [*FLOATS, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]
ODD_DTYPES = [torch.complex64, torch.uint16, torch.uint64, torch.float8_e4m3fn]

shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def some_tensor(shape, dtype, seed):
    values = 3 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return values.abs().to(dtype) if dtype is torch.uint8 else values.to(dtype)


tensors = st.builds(some_tensor, shapes, st.sampled_from(DTYPES), st.integers(0, 2**31))
odd_tensors = st.one_of(
    st.builds(lambda shape, dtype: torch.zeros(shape).to(dtype), shapes, st.sampled_from(ODD_DTYPES)),
    st.builds(lambda shape: torch.zeros(shape, device="meta"), shapes),
    st.builds(lambda shape: torch.zeros(shape).to_sparse(), shapes),
    st.builds(lambda shape: torch.full(shape, math.nan), shapes),
    st.builds(lambda shape: torch.nn.Parameter(torch.ones(shape)), shapes),
    st.just(torch.ones(1).expand(10**12)),
    st.builds(lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])),
    st.builds(lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)),
)
opaques = st.builds(
    Opaque,
    kind=st.text(max_size=300),
    detail=st.text(max_size=300),
    shape=st.none() | st.lists(st.integers(), max_size=32).map(tuple),
    dtype=st.text(max_size=50),
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**320),
    st.floats(),
    st.text(),
    st.text(alphabet=st.characters(categories=("Cc", "Cf", "Cs"))),
    tensors,
    odd_tensors,
    opaques,
    st.just(object()),
    st.just(Opaque),
    st.just(...),
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
expectable = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), tensors, shapes.map(Spec)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(shape=shapes, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31))
def test_a_tensor_matches_itself(shape, dtype, seed):
    """A tensor of any shape and dtype matches its own copy."""
    tensor = some_tensor(shape, dtype, seed)
    assert_matches({"z": tensor.clone()}, {"z": tensor})


@settings(max_examples=150, deadline=None)
@given(value=expectable.filter(lambda value: not isinstance(value, Spec)))
def test_any_expectable_value_matches_itself(value):
    """Whatever can be expected, without Specs, matches itself."""
    specs_out = _without_specs(value)
    assert compare({"z": specs_out}, {"z": specs_out}).passed


def _without_specs(value):
    if isinstance(value, Spec):
        return None
    if isinstance(value, list):
        return [_without_specs(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_specs(item) for key, item in value.items()}
    return value


@settings(max_examples=200, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), max_size=4).map(tuple),
    dtype=st.sampled_from(FLOATS),
    seed=st.integers(0, 2**31),
    data=st.data(),
)
def test_a_perturbation_beyond_the_tolerance_is_found(shape, dtype, seed, data):
    """One element off by more than the tolerance fails, and it is the worst one told."""
    expected = some_tensor(shape, dtype, seed)
    place = data.draw(st.integers(0, expected.numel() - 1))
    share = data.draw(st.sampled_from([-100.0, -3.0, 3.0, 100.0]))
    floor = floor_for(dtype)
    actual = expected.clone()
    old = float(actual.view(-1)[place])
    actual.view(-1)[place] = old + share * (floor.atol + floor.rtol * abs(old))
    (difference,) = compare({"z": actual}, {"z": expected}).differences
    index = tuple(int(i) for i in torch.unravel_index(torch.tensor(place), shape)) if shape else ()
    assert (difference.rung, difference.deviation.index, difference.deviation.wrong) == (Rung.CLOSE, index, 1)
    assert feedback_for(compare({"z": actual}, {"z": expected})).items[0].index == index


@settings(max_examples=100, deadline=None)
@given(shape=shapes, dtype=st.sampled_from(FLOATS), seed=st.integers(0, 2**31), share=st.sampled_from([-0.3, 0.3]))
def test_a_perturbation_within_the_tolerance_passes(shape, dtype, seed, share):
    """All elements off by less than the tolerance pass."""
    expected = some_tensor(shape, dtype, seed)
    floor = floor_for(dtype)
    wide = expected.double()
    actual = (wide + share * (floor.atol + floor.rtol * wide.abs())).to(dtype)
    assert compare({"z": actual}, {"z": expected}).passed


@settings(max_examples=600, deadline=None)
@given(actual=anything, expected=expectable)
def test_no_actual_value_raises(actual, expected):
    """Whatever comes back is compared and told without an error, in bounded words on the rung it failed."""
    context = Context(batch_size=4, others={"the input": torch.ones(2, 3)})
    asked = Expectation({"z": expected}, devices={"z": "cpu"})
    feedback = feedback_for(compare({"z": actual}, asked, context=context))
    assert len(feedback.message) < 6000
    assert all(line.isprintable() for line in feedback.message.splitlines())


@settings(max_examples=200, deadline=None)
@given(actual=anything, like=tensors)
def test_no_actual_value_raises_where_a_tensor_is_expected(actual, like):
    """The same holds at the deeper rungs, dtypes asked or not."""
    for dtypes in ({}, {"z": None}):
        feedback_for(compare({"z": actual}, Expectation({"z": like}, dtypes=dtypes)))


def test_a_huge_actual_tensor_is_refused_by_its_shape():
    """A tensor that stands for a terabyte is refused without touching its elements."""
    with pytest.raises(Mismatch, match=r"`z` has shape \(1000000, 1000000\); expected \(3,\)"):
        assert_matches({"z": torch.ones(1).expand(10**6, 10**6)}, {"z": torch.ones(3)})


def test_objects_that_lie_about_their_class_are_refused():
    """An object whose class is a property that raises is described like any other."""

    class Liar:
        @property
        def __class__(self):
            raise RuntimeError("no")

    comparison = compare({"z": Liar()}, {"z": torch.ones(2)})
    assert feedback_for(comparison).message == "`z` is a Liar; expected a tensor of shape (2,)."


def test_subclasses_of_tensor_are_refused():
    """A subclass of Tensor could answer every comparison with yes, so it isn't asked."""

    class Yes(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return True

    comparison = compare({"z": torch.zeros(2).as_subclass(Yes)}, {"z": torch.ones(2)})
    assert feedback_for(comparison).message == "`z` is a Yes; expected a tensor of shape (2,)."
