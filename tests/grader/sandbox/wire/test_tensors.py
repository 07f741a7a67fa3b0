"""Promises of `tensors`: what is packed arrives, and what a stranger sends is values or a ProtocolError."""

import json
import math
import struct
from collections import OrderedDict, UserDict

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import ProtocolError
from grader.sandbox.wire import tensors
from grader.sandbox.wire.tensors import (
    MAX_DEPTH,
    MAX_HEADER,
    MAX_TEXT,
    MAX_VALUES,
    Opaque,
    digest,
    pack_values,
)
from grader.sandbox.wire.unpacking import unpack_values


def through(value, **options):
    """Return a value after its way through bytes."""
    return unpack_values(pack_values({"value": value}, **options))[0]["value"]


def message(header, body=b""):
    """Return a safetensors file with this header, a text or a dict."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def with_tree(tree, **entries):
    """Return a message whose tree is this JSON text."""
    return message({"__metadata__": {"tree": tree}, **entries})


def refusal(data):
    """Return the words with which a message is refused."""
    with pytest.raises(ProtocolError) as caught:
        unpack_values(data)
    return caught.value.message


# ---------------------------------------------------------------- what arrives


@pytest.mark.parametrize("value", [(1, 2.5), (), ((3, 4), [5, (6,)]), torch.Size([2, 3]), {"shape": (1,)}], ids=str)
def test_tuples(value):
    """A tuple and a torch.Size stay what they are, and are lists where the sender is not exact."""
    assert (type(through(value)), through(value)) == (type(value), value)
    assert not isinstance(through(value, exact=False), tuple)


def test_a_size_of_no_numbers():
    """A message with a torch.Size of anything but whole numbers is refused."""
    with pytest.raises(ProtocolError, match="malformed value"):
        unpack_values(with_tree(json.dumps({"$dict": [["x", {"$size": ["a"]}]]})))


@pytest.mark.parametrize("dtype", list(tensors.DTYPES.values()), ids=str)
def test_dtypes(dtype):
    """Every sendable dtype arrives with its values, shape and type, on its own memory."""
    x = (torch.randn(3, 4) * 5).to(dtype)
    back = through(x)
    assert back.dtype is dtype
    assert back.is_contiguous()
    assert torch.equal(back, x)


@pytest.mark.parametrize("shape", [(), (0,), (0, 2**39), (1,) * 16, (2, 0, 3)])
def test_shapes(shape):
    """Tensors without dimensions or elements arrive, and those with the most axes."""
    assert through(torch.ones(shape)).shape == shape


def test_odd_tensors():
    """Views, parameters, results with gradients, negated and conjugated views arrive as plain tensors."""
    x = torch.arange(6.0).reshape(2, 3)
    weight = torch.nn.Parameter(x)
    for value in (x.T, x[:, 1], x.expand(2, 2, 3), weight, weight * 2, torch._neg_view(x)):
        back = through(value)
        assert type(back) is torch.Tensor
        assert not back.requires_grad
        assert torch.equal(back, value.detach())


def test_subclasses_arrive_as_plain_tensors():
    """A tensor subclass loses its class, and with it what it would say about itself."""

    class Liar(torch.Tensor):
        pass

    assert type(through(torch.ones(2).as_subclass(Liar))) is torch.Tensor


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), VALUES, max_size=4))
def test_plain_values(values):
    """Nested lists and dicts of plain values arrive as they are."""
    assert unpack_values(pack_values(values)) == (values, {})


def test_tensors_anywhere():
    """Tensors arrive at their places in nested lists and dicts, also where the names of their places collide."""
    values = {"a": {"b": torch.zeros(1)}, "a.b": torch.ones(1), "c": [torch.full((2,), 2.0), {"d": (torch.tensor(3),)}]}
    back, devices = unpack_values(pack_values(values))
    assert float(back["a"]["b"]) == 0
    assert float(back["a.b"]) == 1
    assert back["c"][0].tolist() == [2, 2]
    assert int(back["c"][1]["d"][0]) == 3
    assert devices == {}


def test_same_bytes_for_same_values():
    """Equal values give equal bytes, so that recorded files can be compared."""
    values = {"x": torch.arange(5), "y": [1, {"z": None}]}
    assert pack_values(values) == pack_values({"x": torch.arange(5), "y": [1, {"z": None}]})
    assert digest(pack_values(values)) == digest(pack_values(values))
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_floats_that_are_no_json():
    """NaN and infinities arrive."""
    assert math.isnan(through(float("nan")))
    assert [through(value) for value in (float("inf"), float("-inf"))] == [float("inf"), float("-inf")]


def test_subclasses_of_plain_values():
    """Subclasses of plain values, mappings and numpy's scalars arrive as plain values."""

    class Number(float):
        pass

    assert type(through(Number(2))) is float
    assert through(OrderedDict(a=1)) == {"a": 1}
    assert through(UserDict(a=1)) == {"a": 1}
    assert through({1: 2, None: 3}) == {"1": 2, "None": 3}
    assert through([np.float32(0.5), np.int64(3), np.bool_(True), np.str_("x")]) == [0.5, 3, True, "x"]


