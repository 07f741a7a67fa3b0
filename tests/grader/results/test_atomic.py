"""Tests of grader.results.atomic."""

import pytest

from grader.errors import StoreError
from grader.results.atomic import replace_bytes, replace_file


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    """replace_file makes the folder, replaces the file and leaves no draft."""
    path = tmp_path / "new" / "a.txt"
    replace_file(path, "one")
    replace_file(path, "zwö \udc80")
    assert path.read_text(encoding="utf-8") == "zwö ?"
    assert list(path.parent.iterdir()) == [path]


def test_the_longest_possible_name_can_be_written(tmp_path):
    """replace_file writes any name that the file system takes."""
    path = tmp_path / ("x" * 255)
    replace_file(path, "text")
    assert path.read_text() == "text"


def test_a_refusal_names_file_and_reason(tmp_path):
    """replace_file raises StoreError when writing fails, and the old file stays."""
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(StoreError, match=r"a\.txt can't be written: Is a directory\. No result is lost"):
        replace_file(tmp_path / "a.txt", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_bytes_are_written_as_they_are(tmp_path):
    """replace_bytes writes what it is given, and says where that fails."""
    replace_bytes(tmp_path / "new" / "a.zip", b"PK\x00\xff")
    assert (tmp_path / "new" / "a.zip").read_bytes() == b"PK\x00\xff"
    with pytest.raises(StoreError, match=r"new can't be written: Is a directory\. No result is lost"):
        replace_bytes(tmp_path / "new", b"")
