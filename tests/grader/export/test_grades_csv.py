"""Tests of grader.export.grades_csv."""

import csv

from grader.export.grades_csv import write_grades_csv
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict


def _result(name, *, points=(10.0, 2.5), seconds=0.0):
    tasks = tuple(
        TaskResult(task, task, p, 10.0, False, (CheckResult(f"test_{task}", task, task, Verdict.WRONG),))
        for task, p in zip(("linear", "relu"), points, strict=True)
    )
    return SubmissionResult(name, Status.GRADED, sum(points), 20.0, tasks, seconds=seconds)


def test_the_columns_are_as_promised(tmp_path):
    """One row per submission, sorted; one column per task, in the assignment's order."""
    unreadable = SubmissionResult("zoë", Status.UNREADABLE, 0.0, 20.0, ())
    results = [unreadable, _result("bob"), _result("ann", points=(20 / 3, 0))]
    write_grades_csv(tmp_path / "g.csv", results, tasks=["relu", "linear"])
    assert (tmp_path / "g.csv").read_text(encoding="utf-8") == (
        "submission,points,max_points,percent,status,relu,linear\n"
        "ann,6.67,20,33.33,graded,0,6.67\n"
        "bob,12.5,20,62.5,graded,2.5,10\n"
        "zoë,,20,,unreadable,,\n"
    )


def test_equal_results_give_equal_bytes(tmp_path):
    """The file depends on neither the order of the results nor the time they took."""
    write_grades_csv(tmp_path / "a.csv", [_result("ann", seconds=1), _result("bob")], tasks=["linear"])
    write_grades_csv(tmp_path / "b.csv", iter([_result("bob", seconds=9), _result("ann")]), tasks=["linear"])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_an_empty_run_has_a_header(tmp_path):
    """Without results the file holds the header only."""
    write_grades_csv(tmp_path / "g.csv", [], tasks=["a"])
    assert (tmp_path / "g.csv").read_text() == "submission,points,max_points,percent,status,a\n"


def test_hostile_names_stay_in_their_cell(tmp_path):
    """Quotes, commas and newlines in a name break no row."""
    name = 'a","b\n"c'
    write_grades_csv(tmp_path / "g.csv", [_result(name)], tasks=["linear"])
    with (tmp_path / "g.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert [len(row) for row in rows] == [6, 6]
    assert rows[1][0] == 'a","b␊"c'
