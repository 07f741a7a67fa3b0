"""The questions present and type, plain values, lists and dicts, each with its sentence."""

import math

import pytest
import torch

from grader.compare import Expectation, Spec
from grader.compare.assertion import compare
from grader.compare.comparison import Rung
from grader.compare.wording import feedback_for
from grader.errors import CourseError
from grader.sandbox.wire.tensors import Opaque

X = torch.tensor([[0.5, -1.25, 2.0], [3.1, 0.7, -0.3]])
NAN, INF = math.nan, math.inf


def told(actual, expected, **settings):
    """Return (rung, sentence) of every difference of one value called `z`."""
    comparison = compare({"z": actual}, Expectation({"z": expected}, **settings))
    sentences = [item.message for item in feedback_for(comparison).items]
    return list(zip([difference.rung for difference in comparison.differences], sentences, strict=True))


def test_a_missing_name_is_told():
    """A name that isn't there fails at `present`, and what it should be is named."""
    comparison = compare({}, {"z": X})
    assert comparison.differences[0].rung is Rung.PRESENT
    assert feedback_for(comparison).message == "`z` is missing; expected a tensor of shape (2, 3)."


def test_names_nobody_expects_are_ignored():
    """Only the names in the expectation are compared."""
    assert compare({"z": X, "more": None}, {"z": X}).passed


TYPES = [
    (None, X, "`z` is None: did the function forget to return, or is it still a stub?"),
    (Opaque("ellipsis"), X, "`z` is `...`: it is still a stub."),
    (
        [1.0, 2.0],
        X,
        "`z` is a list of 2 items; expected a tensor of shape (2, 3). "
        "Build a tensor with `torch.tensor` or `torch.stack`.",
    ),
    ([], X, "`z` is a list of 0 items; expected a tensor of shape (2, 3)."),
    ({"a": 1}, X, "`z` is a dict of 1 key; expected a tensor of shape (2, 3)."),
    (0.5, X, "`z` is 0.5 (float); expected a tensor of shape (2, 3). Keep the tensor: drop `.item()` or `float(...)`."),
    ("text", X, '`z` is "text" (str); expected a tensor of shape (2, 3).'),
    (
        Opaque("numpy.ndarray", "", (2, 3), "float64"),
        X,
        "`z` is a numpy.ndarray of shape (2, 3); expected a tensor of shape (2, 3). Stay in torch:",
    ),
    (
        Opaque("sparse tensor", "", (2, 3)),
        X,
        "`z` is a sparse tensor of shape (2, 3); expected a tensor of shape (2, 3). Make it dense with `.to_dense()`.",
    ),
    (Opaque("function"), X, "`z` is a function; expected a tensor of shape (2, 3). Is a call missing its parentheses?"),
    (Opaque("too large", "99 bytes"), X, "`z` is a too large (99 bytes); expected a tensor"),
    (Opaque("int", "an integer of more than 64 bits"), 3, "`z` is an integer of more than 64 bits (int); expected 3"),
    (3, None, "`z` is 3 (int); expected None."),
    (3.0, 3, "`z` is 3.0 (float); expected 3 (int)."),
    (True, 1, "`z` is True (bool); expected 1 (int)."),
    (1, True, "`z` is 1 (int); expected True (bool)."),
    (True, 1.0, "`z` is True (bool); expected 1.0 (float)."),
    (X, 1, "`z` is a tensor of shape (2, 3); expected 1 (int). Turn a tensor of one element into a number"),
    (X, [1, 2], "`z` is a tensor of shape (2, 3); expected a list of 2 items. Turn it into a list"),
    (X, {"a": 1}, "`z` is a tensor of shape (2, 3); expected a dict of 1 key."),
    (1, "relu", '`z` is 1 (int); expected "relu" (str).'),
    (True, torch.tensor(1.0), "`z` is True (bool); expected a tensor of shape ()."),
    (0.5, torch.tensor(1), "`z` is 0.5 (float); expected a tensor of shape ()."),
    (2**70, torch.tensor(1), "`z` is 1180591620717411303424 (int); expected a tensor of shape ()."),
]


