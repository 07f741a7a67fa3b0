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
        ("Ann,a@x.edu\nBo,b@x.edu\n", r"names no columns, it holds the address `a@x.edu`\. Add a first row such as"),
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


def test_a_list_of_moodle_in_another_language_is_a_roster(write_csv):
    """Known words name the columns; in any other language names come right before the addresses."""
    german = read_roster(write_csv("Vorname,Nachname,E-Mail-Adresse,Gruppen\nAnn,Lee,ann@x.de,A\n"))
    assert german.students == (Student("Ann Lee", email="ann@x.de"),)
    unknown = read_roster(write_csv("Ab,Cd,Ef\nAnn,Lee,ann@x.zz\nBo,Ray,bo@x.zz\n"))
    assert [(student.name, student.email) for student in unknown.students] == [
        ("Ann Lee", "ann@x.zz"),
        ("Bo Ray", "bo@x.zz"),
    ]


def test_a_roster_of_github_classroom_is_a_roster(write_csv):
    """Names at GitHub are kept beside the course's own."""
    text = '"identifier","github_username","github_id","name"\n"ann@x.org","ann-codes","77","Ann Lee"\n'
    (ann,) = read_roster(write_csv(text)).students
    assert (ann.number, ann.github, ann.name) == ("ann@x.org", "ann-codes", "Ann Lee")


def test_grades_of_gradescope_hold_the_number_of_the_hand_in(write_csv):
    """The number of a submission is read from the table of grades."""
    (ann,) = read_roster(
        write_csv("First Name,Last Name,SID,Email,Sections,Submission ID\nAnn,Lee,7,a@x,A,1001\n")
    ).students
    assert (ann.hand_in, ann.section) == ("1001", "A")


def test_a_row_that_stands_there_twice_is_one_student(write_csv):
    """A repeated row is left out; two who only share a name stay two."""
    assert len(read_roster(write_csv("Name,Email\nAnn,a@x\nAnn,a@x\n")).students) == 1
    assert len(read_roster(write_csv("Name,Section\nAnn,A\nAnn,A\n")).students) == 2


def test_a_student_in_two_sections_is_one_student(write_csv):
    """Rows of one id that contradict each other in nothing are joined; others stay two, so that nothing is guessed."""
    (ann,) = read_roster(write_csv("Name,Email,Section\nAnn,a@x,A\nAnn,A@x,B\n")).students
    assert (ann.name, ann.section) == ("Ann", "A and B")
    both = read_roster(write_csv("Name,Email,Group\nAnn,a@x,\nAnn,a@x,G1\n")).students
    assert both == (Student("Ann", email="a@x", group="G1"),)
    assert len(read_roster(write_csv("Name,Email\nAnn,a@x\nBo,a@x\n")).students) == 2


@pytest.mark.parametrize("header", ["Nom,Cognoms,Adreça", "Ime,Priimek,E-naslov", "שם,משפחה,דואל", "Nume,Xyz,Mail"])
def test_names_stand_before_addresses_in_any_language(write_csv, header):
    """A word that is known for one of the two names doesn't hide the other one."""
    (ann,) = read_roster(write_csv(f"{header}\nAnn,Lee,ann@x.si\n")).students
    assert (ann.name, ann.email) == ("Ann Lee", "ann@x.si")


def test_a_student_in_two_groups_is_refused(write_csv):
    """Two rows of one student that name different groups are a mistake of the roster."""
    for rows in ("Ann,a@x,G1\nAnn,A@x,G2\n", "Ann,a@x,\nAnn,a@x,G1\nAnn,a@x,G2\n"):
        with pytest.raises(ExportError, match=r"Ann is in two groups, `G1` and `G2`\. Leave one of the two rows"):
            read_roster(write_csv(f"Name,Email,Group\n{rows}"))


def test_a_roster_in_utf16_is_read(write_csv):
    """What Excel calls Unicode text is read by its byte order mark."""
    assert read_roster(write_csv("Name\tEmail\nZoë\tz@x\n", encoding="utf-16")).students[0].name == "Zoë"


@pytest.mark.parametrize("column", ["ID", "SIS User ID", "Login"])
def test_one_id_of_two_names_is_refused(write_csv, column):
    """Rows of one id that name two students contradict each other; two spellings of one name don't."""
    with pytest.raises(ExportError, match=r"Ann Lee and Annie Li have one id, `7`\. Leave one of the two"):
        read_roster(write_csv(f"Name,{column}\nAnn Lee,7\nAnnie Li,7\n"))
    (ann,) = read_roster(write_csv(f'Name,{column}\nAnn Lee,7\n"Lee, Ann",7\n')).students
    assert ann.name == "Ann Lee"
