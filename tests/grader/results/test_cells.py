"""Tests of grader.results.cells."""

import csv
import io

import pytest

from grader.results.cells import csv_text, kept_cell, text_cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("ann", "ann"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'␉=1"),
        ("\r=1", "'␊=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a\x00\x1b[31mb\x07", "a␀b␇"),
        ("a\u202eb\udc80", "a[U+202E]b\ufffd"),
    ],
)
def test_no_name_becomes_a_formula(text, cell):
    """A cell never starts like a formula and holds no control character."""
    assert text_cell(text) == cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("-", "-"),
        ("-7.5", "-7.5"),
        ("+12,50 %", "+12,50 %"),
        ("two\nlines", "two\nlines"),
        ("=1+1", "'=1+1"),
        (" @x", "' @x"),
        ("-1+cmd", "'-1+cmd"),
        ("", ""),
    ],
)
def test_other_peoples_cells_stay_but_for_formulas(text, cell):
    """A kept cell is changed only where a spreadsheet would calculate it; numbers and dashes stay."""
    assert kept_cell(text) == cell


def test_cells_come_back_as_they_were():
    """What csv_text writes is what a reader gets, whatever the cells hold."""
    rows = [["a", 'b"c', "d,e;f", "g\nh"], ["", "ö", "\t", "'"]]
    for delimiter in ",;\t":
        text = csv_text(rows, delimiter=delimiter)
        assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == rows
