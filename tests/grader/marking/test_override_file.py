"""Tests of grader.marking.override_file: rows that say one thing are read, all others told."""

import pytest

from grader.errors import ManualError
from grader.marking.override_file import FILE, LONGEST_REASON, VERDICTS, read_overrides
from grader.results.verdict import Verdict

HEADER = "submission,check_or_task,points,verdict,reason,who\n"


@pytest.fixture
def read(tmp_path):
    """Return a function that reads an overrides.csv of this text."""

    def read(text):
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        return read_overrides(tmp_path)

    return read


def test_a_folder_without_the_file_has_none(tmp_path):
    """Where nobody wrote anything, there are no rows and no problems."""
    assert read_overrides(tmp_path) == ([], [])


def test_rows_give_points_or_a_verdict(read):
    """Columns stand in any order beside others; words of verdicts may have spaces, separators are those of the file."""
    text = "Who;note;reason;submission;check_or_task;verdict;points\nAnn;;He is right.;bob;test_a;Timed out;\n"
    (row,), problems = read(text + "Ann;;Late bus.;bob;loss;;1,5\n")[0][:1], read(text)[1]
    assert (row.line, row.submission, row.target, row.points, row.verdict) == (2, "bob", "test_a", "", "timed_out")
    assert (row.reason, row.who, problems) == ("He is right.", "Ann", [])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("bob,test_a,1,passed,Why.,Ann", "It gives both points and a verdict. Fill in one of the two."),
        ("bob,test_a,,,Why.,Ann", "It gives neither points nor a verdict. Fill in one of the two."),
        ("bob,test_a,1,,,Ann", "The column `reason` is empty. Every override says whose, what, why and who."),
        ("bob,test_a,1,,Why.,", "The column `who` is empty. Every override says whose, what, why and who."),
        (",test_a,1,,Why.,Ann", "The column `submission` is empty. Every override says whose, what, why and who."),
        ("bob", "The column `check_or_task` is empty. Every override says whose, what, why and who."),
        ("bob,test_a,,skipped,Why.,Ann", f"`skipped` is no verdict that a person can give. Known: `{VERDICTS[0]}`"),
        ("bob,test_a,,pased,Why.,Ann", f"`pased` is no verdict that a person can give. Known: `{Verdict.PASSED}`"),
        ("bob,test_a,1,,A slip, no more.,Ann", "It has more cells than the first row. Put quotation marks around a"),
        (f"bob,test_a,1,,{'w' * (LONGEST_REASON + 1)},Ann", f"A text is longer than {LONGEST_REASON} characters."),
    ],
)
def test_a_row_that_says_nothing_clear_is_told(read, row, words):
    """A row that can't be understood is told with its line, and the others are read."""
    rows, (problem,) = read(f"{HEADER}{row}\nann,test_a,1,,Why.,Ann\n")
    assert [one.submission for one in rows] == ["ann"]
    assert problem.startswith(f"{FILE}, line 2: {words}")


@pytest.mark.parametrize("header", ["submission,check,points,verdict,reason,who", HEADER.strip() + ",who"])
def test_a_file_without_its_columns_is_refused(read, header):
    """A first row that lacks a column, or has one twice, is an error that names it."""
    with pytest.raises(ManualError, match=r"has no column `(check_or_task|who)`, or several: its first row is"):
        read(header + "\n")