def test_text_that_is_no_text():
    """Half a surrogate pair arrives as its escape, so that it can be written anywhere."""
    assert through("a\ud800b") == "a\\ud800b"
    assert through({"\udfff": 1}) == {"\\udfff": 1}


# ---------------------------------------------------------------- what does not


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (torch.ones(2, 3).to_sparse(), Opaque("sparse tensor", "", (2, 3), "float32")),
        (torch.ones(2, 3, device="meta"), Opaque("meta tensor", "", (2, 3), "float32")),
        (torch.ones(2, dtype=torch.complex64), Opaque("complex64 tensor", "", (2,), "complex64")),
        (torch.ones([1] * 17), Opaque("too large", "", (1,) * 17, "float32")),
        (torch.empty(0, 2**40), Opaque("too large", "", (0, 2**40), "float32")),
        (np.ones((2, 3), dtype=complex), Opaque("array of complex numbers", "", (2, 3), "complex128")),
        (np.array(["a", "bc"]), Opaque("array of texts", "", (2,), "<U2")),
        (np.ma.ones(2), Opaque("numpy.ma.MaskedArray")),
        (np.complex64(1), Opaque("complex number")),
        (2**63, Opaque("int", "an integer of more than 64 bits")),
        ("x" * (MAX_TEXT + 1), Opaque("str", f"a text of {MAX_TEXT + 1} characters")),
        (1j, Opaque("complex number")),
        ({1}, Opaque("set")),
        (b"bytes", Opaque("bytes object")),
        (print, Opaque("builtin_function_or_method")),
        (..., Opaque("ellipsis")),
        (list(range(MAX_VALUES + 1)), Opaque("too large", f"list of {MAX_VALUES + 1} values")),
        (Opaque("set", "again", (1,), "int8"), Opaque("set", "again", (1,), "int8")),
    ],
    ids=str,
)
def test_what_cannot_cross(value, expected):
    """A value that can't cross arrives as an Opaque that says what it was."""
    assert through(value) == expected


@pytest.mark.filterwarnings("ignore")
def test_nested_and_quantized_tensors():
    """Nested and quantized tensors are told by their kinds."""
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    assert through(nested).kind == "nested tensor"
    assert through(torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.qint8)).kind == "quantized tensor"


def test_tensors_over_the_budget():
    """Tensors beyond the budget in sum arrive as Opaque with their bytes; those before arrive."""
    first, second, third = through([torch.ones(10), torch.ones(100), torch.ones(5)], max_bytes=100)
    assert torch.equal(first, torch.ones(10))
    assert second == Opaque("too large", "400 bytes", (100,), "float32")
    assert torch.equal(third, torch.ones(5))


