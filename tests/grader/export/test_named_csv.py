"""Tests of grader.export.named_csv."""

import csv
import io

from grader.export.final_points import final_points
from grader.export.matching import match
from grader.export.named_csv import named_csv
from grader.export.roster import Roster, Student
from grader.results.verdict import Status


def _rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def _named(results, roster=None):
    by_name = {result.submission: result for result in results}
    matching = match(list(by_name), roster.students) if roster else None
    return _rows(named_csv(by_name, final_points(results), roster=roster, matching=matching))


def test_names_are_joined_to_grades(make_result):
    """Students come in the roster's order, those without a submission too; other submissions come last."""
    roster = Roster((Student("Zoë", email="z@x.org"), Student("Ann", email="a@x.org")), ("name", "email"))
    assert _named([make_result("Ann"), make_result("stranger", points=7.5)], roster) == [
        ["name", "email", "submission", "points", "max_points", "percent", "status", "linear"],
        ["Zoë", "z@x.org", "", "", "", "", "no_submission", ""],
        ["Ann", "a@x.org", "Ann", "5", "10", "50", "graded", "5"],
        ["", "", "stranger", "7.5", "10", "75", "graded", "7.5"],
    ]


def test_without_a_roster_the_columns_are_those_of_grades_csv(make_result):
    """Submissions come sorted; points that are not final are empty."""
    assert _named([make_result("bob"), make_result("ann", status=Status.NOT_GRADED)]) == [
        ["submission", "points", "max_points", "percent", "status", "linear"],
        ["ann", "", "10", "", "not_graded", ""],
        ["bob", "5", "10", "50", "graded", "5"],
    ]


def test_no_cell_is_a_formula(make_result, hostile_texts):
    """Hostile names stay in one cell on one line, and no spreadsheet calculates them."""
    students = tuple(Student(text, login=text, email=f"{i}@x.org") for i, text in enumerate(hostile_texts))
    rows = _named([make_result(text) for text in hostile_texts], Roster(students, ("name", "login", "email")))
    assert len(rows) == len(hostile_texts) + 1
    for row in rows[1:]:
        assert len(row) == 9
        assert row[4] == "5"  # each one has found its student
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) or "\n" in cell for cell in row)


def test_given_points_have_columns_of_their_own(make_result, with_answers):
    """Points stay those of the checks; behind the tasks follow what was given, what waits, and the total."""
    results = [
        with_answers(make_result("ann"), why=3.0, how=1.5),
        with_answers(make_result("bob"), why=3.0),
        with_answers(make_result("cy", status=Status.NOT_GRADED), why=1.0, how=1.0),
    ]
    by_name = {result.submission: result for result in results}
    rows = _rows(named_csv(by_name, final_points(results, with_answers=False)))
    assert [row[:2] + row[5:] for row in rows] == [
        [
            *("submission", "points", "linear", "manual_points", "manual_pending", "total_points"),
            *("manual:why", "manual:how"),
        ],
        ["ann", "5", "5", "4.5", "0", "9.5", "3", "1.5"],
        ["bob", "5", "5", "3", "1", "", "3", ""],
        ["cy", "", "", "2", "0", "", "1", "1"],
    ]
    roster = Roster((Student("Zoë"),), ("name",))
    assert len({len(row) for row in _named(results, roster)}) == 1
