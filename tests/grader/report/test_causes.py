"""Tests of grader.report.causes and cause_view."""

from grader.report.cause_view import cause_views
from grader.report.causes import causes_of
from grader.report.page_budget import PageBudget
from grader.results.verdict import CheckResult, Feedback, Frame, Item, Status, SubmissionResult, TaskResult, Verdict


def _check(name, verdict=Verdict.WRONG, message="", *, weight=1.0, because="", lookalike="", line=0, counted=True):
    items = (Item("z", "close", message, lookalike=lookalike),) if lookalike else ()
    frames = (Frame("a.py", line, "f", "f()"),) if line else ()
    feedback = Feedback(message, items=items, traceback=frames)
    return CheckResult(name, name.title(), "", verdict, weight, counted=counted, feedback=feedback, because=because)


def _task(name, *checks, points=None):
    weight = sum(check.weight for check in checks if check.counted)
    passed = sum(check.weight for check in checks if check.counted and check.verdict is Verdict.PASSED)
    earned = 10.0 * passed / weight if weight else 0.0
    return TaskResult(name, name.title(), earned if points is None else points, 10.0 if weight else 0.0, False, checks)


def _result(*tasks):
    points, most = sum(task.points for task in tasks), sum(task.max_points for task in tasks)
    return SubmissionResult("ann", Status.GRADED, points, most, tasks)


def _told(*tasks):
    """Return, for each cause, its points, its first check, those of the same explanation and those skipped."""
    return [
        (
            round(cause.lost, 2),
            cause.head.check.name,
            [one.check.name for one in cause.same],
            [one.check.name for one in cause.skipped],
        )
        for cause in causes_of(_result(*tasks))
    ]


def test_the_dearest_comes_first():
    """Causes are in the order of what they cost, and of two equal ones the earlier comes first."""
    cheap = _task("a", _check("cheap", message="one"), _check("fine", Verdict.PASSED, weight=9))
    equal = _task("b", _check("first", message="two"), _check("second", message="three"))
    assert [(lost, name) for lost, name, *_ in _told(cheap, equal)] == [(5, "first"), (5, "second"), (1, "cheap")]


def test_what_did_not_run_follows_what_failed():
    """A skipped check costs under the check that had to pass, however far away that is and in whichever task."""
    first = _task("a", _check("root", message="one"), _check("next", Verdict.SKIPPED, because="root"))
    other = _task("b", _check("far", Verdict.SKIPPED, because="next"), _check("own", message="two", weight=3))
    assert _told(first, other) == [(12.5, "root", [], ["next", "far"]), (7.5, "own", [], [])]


def test_one_lookalike_in_a_task_is_one_cause():
    """Checks of a task with one lookalike in one sentence, or with equal words but for numbers, are one cause."""
    twice = ("`x` is 2; expected 1. It is twice.", "`y` is 4; expected 2. It is twice.")
    looks = _task(
        "a", *(_check(name, message=text, lookalike="double") for name, text in zip("xy", twice, strict=True))
    )
    words = _task("b", _check("v", message="0.1 is far from 3"), _check("w", message="7 is far from 9"))
    again = _task("c", _check("u", message="0.1 is far from 3"))
    assert _told(looks, words, again) == [(10, "x", ["y"], []), (10, "v", ["w"], []), (10, "u", [], [])]


def test_what_raised_at_one_line_is_one_cause_in_all_tasks():
    """Crashes with the same words at the same line are one cause, others are not; so is a file that is missing."""
    crash = [_check(f"c{i}", Verdict.CRASHED, "raised at line 3", line=line) for i, line in enumerate((3, 3, 7))]
    gone = [_check(f"m{i}", Verdict.MISSING, "`a.py` is not there") for i in range(2)]
    told = _told(_task("a", crash[0], gone[0]), _task("b", crash[1], gone[1]), _task("c", crash[2]))
    assert told == [(10, "c0", ["c1"], []), (10, "m0", ["m1"], []), (10, "c2", [], [])]


def test_checks_without_words_are_causes_of_their_own():
    """What hidden checks found is unknown on a student's page, so nothing is said to be the same."""
    assert len(_told(_task("a", _check("x"), _check("y")))) == 2


def test_what_costs_nothing_is_no_cause():
    """Passed checks, those that don't count, and failures in a task that lost nothing are not listed."""
    free = _task("a", _check("x", message="one", counted=False), _check("y", Verdict.PASSED))
    full = _task("b", _check("z", message="one"), points=10.0)
    assert _told(free, full) == []


def test_all_or_nothing_is_lost_to_what_failed():
    """Where a task earns nothing though checks passed, its points are lost to those that failed."""
    task = _task("a", _check("x", message="one"), _check("y", Verdict.PASSED), points=0.0)
    assert _told(task) == [(10, "x", [], [])]


def test_a_circle_of_skips_ends():
    """Stored results that name each other as what has to pass first make no endless loop."""
    circle = _task(
        "a", _check("x", Verdict.SKIPPED, "no", because="y"), _check("y", Verdict.SKIPPED, "no", because="x")
    )
    assert sum(lost for lost, *_ in _told(circle)) == 10


def test_a_cause_is_shown_with_its_followers():
    """What is shown has the points in words, the places of its followers, and how many of them are left out."""
    followers = [_check(f"s{i}", Verdict.SKIPPED, because="root") for i in range(20)]
    result = _result(_task("a", _check("root", message="`w` is far"), *followers))
    (view,) = cause_views(result, causes_of(result), budget=PageBudget())
    assert (view.title, view.anchor, view.task, view.lost) == ("Root", "task-1-check-1", "A", "10 points")
    assert (view.explanation, view.mark.word) == ("`w` is far", "wrong")
    assert (view.skipped[0].title, view.skipped[0].anchor) == ("S0", "task-1-check-2")
    assert (len(view.skipped), view.skipped_left_out) == (12, 8)
    result = _result(_task("a", _check("root", message="far"), _check("fine", Verdict.PASSED, weight=9)))
    assert cause_views(result, causes_of(result), budget=PageBudget())[0].lost == "1 point"
