"""Tests of grader.results.results_file."""

import json

import pytest

from grader.errors import StoreError
from grader.results.results_file import RunInfo, pack_record, unpack_result, unpack_run
from grader.results.verdict import (
    Answer,
    CheckResult,
    Curve,
    Feedback,
    Frame,
    HeatMap,
    Item,
    Line,
    Origin,
    Status,
    SubmissionResult,
    TaskResult,
    Verdict,
)

RUN = RunInfo("uva-mlp", "MLP", "d1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")


def test_a_result_comes_back_unchanged():
    """unpack_result returns what pack was given, lone surrogates, empty and scalar indices included."""
    feedback = Feedback(
        message="“\udc80” — ünïcode",
        items=(
            Item("z", "close", "far", (3, 1), "1", "2", "", 2, 6, (HeatMap("[:, :]", (2, 3), ("..1", "8.!"), "1"),)),
            Item("l", "close", "far", ()),
            Item("q", "present", "no"),
        ),
        traceback=(Frame("a.py", 3, "f", "x", ("before",), ("after", "")),),
        output="\x1b[31m\x00",
        matched=("l",),
        curves=(Curve("Loss", (Line("a", (0.5, 1.0), (2.25, None)), Line("b", (), ())), 0.5, "%", True),),
    )
    check = CheckResult("test_a", "A", "a", Verdict.WRONG, 2.5, True, False, 0.25, feedback, stretch=1.25)
    other = CheckResult("test_b", "B", "a", Verdict.PASSED, stretch=0.0)
    task = TaskResult("a", "A", 1.5, 2.0, True, (check, other))
    result = SubmissionResult(
        "x\udcff", Status.NOT_GRADED, 1.5, 2.0, (task,), ("n",), 1.0, "process", (Answer("q", "a"),)
    )
    assert unpack_result(pack_record(result)) == result


def test_a_run_comes_back_unchanged():
    """unpack_run returns what pack was given."""
    assert unpack_run(pack_record(RUN)) == RUN


@pytest.mark.parametrize("text", ["", "[]", "3", '{"submission": "a"}', '{"status": "perfect"}'])
def test_text_that_is_no_result_is_refused(text):
    """unpack_result raises StoreError when the text is not one."""
    with pytest.raises(StoreError, match="A stored result can't be read"):
        unpack_result(text)


@pytest.mark.parametrize("text", ["", "null", '{"assignment": "a"}'])
def test_text_that_is_no_run_is_refused(text):
    """unpack_run raises StoreError when the text is not one."""
    with pytest.raises(StoreError, match="The description of the run can't be read"):
        unpack_run(text)


def test_a_result_of_an_earlier_version_can_be_read():
    """What was stored before frames had neighbours and items maps comes back without them."""
    text = (
        '{"submission":"a","status":"graded","points":0,"max_points":1,"tasks":[{"name":"t","title":"T","points":0,'
        '"max_points":1,"hidden":false,"checks":[{"name":"c","title":"C","task":"t","verdict":"wrong","feedback":'
        '{"message":"m","items":[{"name":"z","rung":"close","message":"m"}],"traceback":[{"file":"a.py","line":1,'
        '"function":"f","source":"x"}]}}]}]}'
    )
    feedback = unpack_result(text).tasks[0].checks[0].feedback
    assert (feedback.items[0].heat, feedback.traceback[0].before, feedback.matched) == ((), (), ())


def test_a_result_of_an_earlier_version_is_read():
    """What an earlier version did not store is as if nobody knew it."""
    stored = json.loads(pack_record(SubmissionResult("a", Status.GRADED, 1.0, 2.0, (), origin=Origin("canvas"))))
    del stored["origin"]["content"], stored["origin"]["written"]
    assert unpack_result(json.dumps(stored)).origin == Origin("canvas")
    del stored["origin"]
    assert unpack_result(json.dumps(stored)).origin == Origin()
