"""Tests of grader.export.results_json."""

import json

from grader.export.results_json import write_results_json
from grader.results.results_file import RunInfo
from grader.results.verdict import CheckResult, Feedback, Item, Status, SubmissionResult, TaskResult, Verdict

RUN = RunInfo("uva-mlp", "MLP", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")


def _result(name):
    feedback = Feedback("too large", "average", (Item("z", "close", "far", (3, 1), "2", "1"),))
    checks = (
        CheckResult("test_a", "A", "linear", Verdict.PASSED, 3.0, seconds=0.5),
        CheckResult("test_b", "B", "linear", Verdict.WRONG, 1.0, hidden=True, feedback=feedback),
    )
    return SubmissionResult(name, Status.GRADED, 6.0, 8.0, (TaskResult("linear", "Linear", 6.0, 8.0, False, checks),))


def _written(tmp_path, results):
    write_results_json(tmp_path / "results.json", RUN, results=results)
    return json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))


def test_the_document_holds_everything(tmp_path):
    """The run, its submissions, their tasks and checks with verdict, points and feedback are there."""
    document = _written(tmp_path, [_result("ann")])
    assert document["schema_version"] == 1
    assert document["run"]["assignment"] == "uva-mlp"
    (submission,) = document["submissions"]
    assert (submission["submission"], submission["status"], submission["percent"]) == ("ann", "graded", 75.0)
    passed, wrong = submission["tasks"][0]["checks"]
    assert (passed["verdict"], passed["points"], passed["max_points"], passed["seconds"]) == (
        "passed",
        6.0,
        6.0,
        0.5,
    )
    assert (wrong["verdict"], wrong["points"], wrong["max_points"], wrong["hidden"]) == (
        "wrong",
        0.0,
        2.0,
        True,
    )
    assert wrong["feedback"]["items"][0]["index"] == [3, 1]


def test_submissions_are_sorted(tmp_path):
    """The order of the results doesn't matter."""
    document = _written(tmp_path, [_result("zoe"), _result("ann")])
    assert [submission["submission"] for submission in document["submissions"]] == ["ann", "zoe"]


def test_any_name_gives_valid_utf8(tmp_path):
    """Lone surrogates are replaced, other letters are kept readable."""
    document = _written(tmp_path, [_result("Zoë\udc80")])
    assert document["submissions"][0]["submission"] == "Zoë\ufffd"
    assert "Zoë" in (tmp_path / "results.json").read_text(encoding="utf-8")


def test_an_empty_run_is_a_document(tmp_path):
    """Without results the list of submissions is empty."""
    assert _written(tmp_path, [])["submissions"] == []
