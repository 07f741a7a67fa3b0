"""Tests of grader.marking.deadlines: which attempt counts, whom an extension fits, and what lateness costs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from grader.courses.deadline import Counts, Deadline
from grader.marking.deadlines import priced, under_deadline, without_attempts
from grader.marking.extension_file import Extension
from grader.results.verdict import Origin, Owner, Status, Verdict

DUE = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATE = Deadline(DUE, percent=10.0)
W = Verdict.WRONG


@pytest.fixture
def handed_in(result_of):
    """Return a function that returns a result that was handed in so many hours after the due time."""

    def handed_in(name, hours, *, attempt_of="", owners=(), **verdicts):
        seconds = (DUE + timedelta(hours=hours)).timestamp()
        origin = Origin(owners=owners, handed_in=seconds, clock="Gradescope", attempt_of=attempt_of)
        return replace(result_of(name, **verdicts), origin=origin)

    return handed_in


def _extension(student, *, days=None, slack=None, line=2):
    return Extension(line, student, None if days is None else DUE + timedelta(days=days), None, slack, "Ill.")


def _only(results, deadline, *extensions):
    timed = under_deadline(results, deadline, extensions)
    assert timed.problems == ()
    (found,) = timed.results
    return priced(found)


def test_lateness_costs_points_and_is_told(handed_in):
    """Points are less by the price, those of tasks and the maximum stay, and a note says all of it."""
    found = _only([handed_in("ann", 30)], LATE)
    assert (found.points, found.max_points, found.tasks[0].points) == (9.6, 10.0, 6.0)
    assert (found.lateness.price, found.lateness.keeps, found.lateness.late_s) == (2.4, 80.0, 30 * 3600)
    assert found.notes == (
        "Handed in 2026-11-21 18:00 (UTC+00:00), as Gradescope tells: 1 day and 6 hours late; 80 % of the points are "
        "kept, which costs 2.4 points.",
    )


def test_who_is_in_time_pays_nothing(handed_in):
    """In time nothing changes but a note that says so, and slack days are told."""
    assert _only([handed_in("ann", 0)], LATE).notes[0].endswith("as Gradescope tells: in time.")
    slack = _only([handed_in("ann", 30)], replace(LATE, slack_days=2))
    assert slack.notes[0].endswith("1 day and 6 hours late, of which 2 slack days; nothing is taken off.")
    assert slack.points == 12.0


def test_an_unknown_time_costs_nothing(handed_in):
    """Where nothing tells when something was handed in nothing is taken off, and the instructor is told."""
    unknown = replace(handed_in("ann", 0), origin=Origin())
    found = _only([unknown], LATE)
    assert (found.points, found.flags) == (12.0, ("Nothing tells when this was handed in, so nothing is taken off.",))
    assert found.notes == found.flags


@pytest.mark.parametrize(
    ("counts", "chosen", "points"),
    [(Counts.LAST, "ann", 10.8), (Counts.BEST, "ann", 10.8), (Counts.LAST_BEFORE_DUE, "ann, attempt 2", 9.0)],
)
def test_the_attempt_that_counts_is_a_setting(handed_in, counts, chosen, points):
    """Last, best or last before due: one attempt counts under the student's name, and all are listed by time."""
    attempts = [
        handed_in("ann", 5),
        handed_in("ann, attempt 1", -9, attempt_of="ann", test_a1=W, test_a2=W),
        handed_in("ann, attempt 2", -3, attempt_of="ann", test_a1=W),
    ]
    found = _only(attempts, replace(LATE, counts=counts))
    assert (found.submission, found.points, found.origin.attempt_of) == ("ann", points, "")
    listed = [(one.name, one.points, one.counts) for one in found.lateness.attempts]
    told = [("ann, attempt 1", 6.0), ("ann, attempt 2", 9.0), ("ann", 10.8)]
    assert listed == [(name, worth, name == chosen) for name, worth in told]


def test_the_best_is_the_best_once_lateness_is_paid(handed_in):
    """A better attempt that comes too late is worth less, so an earlier one counts; of equals the earlier one."""
    best = replace(LATE, counts=Counts.BEST)
    attempts = [handed_in("ann", 80), handed_in("ann, attempt 1", -1, attempt_of="ann", test_a1=W)]
    assert _only(attempts, best).points == 9.0
    same = [handed_in("ann", -1), handed_in("ann, attempt 1", -2, attempt_of="ann")]
    assert [one.counts for one in _only(same, best).lateness.attempts] == [True, False]


def test_an_open_attempt_that_may_be_better_keeps_the_grade_open(handed_in):
    """Where the grader failed on an attempt that could be the best, the grade is not final; otherwise it is."""
    best = replace(LATE, counts=Counts.BEST)
    broken = handed_in("ann, attempt 1", -1, attempt_of="ann", test_a1=Verdict.NOT_GRADED)
    assert _only([handed_in("ann", -0.5, test_a2=W), broken], best).status is Status.NOT_GRADED
    assert _only([handed_in("ann", -0.5), broken], best).status is Status.GRADED


def test_who_was_never_in_time_has_the_first_attempt(handed_in):
    """Where the last before due counts and all are late, the first of them does."""
    attempts = [handed_in("ann", 80), handed_in("ann, attempt 1", 2, attempt_of="ann")]
    assert _only(attempts, replace(LATE, counts=Counts.LAST_BEFORE_DUE)).points == 10.8


