"""Tests of grader.report.doubts and reweighing: which checks of a class to look at, and what they weigh."""

import tomllib

import pytest

from grader.report.doubts import ENOUGH, doubts_of
from grader.report.reweighing import change_in_words, change_without
from grader.results.verdict import CheckResult, Feedback, Frame, Status, SubmissionResult, TaskResult, Verdict

CLASS = 30


def _check(name, verdict, *, message="", line=0, weight=1.0, counted=True):
    frames = (Frame("a.py", line, "f", "f()"),) if line else ()
    feedback = Feedback(message, traceback=frames)
    return CheckResult(name, name.title(), "", verdict, weight, counted=counted, feedback=feedback)


def _task(name, checks, *, points=None):
    weight = sum(check.weight for check in checks if check.counted)
    passed = sum(check.weight for check in checks if check.counted and check.verdict is Verdict.PASSED)
    earned = 10.0 * passed / weight if points is None else points
    return TaskResult(name, name.title(), earned, 10.0, False, tuple(checks))


def _result(number, *tasks):
    points = sum(task.points for task in tasks)
    return SubmissionResult(f"s{number:02d}", Status.GRADED, points, 10.0 * len(tasks), tuple(tasks))


def _class(odd, *, count=CLASS):
    """Return a class in which the share earned elsewhere rises from 0 to 1; `odd` says how one check went for each."""
    results = []
    for i in range(count):
        good = min(20, round(28 * i / (count - 1)))  # the best third passes everything else
        plain = [
            _check(f"plain_{k}", Verdict.PASSED if k < good else Verdict.WRONG, message=f"way {chr(97 + i)}")
            for k in range(20)
        ]
        results.append(_result(i, _task("plain", plain), _task("odd", [odd(i), _check("beside", plain[9].verdict)])))
    return results


def _doubts(results):
    found = doubts_of(results, files={result.submission: f"{result.submission}.html" for result in results})
    return {doubt.check: doubt for doubt in found.found}, found


def test_a_sound_class_has_no_doubts():
    """Checks that weak submissions fail and strong ones pass are not listed."""
    odd = lambda i: _check("odd", Verdict.PASSED if i >= 12 else Verdict.WRONG, message=f"way {chr(97 + i)}")  # noqa: E731
    assert _doubts(_class(odd))[0] == {}


def test_what_the_best_fail_is_doubted():
    """A check that most of those fail who do best elsewhere is listed, with the best of them as examples."""
    odd = lambda i: _check("odd", Verdict.WRONG if i > 24 or i < 9 else Verdict.PASSED, message=f"way {chr(97 + i)}")  # noqa: E731
    doubt = _doubts(_class(odd))[0]["odd"]
    assert doubt.reasons[0] == "5 of the 9 who do best elsewhere fail it."
    assert (doubt.title, doubt.task) == ("Odd", "Odd")
    assert tomllib.loads(doubt.adjust) == {"adjust": {"odd": {"weight": 0, "reason": "…"}}}
    assert [(one.submission, one.file, one.anchor) for one in doubt.examples] == [
        (name, f"{name}.html", "task-2-check-1") for name in ("s25", "s26", "s27")
    ]


def test_what_most_fail_in_one_way_is_doubted():
    """A check that more than half of a class fail with the same words is listed; a part that is not done is no sign."""
    told = lambda i: _check("odd", Verdict.WRONG if i < 20 else Verdict.PASSED, message=f"{i} is not 3")  # noqa: E731
    assert _doubts(_class(told))[0]["odd"].reasons == ("20 of 30 fail it in the same way.",)
    undone = lambda i: _check("odd", Verdict.MISSING if i < 20 else Verdict.PASSED, message="is missing")  # noqa: E731
    assert _doubts(_class(undone))[0] == {}


def test_a_check_that_does_not_tell_strong_from_weak_is_doubted():
    """A check whose verdicts fall with the points earned elsewhere is listed with its correlation."""
    odd = lambda i: _check("odd", Verdict.WRONG if i in (20, 21, 22) else Verdict.PASSED, message=f"way {chr(97 + i)}")  # noqa: E731
    (reason,) = _doubts(_class(odd))[0]["odd"].reasons
    assert reason.startswith("Who does well elsewhere does no better here: the item–rest correlation is -0.")


