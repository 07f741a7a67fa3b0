"""Tests of grader.export.roster."""

import pytest

from grader.errors import ExportError
from grader.export.roster import Student, participant_number, read_roster


def test_a_gradebook_of_canvas_is_a_roster(write_csv):
    """Canvas's own export works: its rows of points and postings are no students."""
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,HW 1 (123)\n"
        ",,,,,Manual Posting\n"
        "    Points Possible,,,,,10\n"
        '"Lee, Ann",501,s1,ann@x.org,Section A,\n'
    )
    roster = read_roster(write_csv(text))
    assert roster.students == (Student("Lee, Ann", number="501", sis_id="s1", login="ann@x.org", section="Section A"),)
    assert roster.fields == ("name", "number", "sis_id", "login", "section")


def test_parts_of_names_are_put_together(write_csv):
    """First and last name in columns of their own, as in Gradescope's roster, make the name."""
    roster = read_roster(write_csv("First Name,Last Name,SID,Email\nAnn,Lee,7,a@x.org\n,Bob,8,b@x.org\n"))
    assert [student.name for student in roster.students] == ["Ann Lee", "Bob"]
    assert roster.students[0].sis_id == "7"
    assert roster.fields == ("name", "sis_id", "email")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Points,Section\n1,A\n", "no column that tells students apart; it has `Points`, `Section`"),
        ("Name,Email\n", "names no student"),
        ("Section,Name\nA,\n", "names no student"),
    ],
)
def test_a_roster_without_students_is_refused(write_csv, text, words):
    """A file that names nobody is refused."""
    with pytest.raises(ExportError, match=words):
        read_roster(write_csv(text))


@pytest.mark.parametrize(
    ("identifier", "number"), [("Participant 123", "123"), ("123", "123"), ("s12x", ""), ("", ""), ("Ann", "")]
)
def test_participant_numbers_are_read(identifier, number):
    """Moodle's identifier holds a number; other ids have none."""
    assert participant_number(identifier) == number
