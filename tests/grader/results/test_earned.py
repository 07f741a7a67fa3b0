"""Tests of grader.results.earned: no export writes a 0 that no check has earned."""

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.export.final_points import final_points
from grader.export.grades_csv import write_grades_csv
from grader.export.named_csv import named_csv
from grader.export.results_json import write_results_json
from grader.results.earned import earned_in, earned_points, points_cell
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict

_CHECKS = st.builds(
    CheckResult,
    name=st.just("test_a"),
    title=st.just("A"),
    task=st.just("linear"),
    verdict=st.sampled_from(Verdict),
    counted=st.booleans(),
)
_TASKS = st.builds(
    lambda checks, points: TaskResult("linear", "Linear", points if checks else 0.0, 10.0, False, tuple(checks)),
    st.lists(_CHECKS, max_size=2),
    st.sampled_from([0.0, 5.0]),
)
_RESULTS = st.builds(
    lambda status, tasks: SubmissionResult(
        "ann", status, sum(task.points for task in tasks), 10.0 * len(tasks), tuple(tasks)
    ),
    st.sampled_from(Status),
    st.lists(_TASKS, max_size=1),
)


def _is_graded(result: SubmissionResult) -> bool:
    """Say whether some check of a submission that was read counts."""
    is_read = result.status in (Status.GRADED, Status.PROVISIONAL, Status.NOT_GRADED)
    return is_read and any(check.counted for task in result.tasks for check in task.checks)


@given(result=_RESULTS)
def test_a_0_is_never_written_where_no_check_counts(tmp_path_factory, result):
    """No table and no document holds a number of points for a submission that no check has graded."""
    folder = tmp_path_factory.getbasetemp()
    write_grades_csv(folder / "grades.csv", [result], tasks=["linear"])
    row = next(csv.DictReader(io.StringIO((folder / "grades.csv").read_text())))
    final = final_points([result])
    named = next(csv.DictReader(io.StringIO(named_csv({"ann": result}, final))))
    if not _is_graded(result):
        cells = [
            row["points"],
            row["percent"],
            row["linear"],
            named["points"],
            named.get("linear", ""),
            final.cell("ann"),
        ]
        assert set(cells) == {""}
        assert earned_points(result) is None


@pytest.mark.parametrize("status", [Status.UNREADABLE, Status.UNCLEAR, Status.GONE])
def test_documents_hold_no_points_either(tmp_path, run_info, make_result, status):
    """In results.json the points are null, also where checks of an earlier run had given some."""
    write_results_json(tmp_path / "results.json", run_info, results=[make_result("ann", status=status)])
    (ann,) = json.loads((tmp_path / "results.json").read_text())["submissions"]
    assert (ann["points"], ann["percent"], ann["tasks"][0]["points"]) == (None, None, None)


def test_a_0_that_checks_gave_is_a_grade(make_result):
    """Nothing right is 0 points; the grader's own failure is not."""
    assert earned_points(make_result("ann", points=0)) == 0
    assert points_cell(earned_points(make_result("ann", points=0))) == "0"
    assert earned_points(make_result("ann", points=0, status=Status.NOT_GRADED)) is None
    assert earned_points(make_result("ann", points=5, status=Status.NOT_GRADED)) == 5
    assert earned_in(replace(make_result("ann").tasks[0], checks=())) is None
