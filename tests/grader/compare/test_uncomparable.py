"""Promises of `uncomparable`: what can't cross the wall is told by what it is, to students and to authors."""

import numpy
import pytest
import torch

from grader.compare import Mismatch, Spec, assert_matches
from grader.compare.uncomparable import instead_of, odd_kind_in_words
from grader.errors import CourseError
from grader.sandbox.wire.tensors import pack_values, what_stays
from grader.sandbox.wire.unpacking import unpack_values


def _through(value):
    return unpack_values(pack_values({"outputs": {"y": value}}, exact=False))[0]["outputs"]


ROWS = numpy.array([[1], [2, 3]], dtype=object)
ODD = {
    "an array of texts of shape (2,)": (numpy.array(["a", "bc"]), "`.tolist()`"),
    "an array of Python objects of shape (2,)": (ROWS, "an array for each row"),
    "an array of complex numbers of shape (2,)": (numpy.ones(2, dtype=complex), "`.imag`"),
    "an array of bytes of shape (1,)": (numpy.array([b"a"]), "list of texts"),
    "an array of dates of shape (1,)": (numpy.array(["2020-01-01"], dtype="datetime64[D]"), "texts or numbers"),
    "an array of records of shape (2,)": (numpy.zeros(2, dtype=[("a", int)]), "for each field"),
    "a numpy.ndarray of shape (3,) (of dtype uint32)": (numpy.arange(3, dtype=numpy.uint32), "int64"),
    "a complex64 tensor of shape (2,)": (torch.ones(2, dtype=torch.complex64), "`.imag`"),
    "a uint32 tensor of shape (3,)": (torch.arange(3).to(torch.uint32), "int64"),
    "a complex number": (numpy.complex64(1j), "`.imag`"),
    "a bytes object": (b"ab", "`list(...)`"),
    "a set": ({1, 2}, "`sorted(...)`"),
    "a range": (range(3), "`list(...)`"),
    "a function": (_through, "its name"),
}
SENT = {
    "numbers and texts": [1, 2.5, "a", None, True, numpy.float32(1), numpy.str_("a")],
    "what holds them": {("a", 1): (torch.ones(2), numpy.ones(2)), "b": [ValueError("words")]},
}


@pytest.mark.parametrize("words", ODD)
def test_a_student_reads_what_came_instead(words):
    """Whatever is expected, the sentence says what came back, and where it is known what to do."""
    value, _ = ODD[words]
    for expected in (torch.ones(2), numpy.ones(2), ["a", "bc"], 1.0, Spec((2,)), "a"):
        with pytest.raises(Mismatch) as caught:
            assert_matches(_through(value), {"y": expected})
        assert str(caught.value).startswith(f"`y` is {words}; expected ")


@pytest.mark.parametrize(
    ("value", "expected", "advice"),
    [
        (numpy.array(["a", "bc"]), ["a", "bc"], "Turn it into a list with `.tolist()`."),
        (numpy.array(["a", "bc"]), numpy.ones(2), "texts belong in a list"),
        (ROWS, numpy.ones(2), "rows of several lengths make one"),
        (numpy.ones(2, dtype=complex), numpy.ones(2), "Return real numbers"),
        (torch.ones(2, dtype=torch.complex64), torch.ones(2), "Return real numbers"),
        (1j, 1.0, "Return a real number"),
        ({1, 2}, [1, 2], "turn it into a list with `sorted(...)`"),
        ({"a": 1}.keys(), ["a"], "Turn it into a list with `list(...)`."),
        (b"ab", "ab", "`.decode()`"),
    ],
)
def test_a_student_reads_what_to_try(value, expected, advice):
    """The sentence ends with something to try that fits what is expected."""
    with pytest.raises(Mismatch) as caught:
        assert_matches(_through(value), {"y": expected})
    assert advice in str(caught.value)


@pytest.mark.parametrize("value", [{1, 2}, range(2), {"a": 1}.values()])
def test_no_list_is_advised_where_none_is_expected(value):
    """What is advised leads to what is expected."""
    for expected in ({"a": 1}, 1.0, torch.ones(2)):
        with pytest.raises(Mismatch) as caught:
            assert_matches(_through(value), {"y": expected})
        assert "list" not in str(caught.value)


@pytest.mark.parametrize("words", ODD)
def test_an_author_cannot_expect_it(words):
    """A check that expects such a value is told so at once, with what to expect instead."""
    value, remedy = ODD[words]
    for given in (torch.ones(2), value):
        with pytest.raises(CourseError) as caught:
            assert_matches({"y": given}, {"y": value})
        assert f"The check expects y to be {words}, which can't be compared." in str(caught.value)
        assert remedy in caught.value.remedy


@pytest.mark.parametrize("words", ODD)
def test_what_stays_is_found_where_it_lies(words):
    """A value that can't cross is found with its place, as it is and as what stands for it behind the wall."""
    value, _ = ODD[words]
    for one in (value, _through(value)["y"]):
        ((path, found),) = what_stays({"x": torch.ones(2), "rows": [1, {"mask": one}]})
        assert path == "rows.1.mask"
        assert odd_kind_in_words(found) == words


@pytest.mark.parametrize("name", SENT)
def test_what_crosses_does_not_stay(name):
    """Numbers, texts, tensors, arrays, exceptions, and lists, tuples and dicts of them can be sent."""
    assert list(what_stays({"x": SENT[name]})) == []


def test_a_number_that_is_too_large_can_be_a_text():
    """An integer of more than 64 bits stays, and may be a text; nothing is known to do about a strange value."""
    ((path, value),) = what_stays({"n": 2**70})
    assert path == "n"
    assert "Take its text" in instead_of(value)
    assert instead_of(object()) == ""