@pytest.mark.parametrize(("actual", "expected", "sentence"), TYPES, ids=range(len(TYPES)))
def test_another_kind_of_value_fails_at_type(actual, expected, sentence):
    """A value of another kind fails at `type`, with both kinds and what to try."""
    ((rung, message),) = told(actual, expected)
    assert rung is Rung.TYPE
    assert message.startswith(sentence)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (2.5, torch.tensor(2.5)),
        (2, torch.tensor(2.0)),
        (torch.tensor(2.5), 2.5),
        (torch.tensor(2.5, dtype=torch.float64), 2.5),
        (torch.tensor(2), 2.0),
        (2, 2.0),
        (0.1 + 0.2, 0.3),
        (torch.tensor(0.1).item(), 0.1),
        (torch.tensor(7), 7),
        (7, torch.tensor(7)),
        (torch.tensor(True), True),
        (True, torch.tensor(True)),
        (2.5, Spec(())),
        (3, Spec((), torch.int64)),
        (INF, INF),
        (NAN, NAN),
        ((1, 2), [1, 2]),
        ([1, 2], (1, 2)),
        (torch.nn.Parameter(X), X),
        (X.T.contiguous().T, X),
    ],
)
def test_numbers_and_0_dim_tensors_stand_for_each_other(actual, expected):
    """Values of the same meaning pass, whichever way they are written."""
    assert told(actual, expected) == []


@pytest.mark.parametrize(
    ("actual", "expected", "sentence"),
    [
        (23.5, torch.tensor(2.25), "`z` is 23.5; expected 2.25."),
        (torch.tensor(0.5), 0.75, "`z` is 0.5; expected 0.75."),
        (4, 5, "`z` is 4; expected 5."),
        (torch.tensor(4), 5, "`z` is 4; expected 5."),
        (False, True, "`z` is False; expected True."),
        ("gelu", "relu", '`z` is "gelu"; expected "relu".'),
    ],
)
def test_wrong_plain_values_are_told(actual, expected, sentence):
    """Plain values that differ are told side by side."""
    assert told(actual, expected) == [(Rung.CLOSE, sentence)]


def test_an_integer_beyond_all_floats_does_not_raise():
    """An int that no float can hold fails at `finite` where a float is expected."""
    assert told(10**400, 1.5)[0][0] is Rung.FINITE
    assert told(-(10**400), torch.tensor(1.5))[0][0] is Rung.FINITE


def test_items_of_lists_and_dicts_are_named():
    """Every failing item of nested lists and dicts is reported by its own name."""
    actual = {"w": [X, None, X + 1], "name": "gelu", "lr": 0.5}
    expected = {"w": [X, X, X], "name": "relu", "lr": 0.5, "beta": 0.9}
    comparison = compare({"state": actual}, {"state": expected})
    assert [(difference.name, difference.rung) for difference in comparison.differences] == [
        ('state["w"][1]', Rung.TYPE),
        ('state["w"][2]', Rung.CLOSE),
        ('state["name"]', Rung.CLOSE),
        ('state["beta"]', Rung.PRESENT),
    ]
    assert feedback_for(comparison).message.endswith('`state["beta"]` is missing; expected 0.9 (float).')


def test_lists_of_other_length_fail_at_shape():
    """A list of another length is told once, by its length."""
    assert told([1], [1, 2, 3]) == [(Rung.SHAPE, "`z` has 1 item; expected 3.")]


def test_keys_nobody_expects_are_told():
    """Additional keys of a dict are named, five at most."""
    ((rung, message),) = told({"a": 1, "b": 2, "c": 3}, {"a": 1})
    assert rung is Rung.SHAPE
    assert message == '`z` has keys that aren\'t expected: "b", "c".'
    many = told({str(i): i for i in range(100)}, {})[0][1]
    assert many.count('"') == 10


@pytest.mark.parametrize("expected", [{1, 2}, object(), b"bytes", 2j])
def test_expected_values_of_unknown_kinds_are_the_courses_mistake(expected):
    """A check that expects what can't be compared is told so."""
    with pytest.raises(CourseError, match=r"The check expects z to be an? [\w ]+, which can't be compared\. \w+ "):
        compare({"z": 1}, {"z": expected})


@pytest.mark.parametrize("expected", [torch.tensor([1j]), torch.ones(1).to_sparse(), torch.ones(1, device="meta")])
def test_expected_tensors_of_unknown_kinds_are_the_courses_mistake(expected):
    """A check that expects a complex, sparse or meta tensor is told so."""
    with pytest.raises(
        CourseError, match=r"z to be a (complex64|sparse|meta) tensor of shape .*, which can't be compared\. \w+ "
    ):
        compare({"z": torch.ones(1)}, {"z": expected})


def test_an_expected_parameter_is_a_tensor():
    """Expected values may require gradients."""
    assert told(X, torch.nn.Parameter(X.clone())) == []
