"""Tests of grader.export.canvas_feedback and grader.export.scorecard_zip."""

import io
import zipfile
from dataclasses import replace

from grader.export.canvas_feedback import canvas_feedback, scorecard_name
from grader.export.final_points import final_points
from grader.results.verdict import Origin, Owner, Status

DOE = Origin("canvas", (Owner("doejane 2", "100"),), hand_in="9100")


def test_scorecards_are_named_as_canvas_finds_students(make_result):
    """Only the numbers of the student and of the file are numbers between underscores."""
    assert scorecard_name(replace(make_result("doejane"), origin=DOE)) == "doejane_100_9100_scorecard.html"
    assert scorecard_name(replace(make_result("李"), origin=Origin("canvas", (Owner("李", "7"),), hand_in="8"))) == (
        "student_7_8_scorecard.html"
    )
    assert scorecard_name(make_result("ann")) == ""


def test_only_final_results_of_canvas_are_packed(make_result, run_info, secret):
    """Whose points are withheld gets no scorecard, and hidden checks stay hidden."""
    late = replace(make_result("late", points=0, status=Status.NOT_GRADED), origin=replace(DOE, hand_in="9"))
    results = {"doe": replace(make_result("doe"), origin=DOE), "late": late, "ann": make_result("ann")}
    data = canvas_feedback(results, final=final_points(list(results.values())), run=run_info)
    assert data is not None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["doejane_100_9100_scorecard.html"]
        assert secret not in archive.read("doejane_100_9100_scorecard.html").decode()
    assert canvas_feedback({"ann": make_result("ann")}, final=final_points([make_result("ann")]), run=run_info) is None
