"""Promises of `kinds`: arrays, named tuples, exceptions and scalars arrive as what they are, and nothing else does."""

import json
import struct
from collections import namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grader.errors import ProtocolError
from grader.sandbox.wire.kinds import ARRAY_DTYPES, MAX_FIELDS, Named, as_tensor, exception_of, fields_of, scalar_of
from grader.sandbox.wire.tensors import Opaque, pack_values
from grader.sandbox.wire.unpacking import unpack_values

Point = namedtuple("Point", "x y")
SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def through(value, **options):
    """Return a value after its way through bytes, as an output of a probe."""
    return unpack_values(pack_values({"outputs": {"value": value}}, **options))[0]["outputs"]["value"]


def with_tree(tree):
    """Return a message whose tree is this JSON."""
    text = json.dumps({"__metadata__": {"tree": json.dumps({"$dict": [["x", tree]]})}}).encode()
    return struct.pack("<Q", len(text)) + text


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ARRAY_DTYPES)).flatmap(lambda name: arrays.arrays(name, SHAPES)), st.booleans())
def test_an_array_arrives_as_an_array(x, exact):
    """Every array of a known dtype arrives with its values, shape and dtype, and can be written into."""
    back = through(x, exact=exact)
    assert (type(back), back.dtype, back.shape) == (np.ndarray, x.dtype, x.shape)
    assert back.tobytes() == np.ascontiguousarray(x).tobytes()
    assert back.flags.writeable


@pytest.mark.parametrize(
    "x",
    [np.arange(6)[::-2], np.ones((3, 4)).T, np.arange(4, dtype=">i4"), np.broadcast_to(np.float32(2), (3, 3))],
    ids=["backwards", "transposed", "other byte order", "broadcast"],
)
def test_an_array_that_is_laid_out_oddly(x):
    """Strides and byte order are the sender's affair: the values arrive."""
    assert np.array_equal(through(x), x)
    assert through(x).dtype == x.dtype.newbyteorder("=")
    assert np.array_equal(as_tensor(x).numpy(), x)


def test_an_array_beyond_the_budget():
    """An array counts as much as a tensor does, and one of too many axes stays."""
    assert through(np.ones(100), max_bytes=100) == Opaque("too large", "800 bytes", (100,), "float64")
    assert through(np.ones([1] * 17)).kind == "too large"


def test_named_tuples():
    """A named tuple arrives with its names, deep in other values too; as a list where the sender is not exact."""
    back = through([Point(1, Point(torch.ones(2), "b"))])[0]
    assert (type(back), back._fields, back.x, back.y.y) == (Named, ("x", "y"), 1, "b")
    assert list(back._asdict()) == ["x", "y"]
    assert back == (1, back[1])
    assert through(Point(1, 2), exact=False) == [1, 2]
    assert through(back).y.y == "b"
    with pytest.raises(AttributeError, match="has no `z`"):
        _ = back.z


@pytest.mark.parametrize("fields", [("a",), ("a", "a"), ("a", "_b"), ("a", "b c"), ("a", 1)])
def test_names_that_are_none(fields):
    """What says that it is a named tuple and isn't is a tuple; a message that says so is refused."""
    Odd = type("Odd", (tuple,), {"_fields": fields})
    assert fields_of(Odd((1, 2))) == ()
    assert type(through(Odd((1, 2)))) is tuple
    with pytest.raises(ProtocolError, match="malformed value"):
        unpack_values(with_tree({"$named": [list(fields), [1, 2]]}))


@pytest.mark.parametrize("key", [1, -7, True, "a", ("a", "b"), (1, "b", 3), ()], ids=str)
def test_keys(key):
    """Whole numbers, bools, texts and tuples of those stay keys; as texts where the sender is not exact."""
    (back,) = through({key: 1})
    assert (type(back), back) == (type(key), key)
    assert list(through({key: 1}, exact=False)) == [str(key)]


def test_names_of_outputs_are_texts():
    """What a probe returns is named by texts, whatever it says."""
    assert unpack_values(pack_values({"outputs": {1: 2}}))[0] == {"outputs": {"1": 2}}


@pytest.mark.parametrize("key", [None, 1.5, [1], {"$tuple": [[1]]}, {"$tuple": ["a"] * (MAX_FIELDS + 1)}, 2**70, {}])
def test_keys_that_are_none(key):
    """A message with any other key is refused."""
    with pytest.raises(ProtocolError, match="malformed value"):
        unpack_values(with_tree({"$dict": [[key, 1]]}))


class Own(ValueError):
    """Be a student's own exception."""


class Mute(TypeError):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ValueError("k must be positive"), ValueError, "k must be positive"),
        (KeyError("gone"), KeyError, "\"'gone'\""),
        (Own("x"), ValueError, "x"),
        (Mute(), TypeError, ""),
        (ZeroDivisionError(), ZeroDivisionError, ""),
        (UnicodeDecodeError("utf-8", b"a", 0, 1, "bad"), UnicodeError, "'utf-8' codec can't decode"),
        (ExceptionGroup("several", [ValueError()]), Exception, "several"),
        (ValueError("x" * 10_000), ValueError, "xxx"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exceptions(error, kind, words):
    """An exception arrives as Python's own that it is or comes from, with the beginning of its words."""
    back = through([error])[0]
    assert type(back) is kind
    assert words in str(back) or words in repr(str(back))
    assert len(str(back)) <= 510
    assert type(through(back)) is kind


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "print", "ExceptionGroup", "Warning", "", "a.b"])
def test_exceptions_of_no_known_kind(name):
    """A message makes nothing but Python's own exceptions."""
    with pytest.raises(ValueError, match="no known kind"):
        exception_of(name, "")
    with pytest.raises(ProtocolError, match="malformed value"):
        unpack_values(with_tree({"$exception": [name, "words"]}))


@pytest.mark.parametrize("dtype", sorted(ARRAY_DTYPES))
def test_scalars(dtype):
    """A NumPy scalar arrives with its dtype; as a plain number where the sender is not exact."""
    value = np.dtype(dtype).type(1)
    assert (type(through([value])[0]), through(value)) == (type(value), value)
    assert type(through(value, exact=False)) in (bool, int, float)


@pytest.mark.parametrize("tree", [["int8", 300], ["object", 1], ["float32", "1"], ["float32"], "float32"])
def test_scalars_that_are_none(tree):
    """A scalar that says what can't be is refused."""
    with pytest.raises(ProtocolError, match="malformed value"):
        unpack_values(with_tree({"$scalar": tree}))
    with pytest.raises(ValueError, match="no known dtype"):
        scalar_of("object", 1)


@pytest.mark.parametrize("tree", [{"$array": "gone"}, {"$array": 1}, {"$named": 1}, {"$named": [1, [2]]}])
def test_malformed_kinds(tree):
    """What is tagged as one of these kinds and isn't one is refused."""
    with pytest.raises(ProtocolError, match="malformed value"):
        unpack_values(with_tree(tree))