def test_expanded_tensor():
    """A tensor that claims ten gigabytes of one number costs nothing."""
    assert through(torch.zeros(1).expand(10**10 // 4), max_bytes=1000).kind == "too large"


def test_too_deep():
    """Values nested too deeply end in an Opaque, however deep they go."""
    nested = []
    for _ in range(100_000):
        nested = [nested]
    back = through(nested)
    for _ in range(MAX_DEPTH - 1):
        (back,) = back
    assert back == [Opaque("too large", f"nested more than {MAX_DEPTH} times")]


def test_many_values_in_small_lists():
    """Of many small lists the first arrive, and no more values than allowed in sum."""
    back = through([[0] * 100 for _ in range(1000)])
    whole = [item for item in back if isinstance(item, list)]
    assert len(whole) == (MAX_VALUES - 1001) // 100
    assert back[-1] == Opaque("too large", "list of 100 values")


def test_too_much_text():
    """Names and texts beyond the bound are refused with both numbers, before and after they are escaped."""
    texts = ["x" * MAX_TEXT] * 50
    with pytest.raises(
        ValueError, match=rf"names and plain values take 5\d+ bytes; at most {MAX_HEADER} can be handed over"
    ):
        pack_values({"x": texts})
    quotes = ['"' * MAX_TEXT] * 15
    with pytest.raises(ValueError, match="names and plain values take"):
        pack_values({"x": quotes})


# ---------------------------------------------------------------- what a stranger sends

ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The message is truncated: 0 bytes."),
        (b"1234567", "The message is truncated: 7 bytes."),
        (struct.pack("<Q", 2**63), "The message's header claims 9223372036854775808 bytes of 8."),
        (
            message(b"x" * (MAX_HEADER + 1)),
            f"The message's header takes {MAX_HEADER + 1} bytes; at most {MAX_HEADER} are allowed.",
        ),
        (message(b"{"), "The message's header is not JSON: Expecting property name"),
        (message(b"\xff"), "The message's header is not JSON: 'utf-8' codec can't decode"),
        (message(b"[" * 100_000), "The message's header is not JSON: maximum recursion depth"),
        (message(b"[]"), "The message's header is not a table of tensors."),
        (message({str(n): ENTRY for n in range(MAX_VALUES + 1)}), "The message's header is not a table of tensors."),
        (message({}), "The message has no tree of values."),
        (message({"__metadata__": {"tree": 1}}), "The message has no tree of values."),
        (message({"__metadata__": []}), "The message has no tree of values."),
        (with_tree("nope"), "The message is malformed: Expecting value: line 1 column 1 (char 0)."),
        (with_tree("NaN"), "The message is malformed: NaN is not allowed."),
        (with_tree("-Infinity"), "The message is malformed: -Infinity is not allowed."),
        (with_tree("[" * 100_000), "The message is malformed: maximum recursion depth"),
        (with_tree("1"), "The message is not a dict of named values."),
        (with_tree("[]"), "The message is not a dict of named values."),
        (with_tree("[" * 16 + "]" * 16), "The message is nested too deeply or holds too many values."),
        (with_tree("[" + "0," * 2 * MAX_VALUES + "0]"), "The message is nested too deeply or holds too many values."),
        (
            with_tree(json.dumps("x" * (MAX_TEXT + 1))),
            f"The message holds a text of {MAX_TEXT + 1} characters; at most {MAX_TEXT} are allowed.",
        ),
        (with_tree("9223372036854775808"), "The message holds an integer of more than 64 bits."),
        (with_tree("-" + "9" * 4000), "The message holds an integer of more than 64 bits."),
        (with_tree('{"$dict": 1}'), "The message holds a malformed value: 'int' object is not iterable."),
        (with_tree('{"$dict": [[null, 2]]}'), "The message holds a malformed value: expected a text."),
        (with_tree('{"$dict": [["a"]]}'), "The message holds a malformed value: not enough values to unpack"),
        (with_tree('{"$float": 1}'), "The message holds a malformed value: expected a text."),
        (with_tree('{"$float": "x"}'), "The message holds a malformed value: could not convert string to float: 'x'."),
        (
            with_tree('{"$opaque": ["a", "b", [1e999], ""]}'),
            "The message holds a malformed value: cannot convert float infinity",
        ),
        (with_tree('{"$opaque": []}'), "The message holds a malformed value: not enough values to unpack"),
        (with_tree('{"other": 1}'), "The message holds a malformed value: '$opaque'."),
        (with_tree('{"$tensor": "gone"}'), "The message holds a malformed value: 'gone'."),
        (with_tree('{"$tensor": []}'), "The message holds a malformed value: expected a text."),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_refusals(data, words):
    """A malformed message is refused with the place and the number."""
    assert refusal(data).startswith(words)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 9]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 8.0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [False, 8]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2**40, 0], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [2**39, 2**39], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [1] * 17 + [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": None, "data_offsets": [0, 8]},
        {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]},
        {"dtype": [], "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2]},
        {},
        [],
        None,
        3,
    ],
    ids=str,
)
def test_entries_that_contradict_themselves(entry):
    """A tensor whose header does not fit to its data is refused by name."""
    data = message({"__metadata__": {"tree": "{}"}, "x": entry}, bytes(8))
    assert refusal(data) == "The message's tensor 'x' has a header that contradicts itself."