@pytest.mark.parametrize(
    ("line", "is_listed"),
    [(0, True), (7, False)],
)
def test_crashes_without_a_line_of_the_student_are_doubted(line, is_listed):
    """Crashes on the way to which no line of the student's lies are listed, those of their own lines are not."""
    odd = lambda i: _check("odd", Verdict.CRASHED if i < 3 else Verdict.PASSED, message=f"{chr(97 + i)}", line=line)  # noqa: E731
    found, _ = _doubts(_class(odd))
    assert ("odd" in found) == is_listed
    if is_listed:
        assert found["odd"].reasons[0].startswith("In 3 submissions the probe crashes")


def test_time_outs_that_cluster_are_doubted():
    """A check at which a tenth of the class is stopped is listed, one at which a few are is not."""
    few = lambda i: _check("odd", Verdict.TIMED_OUT if i < 2 else Verdict.PASSED)  # noqa: E731
    many = lambda i: _check("odd", Verdict.TIMED_OUT if i < 3 else Verdict.PASSED)  # noqa: E731
    assert _doubts(_class(few))[0] == {}
    assert _doubts(_class(many))[0]["odd"].reasons == ("3 of 30 run out of time.",)


def test_small_classes_have_no_statistics():
    """Below the size from which shares mean something only crashes and time-outs are listed, and that is said."""
    wrong = lambda i: _check("odd", Verdict.WRONG, message="same")  # noqa: E731
    found, doubts = _doubts(_class(wrong, count=ENOUGH - 1))
    assert (found, doubts.too_few) == ({}, True)
    late = lambda i: _check("odd", Verdict.TIMED_OUT)  # noqa: E731
    assert set(_doubts(_class(late, count=5))[0]) == {"odd"}
    assert not _doubts(_class(wrong))[1].too_few
    assert not doubts_of([], files={}).too_few


def test_what_did_not_run_says_nothing_about_a_check():
    """Skipped checks, checks that don't count and submissions without a grade are left out."""
    odd = lambda i: _check("odd", Verdict.SKIPPED if i else Verdict.TIMED_OUT, message="same")  # noqa: E731
    free = lambda i: _check("odd", Verdict.TIMED_OUT, counted=False)  # noqa: E731
    gone = [SubmissionResult(f"g{i}", Status.UNREADABLE, 0.0, 10.0, ()) for i in range(30)]
    assert _doubts(_class(odd))[0] == _doubts(_class(free))[0] == _doubts(gone)[0] == {}


def test_the_weight_0_shares_a_tasks_points_anew():
    """Without a check the others of its task share its points: who failed it gains, who failed others loses."""
    wins = _result(1, _task("a", [_check("x", Verdict.WRONG), _check("y", Verdict.PASSED)]))
    loses = _result(2, _task("a", [_check("x", Verdict.PASSED), _check("y", Verdict.WRONG, weight=3)]))
    same = _result(3, _task("a", [_check("x", Verdict.PASSED), _check("y", Verdict.PASSED)]))
    change = change_without("x", [wins, wins, loses, same])
    assert (change.more, change.fewer, change.points, change.most) == (2, 1, 7.5, 5.0)
    words = "With the weight 0, 2 would have more points and 1 fewer: at most +5 for one, +7.5 in all."
    assert change_in_words(change) == words
    assert change_in_words(change_without("x", [same])) == "With the weight 0 nobody's points would change."


def test_the_weight_0_of_an_only_check_costs_nobody():
    """A task's only check without weight leaves everybody its points, as does the only failure of all or nothing."""
    alone = _result(1, _task("a", [_check("x", Verdict.WRONG)]))
    strict = _result(2, _task("a", [_check("x", Verdict.WRONG), _check("y", Verdict.PASSED)], points=0.0))
    still = _result(
        3, _task("a", [_check("x", Verdict.WRONG), _check("y", Verdict.PASSED), _check("z", Verdict.WRONG)], points=0.0)
    )
    assert [change_without("x", [one]).points for one in (alone, strict, still)] == [10.0, 10.0, 0.0]
