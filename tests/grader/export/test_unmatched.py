"""Tests of grader.export.unmatched."""

import csv
import io

from grader.export.matching import Matching
from grader.export.unmatched import unmatched_csv


def test_everybody_left_over_is_listed(make_result):
    """Submissions come with reason and points, students with their name; formulas are no formulas."""
    matching = Matching({}, {"=x": "fits 2 students: A, B"})
    text = unmatched_csv(matching, ["Bob\n"], results={"=x": make_result("=x")})
    assert list(csv.reader(io.StringIO(text))) == [
        ["what", "name", "reason", "status", "points", "max_points"],
        ["submission", "'=x", "fits 2 students: A, B", "graded", "5", "10"],
        ["student", "Bob␊", "has no submission in this run", "", "", ""],
    ]


def test_nobody_left_over_leaves_the_header():
    """The file says that nobody is left over by holding its header only."""
    assert unmatched_csv(Matching({}, {}), [], results={}) == "what,name,reason,status,points,max_points\n"
