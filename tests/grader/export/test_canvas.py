"""Tests of grader.export.canvas."""

import csv
import io

import pytest

from grader.errors import ExportError
from grader.export.canvas import canvas_csv
from grader.export.final_points import final_points
from grader.export.matching import match
from grader.export.roster import Roster, Student
from grader.results.verdict import Status

FIELDS = ("name", "number", "sis_id", "login", "section")


def _gradebook(results, students, **settings):
    matching = match([result.submission for result in results], students)
    final = final_points(results)
    text = canvas_csv(Roster(tuple(students), FIELDS), matching, final=final, title="HW 1", **settings)
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_gradebook_is_as_canvas_exports_it(make_result):
    """Five columns of the student, then the assignment; the second row holds the points possible."""
    students = [
        Student("Lee, Ann", number="501", sis_id="s1", login="alee", section="A"),
        Student("Ray, Bob", number="502", sis_id="s2", login="bray", section="B"),
    ]
    assert _gradebook([make_result("leeann", points=7.5)], students, assignment_id="123") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW 1 (123)"],
        ["Points Possible", "", "", "", "", "10"],
        ["Lee, Ann", "501", "s1", "alee", "A", "7.5"],
        ["Ray, Bob", "502", "s2", "bray", "B", ""],
    ]


def test_without_an_id_the_title_names_the_assignment(make_result):
    """The id of the assignment may be left out."""
    assert _gradebook([make_result("Ann")], [Student("Ann")])[0][5] == "HW 1"


def test_a_provisional_grade_is_an_empty_cell(make_result):
    """Where the grader failed nobody gets a 0."""
    rows = _gradebook([make_result("Ann", points=0, status=Status.NOT_GRADED)], [Student("Ann")])
    assert rows[2] == ["Ann", "", "", "", "", ""]


def test_an_assignment_id_is_a_number(make_result):
    """Anything else is refused, with where to find it."""
    with pytest.raises(ExportError, match=r"`HW1` is not an assignment id of Canvas\. It is the number at the end of"):
        _gradebook([make_result("Ann")], [Student("Ann")], assignment_id="HW1")


def test_hostile_names_stay_students(make_result, hostile_texts):
    """No name becomes a formula, a row of its own, or the row of points possible."""
    names = [*hostile_texts, "Points Possible"]
    rows = _gradebook([make_result(name) for name in names], [Student(name, number="7") for name in names])
    assert len(rows) == len(names) + 2
    assert [row[5] for row in rows[2:]] == ["5"] * len(names)
    assert [row[0] for row in rows[2:] if row[0].startswith(("=", "+", "-", "@")) or "Points Possible" in row[0]] == []


def test_each_task_has_a_column_of_its_own(make_result):
    """By task the columns are tasks with their own points, and what is withheld is empty in all of them."""
    results = [make_result("Ann", points=7), make_result("Bob", points=0, status=Status.UNREADABLE)]
    by_task = {result.submission: result for result in results}
    rows = _gradebook(results, [Student("Ann"), Student("Bob")], by_task=by_task)
    assert [row[5:] for row in rows] == [["HW 1: Linear layer"], ["10"], ["7"], [""]]
