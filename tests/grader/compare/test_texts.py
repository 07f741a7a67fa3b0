"""Numbers and strangers' texts as students see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.compare.texts import (
    MAX_TEXT,
    count_text,
    index_text,
    number_text,
    number_texts,
    quoted_pair,
    safe_text,
    shape_text,
)


@given(st.text(), st.integers(10, 300))
def test_safe_text_is_short_and_printable(text, limit):
    """Any text becomes at most `limit` printable characters without backticks."""
    safe = safe_text(text, limit=limit)
    assert len(safe) <= limit
    assert safe.isprintable()
    assert "`" not in safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("`code`", "'code'"),
        ("\ud800", "\\ud800"),
        ("über 日本", "über 日本"),
    ],
)
def test_controls_and_bidi_marks_are_escaped(text, safe):
    """Characters that hide or reorder text are shown as escapes, letters of all scripts stay."""
    assert safe_text(text) == safe


def test_long_texts_are_cut():
    """A text over the limit ends in an ellipsis."""
    assert safe_text("x" * 10**6) == "x" * (MAX_TEXT - 1) + "…"


def test_texts_are_shown_from_where_they_part():
    """Two long texts that differ far in are shown from shortly before that place."""
    actual, expected = quoted_pair("a" * 500 + "x", "a" * 500 + "y")
    assert actual == '"…' + "a" * 20 + 'x"'
    assert expected == '"…' + "a" * 20 + 'y"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1 / 3, "0.333333"),
        (1e-9, "1e-09"),
        (3.0, "3"),
        (12345678, "12345678"),
        (True, "True"),
        (float("nan"), "nan"),
        (-float("inf"), "-inf"),
        (1 << 5000, "an integer of 5001 bits"),
    ],
)
def test_numbers_have_up_to_six_digits(value, text):
    """Floats have six significant digits, integers all, unless nobody could read them."""
    assert number_text(value) == text


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_different_floats_never_look_equal(actual, expected):
    """Two floats that differ have texts that differ."""
    texts = number_texts(actual, expected)
    assert (texts[0] != texts[1]) or actual == expected


def test_digits_are_added_only_as_needed():
    """Two numbers that differ late get just the digits that tell them apart."""
    assert number_texts(2.3025851, 2.3025899) == ("2.302585", "2.30259")
    assert number_texts(1.0, 1.0 + 2**-52) == ("1", "1.0000000000000002")


def test_shapes_indices_and_counts_read_as_python_and_english():
    """Shapes look like tuples, indices like subscripts, counts agree with their noun."""
    assert (shape_text(()), shape_text((5,)), shape_text((5, 3))) == ("()", "(5,)", "(5, 3)")
    assert shape_text(tuple(range(14))) == "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)"
    assert (index_text(()), index_text((3, 1))) == ("[]", "[3, 1]")
    assert (count_text(1, "row"), count_text(2, "row")) == ("1 row", "2 rows")
