"""Tests of grader.submissions.moodle_times: a worksheet beside Moodle's uploads tells when they were handed in."""

import shutil
from datetime import UTC, datetime

import pytest

from grader.submissions.clocks import HandInTime, hand_in_time
from grader.submissions.intake import find_submissions

TOML = """\
title = "Timed"
[submission]
required = ["student.py"]
editable = ["student.py"]
[deadline]
due = 2026-11-20T12:00:00+01:00
[tasks.one]
title = "One"
points = 1
"""
HEADER = "Identifier,Full name,Grade,Maximum grade,Last modified (submission),Last modified (grade)\n"
GERMAN = "ID,Vollständiger Name;Bewertung;Zuletzt geändert (Abgabe);Zuletzt geändert (Bewertung)\n".replace(",", ";", 1)
FRIDAY = datetime(2026, 11, 20, 23, 58, tzinfo=UTC).timestamp()


def _row(number, name, time):
    return f'Participant {number},{name},-,10,"{time}",-\n'


@pytest.fixture
def find(make_course, read_tiny, write_files, tmp_path):
    """Return a function that finds the hand-ins of three Moodle participants, beside the files of an instructor."""
    assignment = read_tiny(make_course(tmp_path / "course", toml=TOML))

    def find(files, *, toml=None):
        used = assignment if toml is None else read_tiny(make_course(tmp_path / "other", toml=toml))
        folders = {
            f"{name}_{number}_assignsubmission_file_/student.py": "x = 1\n"
            for number, name in ((11, "Ann Lee"), (12, "Bob Ray"), (13, "Cem Öz"))
        }
        path = write_files(tmp_path / "class", folders | files)
        intake = find_submissions(path, used)
        return {found.name.split()[0]: found for found in intake.found}, intake.ignored

    return find


def test_a_worksheet_tells_the_times(find):
    """Each participant gets the time of their own row, in the deadline's zone, and the worksheet is no stray."""
    text = HEADER + _row(11, "Ann Lee", "Friday, 20 November 2026, 11:58 PM") + _row(12, "Bob Ray", "-")
    found, ignored = find({"Grades.csv": text + _row(99, "Nobody", "Friday, 20 November 2026, 11:58 PM")})
    assert (found["Ann"].handed_in, found["Ann"].is_local) == (FRIDAY, True)
    assert found["Bob"].handed_in == found["Cem"].handed_in == 0.0
    assert "Grades.csv" not in ignored
    assert all(one.notes == () for one in found.values())
    time = hand_in_time(found["Ann"], written=5.0, zone=datetime.fromisoformat("2026-11-20T12:00+01:00").tzinfo)
    assert (time.seconds, time.clock) == (FRIDAY - 3600, "Moodle")


def test_a_worksheet_in_another_language(find):
    """Without the English name the first of two columns that are named alike is the one of hand-ins."""
    text = GERMAN + "Teilnehmer/in 11;Ann Lee;-;Freitag, 20. November 2026, 23:58;-\n"
    found, ignored = find({"Bewertungen.csv": "\ufeff" + text})
    assert found["Ann"].handed_in == FRIDAY
    assert "Bewertungen.csv" not in ignored


def test_what_can_not_be_read_is_told(find):
    """A time that may be two is none, no other clock stands in for it, and the note quotes it."""
    found, _ignored = find({"Grades.csv": HEADER + _row(11, "Ann Lee", "11/12/2026, 10:00")})
    assert hand_in_time(found["Ann"], written=5.0, zone=UTC) == HandInTime(0.0, "")
    assert hand_in_time(found["Bob"], written=5.0, zone=UTC).seconds == 5.0
    assert found["Ann"].notes == (
        "Moodle's worksheet has `11/12/2026, 10:00` for the time of this hand-in, which can't be read for certain.",
    )


def test_worksheets_that_differ_are_told(find):
    """Two worksheets with two times for one hand-in give none."""
    one, other = "Friday, 20 November 2026, 11:58 PM", "Saturday, 21 November 2026, 11:58 PM"
    sheets = {"a.csv": HEADER + _row(11, "A", one), "b.csv": HEADER + _row(11, "A", other) + _row(12, "B", other)}
    found, _ignored = find(sheets)
    assert hand_in_time(found["Ann"], written=5.0, zone=UTC).seconds == 0.0
    assert found["Ann"].notes == ("Moodle's worksheets give several times for this hand-in: none counts.",)
    assert found["Bob"].handed_in == FRIDAY + 86_400


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        "name,points\nAnn Lee,3\n",
        HEADER + "Ann,Lee,-,10,x,-\n",
        HEADER.replace("submission", "work")
        + _row(11, "Ann Lee", "Friday, 20 November 2026, 11:58 PM").replace("1", "x"),
        HEADER + "Participant 11\n",
        b"\xff\xfe\xff",
        b"PK\x03\x04",
    ],
)
def test_another_file_is_no_worksheet(find, text):
    """What is no worksheet stays among what is ignored, and says nothing."""
    found, ignored = find({"other.csv": text})
    assert "other.csv" in ignored
    assert all((one.handed_in, one.notes) == (0.0, ()) for one in found.values())


def test_what_a_student_packs_tells_nothing(find):
    """A worksheet in a student's own folder, or handed in as a file, is not read."""
    text = HEADER + _row(11, "Ann Lee", "Friday, 20 November 2026, 11:58 PM")
    found, _ignored = find(
        {
            "Ann Lee_11_assignsubmission_file_/Grades.csv": text,
            "Bob Ray_12_assignsubmission_file_Grades.csv": text.replace("11,", "12,", 1),
        }
    )
    assert all(one.handed_in == 0.0 for one in found.values())


def test_a_folder_of_one_student_is_no_class(find, tmp_path):
    """Where one participant's folder is given alone, the worksheet beside it counts and the one in it does not."""
    right = HEADER + _row(11, "Ann Lee", "Friday, 20 November 2026, 11:58 PM")
    own = HEADER + _row(11, "Ann Lee", "Friday, 13 November 2026, 11:58 PM")
    find({"Ann Lee_11_assignsubmission_file_/Grades.csv": own, "Grades.csv": right})
    alone = tmp_path / "class" / "Ann Lee_11_assignsubmission_file_"
    (found,) = find_submissions(alone, _assignment(tmp_path)).found
    assert found.handed_in == FRIDAY


def test_a_worksheet_beside_the_download_itself(find, tmp_path):
    """The zip as Moodle packs it and the worksheet may lie side by side in a folder."""
    find({})
    both = tmp_path / "both"
    both.mkdir()
    shutil.make_archive(str(both / "hw2"), "zip", tmp_path / "class")
    (both / "Grades.csv").write_text(HEADER + _row(12, "Bob Ray", "Friday, 20 November 2026, 11:58 PM"))
    intake = find_submissions(both, _assignment(tmp_path))
    times = {found.name.split()[0]: found.handed_in for found in intake.found}
    assert times == {"Ann": 0.0, "Bob": FRIDAY, "Cem": 0.0}
    assert "Grades.csv" not in intake.ignored


def _assignment(tmp_path):
    from grader.courses.course import read_assignment

    return read_assignment(tmp_path / "course", "tiny")


def test_without_a_deadline_nobody_asks(find):
    """Where nothing can be late, worksheets lie beside submissions as they always did."""
    text = HEADER + _row(11, "Ann Lee", "11/12/2026, 10:00")
    found, ignored = find({"Grades.csv": text}, toml=TOML.replace("[deadline]\ndue = 2026-11-20T12:00:00+01:00\n", ""))
    assert found["Ann"].notes == ()
    assert "Grades.csv" in ignored
