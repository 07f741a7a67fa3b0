"""Tests of grader.export.moodle."""

import csv
import io
import re
import zipfile

import pytest

from grader.errors import ExportError
from grader.export.final_points import final_points
from grader.export.matching import match
from grader.export.moodle import comment, folder_name, moodle_feedback, moodle_worksheet, refuse_other_maximum
from grader.export.roster import Student
from grader.export.worksheet import read_worksheet
from grader.results.verdict import Status

HEADER = "Identifier,Full name,Grade,Maximum Grade,Grade can be changed,Last modified (grade),Feedback comments\n"
ANN = "Participant 11,Ann Lee,,10.00,Yes,-,\n"
BOB = "Participant 12,Bob Ray,4.00,10.00,Yes,-,by hand\n"


@pytest.fixture
def exported(write_csv, run_info):
    """Return a function that exports results into a worksheet, and returns its rows and the zip."""

    def export(results, text):
        sheet = read_worksheet(write_csv(text))
        matching = match([result.submission for result in results], sheet.students)
        by_name, final = {result.submission: result for result in results}, final_points(results)
        filled = moodle_worksheet(sheet, matching, results=by_name, final=final)
        packed = moodle_feedback(sheet.students, matching, results=by_name, final=final, run=run_info)
        rows = list(csv.DictReader(io.StringIO(filled, newline="")))
        return rows, zipfile.ZipFile(io.BytesIO(packed))

    return export


def test_grades_and_comments_are_filled_in(exported, make_result):
    """A matched student gets points and comment; the row of one without a submission stays as it was."""
    rows, _ = exported([make_result("Ann Lee", points=7.5)], HEADER + ANN + BOB)
    assert (rows[0]["Grade"], rows[1]["Grade"], rows[1]["Feedback comments"]) == ("7.5", "4.00", "by hand")
    assert rows[0]["Feedback comments"].startswith("<p>7.5 of 10 points.</p><p><b>Linear layer</b>: 7.5 of 10</p><ul>")


def test_the_zip_is_named_as_moodle_names_it(exported, make_result):
    """Each scorecard lies in a folder whose second part between underscores is the participant's number."""
    _, packed = exported([make_result("Ann Lee"), make_result("Bob Ray")], HEADER + ANN + BOB)
    assert packed.namelist() == [
        "Ann Lee_11_assignsubmission_file_/scorecard.html",
        "Bob Ray_12_assignsubmission_file_/scorecard.html",
    ]
    page = packed.read("Ann Lee_11_assignsubmission_file_/scorecard.html").decode()
    assert "The public one" in page
    assert "index.html" not in page


def test_hidden_findings_stay_out_of_comment_and_scorecard(exported, make_result, secret):
    """A student reads title, verdict and hint of a hidden check, and nothing else of it."""
    rows, packed = exported([make_result("Ann Lee")], HEADER + ANN)
    page = packed.read(packed.namelist()[0]).decode()
    for text in (rows[0]["Feedback comments"], page):
        assert "The hidden one" in text
        assert "Look at the shapes." in text
        assert secret not in text


def test_a_provisional_grade_is_empty(exported, make_result):
    """Where the grader failed the grade is empty, earlier feedback stays and no scorecard is sent."""
    rows, packed = exported([make_result("Bob Ray", status=Status.NOT_GRADED)], HEADER + BOB)
    assert (rows[0]["Grade"], rows[0]["Feedback comments"], packed.namelist()) == ("", "by hand", [])


def test_a_locked_row_stays(exported, make_result):
    """What Moodle would refuse is not written."""
    rows, _ = exported([make_result("Bob Ray")], HEADER + BOB.replace("Yes", "No"))
    assert (rows[0]["Grade"], rows[0]["Feedback comments"]) == ("4.00", "by hand")


def test_comments_are_harmless_html(make_result, with_answers, hostile_texts):
    """Whatever a student made the feedback say, the comment holds our own tags only and is no formula."""
    for text in hostile_texts:
        result = with_answers(make_result("Ann", message=text, notes=[text]), why=1.0, how=1.0, comment=text)
        html = comment(result, final_points([result]))
        assert set(re.findall(r"</?(\w+)", html)) <= {"p", "b", "ul", "li", "br"}
        assert "\n" not in html
        assert html.startswith("<p>")


def test_a_long_comment_is_cut_between_tags(make_result):
    """A comment fits into a cell, and says that there is more."""
    result = make_result("Ann", notes=["<" * 900] * 40)
    html = comment(result, final_points([result]))
    assert len(html) < 32_000
    assert html.endswith("</p><p>… the rest is on the scorecard.</p>")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Ann Lee", "Ann Lee_5_assignsubmission_file_"),
        ("a_b_9_c", "a b 9 c_5_assignsubmission_file_"),
        ("../../etc", "etc_5_assignsubmission_file_"),
        ("..", "Participant_5_assignsubmission_file_"),
        ("", "Participant_5_assignsubmission_file_"),
        ("C:\\x/y\n", "Cxy␊_5_assignsubmission_file_"),
        ("Zoë 🦊", "Zoë 🦊_5_assignsubmission_file_"),
        ("x" * 300, "x" * 60 + "_5_assignsubmission_file_"),
    ],
)
def test_folders_keep_to_their_place(name, folder):
    """No name leads out of the archive or moves the number from its place."""
    assert folder_name(Student(name, number="5")) == folder


def test_equal_results_give_equal_bytes(write_csv, make_result, run_info):
    """The zip does not depend on when it was made."""
    sheet = read_worksheet(write_csv(HEADER + ANN))
    results = {"Ann Lee": make_result("Ann Lee")}
    matching, final = match(list(results), sheet.students), final_points(list(results.values()))
    zips = {moodle_feedback(sheet.students, matching, results=results, final=final, run=run_info) for _ in range(2)}
    assert len(zips) == 1


def test_given_points_and_comments_are_told(exported, make_result, with_answers):
    """Grade, comment and scorecard hold what a person gave for text answers."""
    graded = with_answers(make_result("Ann Lee"), why=3.0, how=1.0, comment="Well said.")
    rows, packed = exported([graded], HEADER + ANN)
    assert rows[0]["Grade"] == "9"
    words = rows[0]["Feedback comments"]
    assert words.startswith("<p>9 of 14 points: 5 of 10 for the checks, 4 of 4 for text answers.</p>")
    assert words.endswith("<p><b>Why?</b>: 3 of 4<br>Well said.</p><p><b>How?</b>: 1 points</p>")
    page = packed.read(packed.namelist()[0]).decode()
    assert "Well said." in page
    assert "pending: graded by a person" not in page


def test_a_grade_that_waits_is_empty(exported, make_result, with_answers):
    """While an answer waits, the row keeps its feedback and has no grade."""
    results = [with_answers(make_result("Ann Lee"), why=3.0), with_answers(make_result("Bob Ray"), why=1.0, how=0.0)]
    rows, packed = exported(results, HEADER + ANN + BOB)
    assert (rows[0]["Grade"], rows[0]["Feedback comments"], rows[1]["Grade"]) == ("", "", "6")
    assert packed.namelist() == ["Bob Ray_12_assignsubmission_file_/scorecard.html"]


def test_another_maximum_is_refused(write_csv):
    """Moodle drops grades above its maximum without a word, so another maximum stops the export."""
    sheet = read_worksheet(write_csv(HEADER + ANN))
    refuse_other_maximum(sheet, possible=10)
    words = r"maximum grade is 10; the points of this run are out of 154\. Add `--out-of 10`"
    with pytest.raises(ExportError, match=words):
        refuse_other_maximum(sheet, possible=154)
