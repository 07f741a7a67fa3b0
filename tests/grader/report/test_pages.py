"""Tests of grader.report.pages."""

from dataclasses import replace

from grader.report.pages import scorecard_of, task_anchor
from grader.results.results_file import RunInfo
from grader.results.verdict import (
    Answer,
    CheckResult,
    Feedback,
    Frame,
    HeatMap,
    Item,
    Status,
    SubmissionResult,
    TaskResult,
    Verdict,
)

RUN = RunInfo("uva-mlp", "MLP", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")

NO_FEEDBACK = Feedback()


def _check(verdict=Verdict.WRONG, *, feedback=NO_FEEDBACK, weight=1.0, hidden=False, counted=True):
    return CheckResult("test_a", "A title", "linear", verdict, weight, hidden, counted, 0.25, feedback)


def _page(*checks, points=5.0, hidden=False, status=Status.GRADED, **extra):
    task = TaskResult("linear", "Linear layer", points, 10.0, hidden, checks)
    return scorecard_of(SubmissionResult("ann", status, points, 10.0, (task,), **extra), run=RUN)


def _view(check):
    return _page(check).tasks[0].checks[0]


def test_the_score_comes_as_text():
    """Points and percent are worded, the bar is a number."""
    page = _page(_check(), points=10 / 3)
    assert (page.points, page.max_points, page.percent, page.bar) == ("3.33", "10", "33.33", 33.3)


def test_a_task_says_how_many_checks_passed():
    """The summary counts the checks, the command reproduces the task."""
    (task,) = _page(_check(Verdict.PASSED, weight=3), _check()).tasks
    assert task.summary == "1 of 2 checks passed"
    assert task.reproduce == "grader check --task linear"
    assert [check.points for check in task.checks] == ["7.5 / 7.5", "0 / 2.5"]
    assert task.anchor == task_anchor(0) == "task-1"


def test_what_a_student_cannot_run_is_not_offered():
    """There is no command for hidden tasks, hidden failures or passed tasks."""
    assert _page(_check(), hidden=True).tasks[0].reproduce == ""
    assert _page(_check(hidden=True)).tasks[0].reproduce == ""
    assert _page(_check(Verdict.PASSED)).tasks[0].reproduce == ""


def test_passed_checks_show_no_hint():
    """The hint belongs to failures; a passed check without output has nothing to unfold."""
    view = _view(_check(Verdict.PASSED, feedback=Feedback(hint="look")))
    assert (view.hint, view.has_details, view.is_open) == ("", False, False)
    assert _view(_check(feedback=Feedback(hint="look"))).hint == "look"


def test_what_fails_names_the_sentence_that_it_rests_on():
    """A check that did not pass shows where the text asks for it; one that passed has no need to."""
    grounds = "page 3, line 4: x is doubled"
    assert _view(replace(_check(), grounds=grounds)).grounds == grounds
    assert _view(replace(_check(Verdict.PASSED), grounds=grounds)).grounds == ""


def test_checks_that_do_not_count_say_so():
    """An uncounted check shows no points, and a failure of the grader is loud."""
    skipped = _view(_check(Verdict.SKIPPED, counted=False))
    assert (skipped.points, skipped.is_loud) == ("not counted", False)
    assert "costs no points" in skipped.note
    failed = _page(_check(Verdict.NOT_GRADED, counted=False), status=Status.NOT_GRADED)
    assert failed.failed_checks == 1
    assert failed.tasks[0].checks[0].is_loud


def test_advice_is_worth_knowing():
    """Advice that was not followed is shown with its words, and is neither a failure nor among the counted checks."""
    advice = replace(_check(weight=0.0, counted=False, feedback=Feedback("Slow.")), advice=True)
    page = _page(_check(Verdict.PASSED), advice)
    (task,) = page.tasks
    view = task.checks[1]
    assert (task.summary, page.failing, [mark.word for mark, _ in page.counts]) == (
        "1 of 1 check passed",
        0,
        ["passed"],
    )
    assert (view.mark.word, view.points, view.is_failing, view.is_open) == ("worth knowing", "no points", False, True)
    assert (view.explanation, view.note) == ("Slow.", "Worth knowing: it costs no points.")


def test_an_item_is_not_told_twice():
    """An item's message is left out where the explanation holds it; places read as indices."""
    items = (
        Item("z", "close", "z is far", (3, 1), "2", "1"),
        Item("l", "close", "new", ()),
        Item("q", "shape", "new"),
    )
    views = _view(_check(feedback=Feedback("z is far, and l too", items=items))).items
    assert [view.message for view in views] == ["", "new", "new"]
    assert [view.place for view in views] == ["[3, 1]", "the value itself", "–"]


def test_a_runaway_recursion_is_cut_in_the_middle():
    """Of many frames the outermost three and the innermost twelve are shown."""
    view = _view(
        _check(
            Verdict.CRASHED,
            feedback=Feedback(traceback=tuple(Frame("a.py", i, "f", "f()") for i in range(990))),
        )
    )
    assert [frame.line for frame in view.frames] == [0, 1, 2]
    assert view.frames_left_out == 975
    assert [frame.line for frame in view.inner_frames] == list(range(978, 990))
    few = _view(_check(Verdict.CRASHED, feedback=Feedback(traceback=(Frame("a.py", 1, "f", "x" * 9999),))))
    assert (few.frames_left_out, few.inner_frames) == (0, ())
    assert len(few.frames[0].source) < 500


def test_everything_long_is_bounded():
    """A megabyte of output, message, note or answer becomes a readable amount."""
    long = "x" * 1_000_000
    item = Item(long, "close", long, None, long, long)
    page = _page(_check(feedback=Feedback(long, long, (item,), (), long)), notes=(long,), answers=(Answer("Q", long),))
    check = page.tasks[0].checks[0]
    parts = (
        check.explanation,
        check.hint,
        check.items[0].name,
        check.items[0].actual,
        check.items[0].expected,
    )
    assert all(len(part) < 5_000 for part in (*parts, check.items[0].message, page.notes[0]))
    assert len(check.output) < 21_000
    assert len(page.answers[0].text) < 21_000


def test_the_wall_is_the_submissions_own():
    """A submission graded behind another wall than the run's says so."""
    assert _page(_check(), wall="process").wall == "process"
    assert _page(_check()).wall == "bubblewrap"


def test_answers_say_what_a_person_gave():
    """An answer is pending until a person gave points, also none; comments are shown, and the sum stands apart."""
    answers = (
        Answer("Q1", "a", points=5.0, given=3.5, comment="Say why."),
        Answer("Q2", "b", points=2.0, given=0.0),
        Answer("Q3", "c", points=2.0),
    )
    page = _page(_check(), answers=answers)
    assert [answer.given for answer in page.answers] == ["3.5", "0", ""]
    assert page.answers[0].comment == "Say why."
    assert page.answers_summary == "3.5 of 7 points, 1 pending"
    assert page.points == "5"
    assert _page(_check()).answers_summary == ""
    assert _page(_check(), answers=(Answer("Q", "a", given=2.0),)).answers_summary == "2 points"


def test_an_explanation_links_to_the_frame_it_names():
    """The place that an explanation names is a link when one of the frames is that line, and text otherwise."""
    told = "`a.py`, line 4, raised"
    frames = (Frame("a.py", 4, "f", "f()"), Frame("b.py", 4, "f", "f()"))
    link = _view(_check(Verdict.CRASHED, feedback=Feedback(told, traceback=frames))).link
    assert (link.before, link.place, link.after, link.anchor) == (
        "",
        "`a.py`, line 4",
        ", raised",
        "task-1-check-1-line-1",
    )
    elsewhere = Feedback("`a.py`, line 42, raised", traceback=frames)
    assert _view(_check(Verdict.CRASHED, feedback=elsewhere)).link is None


def test_maps_are_shared_out():
    """A check shows as many maps as the page's budget allows, the first values' first."""
    heat = HeatMap("[:]", (1, 3), ("1.2",), "1")
    items = tuple(Item(name, "close", "far", (0,), "1", "2", "", 2, 3, (heat, heat)) for name in "abc")
    views = _view(_check(feedback=Feedback("far", items=items))).items
    assert [len(view.maps) for view in views] == [2, 2, 0]
    assert (views[0].differs, views[0].share) == ("2 of 3", 66.7)
