"""Tests of grader.export.worksheet."""

import csv
import io

import pytest

from grader.errors import ExportError
from grader.export.roster import Student
from grader.export.worksheet import filled_worksheet, read_worksheet

HEADER = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
)
ANN = 'Participant 11,Ann Lee,ann@x.org,Submitted for grading,,10.00,Yes,"Monday, 2 May 2026, 9:00 AM",-,\n'
BOB = "Participant 12,Bob Ray,bob@x.org,No submission,4.00,10.00,No,-,-,<p>so so</p>\n"


def test_a_worksheet_of_moodle_is_read(write_csv):
    """Students come with participant number, name and address; locked grades and maxima are known."""
    sheet = read_worksheet(write_csv(HEADER + ANN + BOB))
    assert sheet.students == (
        Student("Ann Lee", number="11", email="ann@x.org"),
        Student("Bob Ray", number="12", email="bob@x.org"),
    )
    assert (sheet.maxima, sheet.is_locked(0), sheet.is_locked(1)) == ((10.0,), False, True)


def test_a_blind_worksheet_has_numbers_only(write_csv):
    """Moodle leaves out names and addresses where markers mustn't see them, and comments where there are none."""
    text = 'Identifier,Grade,Maximum Grade,Last modified (grade)\nParticipant 7,,"10,00",-\n'
    sheet = read_worksheet(write_csv(text))
    assert (sheet.students, sheet.maxima, sheet.comments) == ((Student(number="7"),), (10.0,), None)


def test_what_is_not_filled_in_stays(write_csv):
    """Order, separator, byte order mark and every other cell come back; a formula in one does not."""
    text = "\ufeff" + (HEADER + ANN + BOB.replace("Bob Ray", "=1+1")).replace(",", ";").replace("Monday;", "Monday,")
    sheet = read_worksheet(write_csv(text.replace("2026;", "2026,")))
    filled = filled_worksheet(sheet, {(0, sheet.grade): "7.5"})
    assert filled.startswith("\ufeffIdentifier;")
    rows = list(csv.reader(io.StringIO(filled.removeprefix("\ufeff"), newline=""), delimiter=";"))
    assert rows[0] == list(sheet.table.header)
    assert rows[1] == [*sheet.table.rows[0][:4], "7.5", *sheet.table.rows[0][5:]]
    assert rows[2] == ["Participant 12", "'=1+1", *sheet.table.rows[1][2:]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Name,Grade\nAnn,1\n", r"is not a grading worksheet: Moodle needs `Identifier`, `Grade` and `Last modified"),
        ("Identifier,Grade,Scale,Last modified (grade)\nParticipant 1,,A-B,-\n", "grades by a scale, not by points"),
        (HEADER + ANN + BOB.replace("12", "11"), r"holds `Participant 11` 2 times\. Download the worksheet again"),
        (HEADER + ANN + "Ann,,,,,,,,,\n", r"student 2: `Ann` is not an identifier such as `Participant 123`"),
    ],
)
def test_what_moodle_could_not_take_back_is_refused(write_csv, text, words):
    """A file that is no worksheet is refused before anything is written."""
    with pytest.raises(ExportError, match=words):
        read_worksheet(write_csv(text))


def test_a_worksheet_in_any_language_is_known_by_its_columns(write_csv):
    """Identifiers, the maximum and what stands around it tell what a column is."""
    text = (
        "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,"
        "Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar\n"
        'Teilnehmer/in501,Ann Lee,a@x,abgegeben,-,"5,00",Ja,gestern,-,\n'
        'Teilnehmer/in502,Bo Chen,b@x,abgegeben,"3,00","5,00",Nein,gestern,-,\n'
    )
    sheet = read_worksheet(write_csv(text))
    assert [(student.name, student.number) for student in sheet.students] == [("Ann Lee", "501"), ("Bo Chen", "502")]
    assert (sheet.grade, sheet.maxima, sheet.comments) == (4, (5.0,), 9)
    assert [sheet.is_locked(place) for place in (0, 1)] == [False, True]


def test_groups_of_moodle_are_read(write_csv):
    """Who hands in together is read; what Moodle writes where there is no group, or several, is none."""
    header = "Identifier,Full name,Group,Grade,Maximum Grade,Last modified (grade)\n"
    cells = ("Team 1", "Default group", "Member of more than one group, so unable to make submissions.")
    rows = "".join(f'Participant {place},N{place},"{cell}",,10,-\n' for place, cell in enumerate(cells))
    assert [student.group for student in read_worksheet(write_csv(header + rows)).students] == ["Team 1", "", ""]


@pytest.mark.parametrize(
    ("column", "none"),
    [
        ("Gruppe", "Standardgruppe"),
        ("Groupe", "Groupe par défaut"),
        ("Grupo", "Grupo predeterminado"),
        ("Gruppo", "Gruppo predefinito"),
        ("Groep", "Standaardgroep"),
        ("Grupa", "Grupa domyślna"),
    ],
)
def test_groups_in_other_languages(write_csv, column, none):
    """The column of groups is known in the languages whose word for no group is known too."""
    text = f"Id,Name,Mail,Status,{column},Note,Max,Change,Last 1,Last 2,Comments\n"
    for number, group in ((1, "Team 1"), (2, "Team 1"), (3, none)):
        text += f"Person{number},Ann {number},a{number}@x.edu,x,{group},-,10.00,x,-,-,\n"
    sheet = read_worksheet(write_csv(text))
    assert [student.group for student in sheet.students] == ["Team 1", "Team 1", ""]
    assert (sheet.grade, sheet.maximum) == (5, 6)
