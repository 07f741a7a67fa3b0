"""Tests of grader.marking.extension_file: rows that give somebody time are read, all others told."""

from datetime import UTC, datetime

import pytest

from grader.courses.deadline import Deadline
from grader.errors import ManualError
from grader.marking.extension_file import FILE, read_extensions

DEADLINE = Deadline(datetime(2026, 11, 20, 12, tzinfo=UTC))
HEADER = "student,due,close,slack_days,reason\n"


@pytest.fixture
def read(tmp_path):
    """Return a function that reads an extensions.csv of this text."""

    def read(text):
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        return read_extensions(tmp_path, DEADLINE)

    return read


def test_rows_give_time(read, tmp_path):
    """A row gives another due or closing time, or slack days, and leaves as it is what it doesn't name."""
    assert read_extensions(tmp_path, DEADLINE) == ([], [])
    (row, other), problems = read(f"{HEADER}ann,2026-11-22T12:00+01:00,,,Ill.\nbob,,,3,Work.\n")
    assert (row.due, row.close, row.slack_days) == (datetime(2026, 11, 22, 11, tzinfo=UTC), None, None)
    assert (other.slack_days, other.line, problems) == (3, 3, [])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (",2026-11-22T12:00Z,,,Ill.", "The column `student` is empty. Every extension says whose and why."),
        ("bob,2026-11-22T12:00Z,,,", "The column `reason` is empty. Every extension says whose and why."),
        ("bob,,,,Ill.", "It extends nothing. Fill in `due`, `close` or `slack_days`."),
        (
            "bob,2026-11-22T12:00,,,Ill.",
            "`due` is “2026-11-22T12:00”, which names no time zone. Write",
        ),
        ("bob,next week,,,Ill.", "`due` is “next week”, which is no time. Write 2026-11-27T23:59+01:00, say."),
        ("bob,2025-11-22T12:00Z,,,Ill.", "`due` is 2025-11-22T12:00Z, before everybody's 2026-11-20 12:00:00+00:00."),
        ("bob,2026-11-22T12:00Z,2026-11-21T12:00Z,,Ill.", "`close` is 2026-11-21T12:00Z, before work is due."),
        ("bob,,,-1,Ill.", "`slack_days` is “-1”; expected a whole number from 0 to 366. Mend it."),
        ("bob,,,400,Ill.", "`slack_days` is “400”; expected a whole number from 0 to 366. Mend it."),
        ("bob,,,1,Ill, again.", "It has more cells than the first row. Put quotation marks around a text that holds"),
        ("ANN,,,1,Ill.", "ANN has an extension in line 2 already. Remove one."),
    ],
)
def test_a_row_that_gives_nothing_clear_is_told(read, row, words):
    """A row that can't be understood, or stands twice, is told with its line, and the others are read."""
    rows, (problem,) = read(f"{HEADER}ann,,,2,Ill.\n{row}\n")
    assert [one.student for one in rows] == ["ann"]
    assert problem.startswith(f"{FILE}, line 3: {words}")


def test_a_file_without_its_columns_is_refused(read):
    """A first row that lacks a column is an error that names it."""
    with pytest.raises(ManualError, match="has no column `close`, or several"):
        read("student,due,slack_days,reason\n")