def test_an_extension_is_for_one_student(handed_in):
    """An extension fits by the submission's name or by what an LMS knows the student by, in any case of letters."""
    owner = Owner("Ann Lee", number="17", sis_id="s1", login="alee", email="ann@x.edu")
    for student in ("ann", "ANN LEE", "17", "s1", "alee", "Ann@x.edu"):
        found = _only([handed_in("ann", 30, owners=(owner,))], LATE, _extension(student, days=3))
        assert (found.points, found.lateness.extension) == (12.0, "Ill.")
    assert "Extended to 2026-11-23 12:00 (UTC+00:00): Ill." in found.notes[0]


def test_a_group_has_the_most_generous_extension_of_its_members(handed_in):
    """One extension covers what a group hands in together; of several the latest, and the most slack days."""
    group = handed_in("ann & bob", 60, owners=(Owner("Ann"), Owner("Bob")))
    extensions = [_extension("Ann", days=1), _extension("Bob", days=2, line=3)]
    found = _only([group], LATE, *extensions)
    assert (found.lateness.late_s, found.lateness.extension) == (12 * 3600, "Ill.; Ill.")


def test_an_extension_for_nobody_or_for_two_is_told(handed_in):
    """Who fits nobody who has handed in is told with the nearest name; who fits two gets nothing by guess."""
    two = [handed_in(name, 30, owners=(Owner("Ann Lee"),)) for name in ("ann", "ann (2)")]
    timed = under_deadline(
        [*two, handed_in("zoe", -1)], LATE, [_extension("zo", days=3), _extension("Ann Lee", days=3, line=3)]
    )
    assert timed.remarks == ("extensions.csv, line 2: “zo” fits nobody who has handed in. Did you mean `zoe`?",)
    assert timed.problems == (
        "extensions.csv, line 3: “Ann Lee” fits several: ann, ann (2). Write the submission's name.",
    )
    assert [one.lateness.keeps for one in timed.results] == [80.0, 80.0, 100.0]


def test_a_deadline_that_nobody_met_is_asked_about(handed_in):
    """Where everything is late, the instructor is asked about the date; one in time is enough to ask nothing."""
    late = [handed_in("ann", 9000), handed_in("bob", 9001)]
    (remark,) = under_deadline(late, LATE, ()).remarks
    assert remark == "Everything is late: work was due 2026-11-20T12:00:00+00:00. Is the date right?"
    assert under_deadline([*late, handed_in("cy", -1)], LATE, ()).remarks == ()


def test_attempts_that_are_gone_count_for_nothing(handed_in):
    """An attempt that is no longer there is left out, unless none is there; without a deadline no attempt is shown."""
    gone = replace(handed_in("ann", -1), status=Status.GONE)
    other = handed_in("ann, attempt 1", -5, attempt_of="ann", test_a1=W)
    found = _only([gone, other], LATE)
    assert (found.points, found.status, found.lateness.attempts) == (9.0, Status.GRADED, ())
    assert _only([gone], LATE).status is Status.GONE
    assert without_attempts([gone, other]) == [gone]


def test_without_lateness_nothing_is_priced(result_of):
    """A result that has no deadline stays the very same."""
    result = result_of()
    assert priced(result) is result


def _of_canvas(handed_in, name, hours, *, is_late=False):
    result = handed_in(name, hours)
    origin = replace(result.origin, lms="canvas", clock="the times of the files", is_marked_late=is_late)
    return replace(result, origin=origin)


def test_canvas_marks_that_differ_from_the_clock_are_flagged(handed_in):
    """A mark of Canvas takes nothing off; where it and the clock differ, the instructor reads both."""
    results = [
        _of_canvas(handed_in, "both", 30, is_late=True),
        _of_canvas(handed_in, "marked", -1, is_late=True),
        _of_canvas(handed_in, "unmarked", 30),
        _of_canvas(handed_in, "neither", -1),
    ]
    flags = {one.submission: one.flags for one in under_deadline(results, LATE, ()).results}
    assert flags["both"] == flags["neither"] == ()
    assert flags["marked"] == (
        "Canvas marks this as late; the times of the files say that it was in time, so nothing is taken off.",
    )
    assert flags["unmarked"] == (
        "Canvas does not mark this as late; the times of the files say that it was 1 day and 6 hours late.",
    )


def test_a_mark_without_a_time_is_flagged(handed_in):
    """Where Canvas marks a hand-in as late and nothing tells the time, nothing is taken off, and both are told."""
    result = _of_canvas(handed_in, "ann", 0, is_late=True)
    timeless = replace(result, origin=replace(result.origin, handed_in=0.0, clock=""))
    (found,) = under_deadline([timeless], LATE, ()).results
    assert found.flags[-1] == "Canvas marks this as late; when it was handed in, nothing tells."
    assert priced(found).points == result.points


def test_a_class_that_canvas_never_marks_is_not_flagged(handed_in):
    """Where Canvas marks nobody, it may have no due date: that says nothing."""
    (found,) = under_deadline([_of_canvas(handed_in, "ann", 30)], LATE, ()).results
    assert found.flags == ()