def test_overlapping_tensors():
    """Two tensors at one place are refused, and bytes that belong to none."""
    tree = {"__metadata__": {"tree": "{}"}}
    assert refusal(message(tree | {"x": ENTRY, "y": ENTRY}, bytes(8))).startswith(
        "The message's tensors are malformed: "
    )
    assert refusal(message(tree | {"x": ENTRY}, bytes(16))).startswith("The message's tensors are malformed: ")


def test_text_of_a_stranger_can_be_written():
    """Half a surrogate pair in any text that a stranger sends becomes its escape."""
    tree = r'{"$dict": [["\ud800", "\ud801"], ["o", {"$opaque": ["\ud802", "\ud803", null, "\ud804"]}]]}'
    values, _devices = unpack_values(with_tree(tree))
    assert values == {"\\ud800": "\\ud801", "o": Opaque("\\ud802", "\\ud803", None, "\\ud804")}


def test_devices():
    """A device is told by the tensor's place, shortened."""
    entries = {"a.b": ENTRY}
    header = {
        "__metadata__": {"tree": json.dumps({"$dict": [["v", {"$tensor": "a.b", "device": "c" * 99}]]})},
        **entries,
    }
    assert unpack_values(message(header, bytes(8)))[1] == {"a.b": "c" * 40}


def test_pickles_are_not_read():
    """No byte of a message reaches a pickle."""
    assert "pickle" not in vars(tensors)
    import pickle

    assert refusal(pickle.dumps({"outputs": 1})).startswith("The message")


GOOD = pack_values({"outputs": {"x": torch.randn(3, 2), "y": [1, 2.5, "text", None, float("nan")], "o": {1}}})


def accept(data):
    """Unpack bytes; anything but values or a ProtocolError is a mistake."""
    try:
        values, devices = unpack_values(data)
    except ProtocolError as err:
        err.message.encode()
        return
    assert isinstance(values, dict)
    repr((values, devices)).encode()


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes(data):
    """Random bytes are values or a ProtocolError."""
    accept(data)
    accept(message(data))


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_mutation(changes):
    """A good message with some bytes changed is values or a ProtocolError."""
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    accept(data)
    accept(data[: changes[0][0]])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["$dict", "$tensor", "$float", "$opaque", "device", "x"]), inner, max_size=3)
    ),
    max_leaves=15,
)


@settings(max_examples=400)
@given(JSON, JSON)
@example({"$dict": [["x", {"$opaque": ["k", "d", "12", ""]}]]}, None)
@example({"$dict": [["x", {"$opaque": ["k", "d", {}, ""]}]]}, None)
def test_any_tree(tree, entry):
    """Any tree of values and any entry in the header are values or a ProtocolError."""
    accept(with_tree(json.dumps(tree)))
    accept(message({"__metadata__": {"tree": json.dumps(tree)}, "x": entry}, bytes(8)))
    accept(message({"__metadata__": tree, "x": ENTRY}, bytes(8)))
