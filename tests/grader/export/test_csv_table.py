"""Tests of grader.export.csv_table."""

import pytest

from grader.errors import ExportError
from grader.export.csv_table import read_csv_table


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_with_any_separator(write_csv, delimiter):
    """The header tells which separator is meant; short rows are filled up, blank ones left out."""
    text = f"Name{delimiter}ID\nAnn{delimiter}1\n\n{delimiter}\nBob\n"
    table = read_csv_table(write_csv(text))
    assert (table.header, table.rows) == (("Name", "ID"), (("Ann", "1"), ("Bob", "")))
    assert table.delimiter == delimiter


def test_a_byte_order_mark_is_no_part_of_the_header(write_csv):
    """A mark at the start, as Excel writes it, is remembered and not read as text."""
    table = read_csv_table(write_csv("\ufeffName\r\nAnn\r\n"))
    assert (table.header, table.rows, table.has_mark) == (("Name",), (("Ann",),), True)


def test_excels_line_about_separators_is_no_header(write_csv):
    """`sep=;` in the first line is left out."""
    table = read_csv_table(write_csv("\ufeffsep=;\r\nName;ID\r\nAnn;1\r\n"))
    assert (table.header, table.rows) == (("Name", "ID"), (("Ann", "1"),))


def test_quoted_cells_may_hold_anything(write_csv):
    """Separators, quotes and line breaks within quotes belong to the cell."""
    table = read_csv_table(write_csv('Name,Note\n"Lee, Ann","a ""b""\nc"\n'))
    assert table.rows == (("Lee, Ann", 'a "b"\nc'),)


def test_columns_are_found_in_any_spelling(write_csv):
    """Case, underscores and spaces of a header don't matter."""
    table = read_csv_table(write_csv("SIS_User-ID, Full  name \nx,y\n"))
    assert (table.find_column("sis user id"), table.find_column("FULL NAME"), table.find_column("z")) == (0, 1, None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"roster\.csv is empty; its first row has to name the columns"),
        (b"\n\n", r"roster\.csv is empty"),
        (b"PK\x03\x04xl", r"is a workbook or an archive, not a CSV file\. Save it as “CSV UTF-8”"),
        (b"Name\nZo\xeb\n", r"is not UTF-8 \(byte 7\)\. Save it as “CSV UTF-8”"),
        (b"Name,ID\nLee, Ann,1\n", r"line 2: 3 cells below a header of 2\. Put cells"),
        (b'Name\n"Ann\n', r"is not valid CSV: unexpected end of data"),
        (b"Name\n" + b"x" * 200_000, r"is not valid CSV: field larger"),
        (b"x" * 20_000_001, r"is larger than 20 MB"),
    ],
)
def test_what_is_no_table_is_refused(write_csv, content, words):
    """A file that can't be read is refused with its fault and what to do."""
    with pytest.raises(ExportError, match=words):
        read_csv_table(write_csv(content))


def test_a_missing_file_is_named(tmp_path):
    """A path that does not exist is named."""
    with pytest.raises(ExportError, match=r"nowhere\.csv can't be read: No such file"):
        read_csv_table(tmp_path / "nowhere.csv")


def test_two_columns_for_one_thing_are_refused(write_csv):
    """Which of two columns is meant is never guessed."""
    table = read_csv_table(write_csv("Email,email address,E-Mail\na,b,c\n"))
    with pytest.raises(ExportError, match=r"several columns for one thing: `Email` and `E-Mail`\. Remove all but one"):
        table.find_column("email", "e-mail")
