"""The feedback built from a comparison: items, order and bounds."""

import pytest
import torch

from grader.compare.assertion import compare
from grader.compare.comparison import Rung
from grader.compare.remedies import remedy_for_dtype, remedy_for_kind
from grader.compare.wording import feedback_for
from grader.sandbox.wire.tensors import Opaque

X = torch.tensor([[0.5, -1.25, 2.0], [3.1, 0.7, -0.3]])


def item(actual, expected):
    """Return the only item of the feedback on one value."""
    (only,) = feedback_for(compare({"z": actual}, {"z": expected})).items
    return only


def test_nothing_failed_nothing_said():
    """The feedback of a passed comparison is empty."""
    feedback = feedback_for(compare({"z": X}, {"z": X}))
    assert (feedback.message, feedback.items) == ("", ())


def test_five_items_then_a_count():
    """Five failing items are told in order, the rest counted."""
    names = [f"p{i}" for i in range(8)]
    feedback = feedback_for(compare({}, dict.fromkeys(names, X)))
    assert [item.name for item in feedback.items] == names[:5]
    lines = feedback.message.splitlines()
    assert len(lines) == 6
    assert lines[0] == "`p0` is missing; expected a tensor of shape (2, 3)."
    assert lines[-1] == "and 3 more."


@pytest.mark.parametrize("count", [1, 5])
def test_five_items_need_no_count(count):
    """Where everything is told nothing is counted."""
    feedback = feedback_for(compare({}, {f"p{i}": X for i in range(count)}))
    assert len(feedback.message.splitlines()) == count
    assert "more" not in feedback.message


@pytest.mark.parametrize(
    ("actual", "expected", "rung", "texts"),
    [
        (X + torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), X, "close", ("1.5", "0.5")),
        (X[:, :2], X, "shape", ("(2, 2)", "(2, 3)")),
        (X.double(), X, "dtype", ("float64", "float32")),
        (None, X, "type", ("None", "a tensor of shape (2, 3)")),
        (X * float("nan"), X, "finite", ("nan", "0.5")),
        ("a", "b", "close", ('"a"', '"b"')),
        ([1], [1, 2], "shape", ("a list of 1 item", "a list of 2 items")),
        (3, 4, "close", ("3", "4")),
    ],
)
def test_items_carry_rung_and_both_sides(actual, expected, rung, texts):
    """An item names its rung and holds both sides as short texts."""
    only = item(actual, expected)
    assert only.rung == rung
    assert (only.actual, only.expected) == texts
    assert only.message


def test_items_point_at_the_worst_element():
    """An item has an index where elements were compared, () for a single number, None elsewhere."""
    assert item(X + torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]), X).index == (0, 1)
    assert item(torch.tensor(1.5), torch.tensor(2.75)).index == ()
    assert item(None, X).index is None


def test_a_missing_item_reads_as_missing():
    """A missing value's text is `missing`."""
    (only,) = feedback_for(compare({}, {"z": X})).items
    assert (only.rung, only.actual) == ("present", "missing")


def test_numbers_that_differ_late_do_not_look_equal():
    """Digits are added until both numbers can be told apart."""
    expected = torch.tensor([1.0, 123456.7], dtype=torch.float64)
    actual = torch.tensor([1.0, 123456.71], dtype=torch.float64)
    assert "123456.71 instead of 123456.7." in item(actual, expected).message


def test_strangers_texts_are_shown_safely():
    """Texts of students are cut, and what would hide or reorder text is escaped."""
    message = item("\u202e" + "x" * 10_000 + "`", "relu").message
    assert message.startswith('`z` is "\\u202exxx')
    assert message.count("`") == 2
    assert len(message) < 260


def test_strangers_kinds_are_shown_safely():
    """The name of a type is a student's text as well."""
    message = item(Opaque("a\nb\u202e`" + "k" * 500, "d" * 1000, tuple(range(30))), X).message
    assert message.isprintable()
    assert len(message) < 500


def test_every_rung_has_a_sentence():
    """Each rung of the ladder can be told."""
    from grader.compare.wording import _SENTENCES

    assert set(_SENTENCES) == set(Rung)


@pytest.mark.parametrize(
    ("actual", "expected", "words"),
    [
        ("method", "tensor", "Is a call missing its parentheses?"),
        ("generator", "list", "Turn it into a list"),
        ("type", "tensor", "create an object of it"),
        ("meta tensor", "tensor", "no values"),
        ("student.Net", "tensor", ""),
    ],
)
def test_remedies_for_kinds(actual, expected, words):
    """What to try depends on the kind that came."""
    remedy = remedy_for_kind(actual, expected)
    assert words in remedy
    assert bool(words) == bool(remedy)


@pytest.mark.parametrize(
    ("actual", "expected", "words"),
    [
        ("int32", "float64", "Convert integers with `.float()`"),
        ("bool", "int64", "Comparisons give bools"),
        ("float32", "float64", "Convert it with `.to(torch.float64)`."),
        ("complex64", "", "Return real numbers."),
    ],
)
def test_remedies_for_dtypes(actual, expected, words):
    """What to try depends on both dtypes."""
    assert words in remedy_for_dtype(actual, expected)
