"""Tests of grader.marking.overriding: a person's word counts, the automatic mark stays beside it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.marking.override_file import OverrideRow
from grader.marking.overriding import overridden
from grader.results.shares import shares
from grader.results.student_view import student_view
from grader.results.verdict import Adjusted, CheckResult, Status, SubmissionResult, TaskResult, Verdict

W, N = Verdict.WRONG, Verdict.NOT_GRADED


def _only(result, *rows):
    done = overridden([result], rows)
    assert done.problems == ()
    return done.results[0]


def test_a_verdict_counts_in_place_of_the_graders(result_of, row_of):
    """Points follow what a person gave; the check keeps its own verdict, and both are in its words and in a note."""
    found = _only(result_of(test_a1=W), row_of("test_a1", verdict=Verdict.PASSED))
    check = found.tasks[0].checks[0]
    assert (found.points, found.max_points, check.verdict) == (12.0, 10.0, W)
    words = "3 of 3 points. She is right. The automatic mark was: wrong, 0 of 3 points."
    assert check.override.words == f"Marked by hand by Tom: {words}"
    assert found.notes == (f"By hand: “Check a1”. {words}",)


def test_a_word_can_take_points_away(result_of, row_of):
    """What passed may be given fewer points, or a verdict that earns none."""
    assert _only(result_of(), row_of("test_a1", points="1,5")).tasks[0].points == 4.5
    assert _only(result_of(), row_of("test_b1", verdict=Verdict.FORBIDDEN)).tasks[1].points == 0.0


def test_a_task_is_marked_as_a_whole(result_of, row_of):
    """Points for a task are its points, whatever its checks say, and its checks' shares add up to them."""
    found = _only(result_of(test_b1=W), row_of("b", points="3"))
    task = found.tasks[1]
    assert (task.points, found.points, task.override.automatic) == (3.0, 11.0, "0 of 4 points")
    assert sum(share.points for share in shares(task)) == pytest.approx(3.0)


def test_what_the_grader_could_not_judge_a_person_can(result_of, row_of):
    """Points that are open are settled by a person's word, and with the last of them the result is final."""
    broken = result_of(test_a1=N)
    assert (broken.status, broken.unjudged) == (Status.NOT_GRADED, 3.0)
    found = _only(broken, row_of("test_a1", points="2"))
    assert (found.status, found.unjudged, found.points) == (Status.GRADED, 0.0, 11.0)
    whole = _only(broken, row_of("a", points="2"))
    assert (whole.status, whole.unjudged, whole.points) == (Status.GRADED, 0.0, 8.0)


def test_what_is_pending_stays_open(result_of, row_of):
    """A task that was not graded yet keeps the result provisional."""
    pending = replace(result_of(test_a1=N), status=Status.NOT_GRADED, pending=("d",), unjudged=8.0)
    found = _only(pending, row_of("test_a1", points="2"))
    assert (found.status, found.unjudged) == (Status.NOT_GRADED, 5.0)


def test_students_do_not_read_who_marked(result_of, row_of):
    """On a student's page the reason stands, the name of who gave it doesn't."""
    shown = student_view(_only(result_of(), row_of("test_a1", points="1"), row_of("b", points="1")))
    assert "Tom" not in str(shown)
    assert "She is right." in str(shown.tasks[0].checks[0].override)


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        (
            [{"target": "test_a1", "submission": "an", "points": "1"}],
            ["line 2: There is no submission “an”. Did you mean `ann`?"],
        ),
        (
            [{"target": "tests_a1", "points": "1"}],
            ["line 2: “tests_a1” is no check and no task of ann. Did you mean `test_a1`?"],
        ),
        (
            [{"target": "test_a1", "points": "1"}, {"target": "test_a1", "points": "2", "line": 3}],
            ["line 3: Line 2 overrides test_a1 of ann already. Remove one."],
        ),
        (
            [{"target": "a", "points": "1"}, {"target": "test_a1", "points": "2", "line": 3}],
            ["line 3: Line 2 overrides a, which test_a1 belongs to or holds. Override the task or its checks."],
        ),
        (
            [{"target": "test_a1", "points": "1"}, {"target": "a", "points": "2", "line": 3}],
            ["line 3: Line 2 overrides test_a1, which a belongs to or holds. Override the task or its checks."],
        ),
        (
            [{"target": "test_a1", "points": "3.5"}],
            ["line 2: 3.5 points are not within 0 and 3. Mend the number."],
        ),
        ([{"target": "a", "points": "-1"}], ["line 2: -1 points are not within 0 and 6. Mend the number."]),
        ([{"target": "a", "points": "full"}], ["line 2: “full” is not a number of points. Give 0 to 6."]),
        (
            [{"target": "test_b1", "points": "1"}],
            ["line 2: b pays all or nothing, so a check of it has no points. Give a verdict, or the task."],
        ),
    ],
)
def test_a_row_that_cannot_count_is_told(result_of, row_of, rows, problems):
    """A row for nobody, for nothing, twice, against another or beyond what there is changes nothing and is told."""
    result = result_of(test_a2=W)
    done = overridden([result], [row_of(**row) for row in rows])
    assert list(done.problems) == [f"overrides.csv, {problem}" for problem in problems]
    usable = [row_of(**row) for row in rows[: len(rows) - len(problems)]]
    assert done.results == overridden([result], usable).results


def test_what_has_no_marks_has_none_to_override(result_of, row_of):
    """What could not be read, and a check that counts for nobody, can't be overridden."""
    gone = replace(result_of(), status=Status.UNREADABLE)
    assert overridden([gone], [row_of("a", points="1")]).problems == (
        "overrides.csv, line 2: ann is unreadable, so it has no marks. Mend that first.",
    )
    result = result_of()
    checks = tuple(replace(one, adjusted=Adjusted.DROPPED) for one in result.tasks[0].checks)
    dropped = replace(result, tasks=(replace(result.tasks[0], checks=checks), *result.tasks[1:]))
    done = overridden([dropped], [row_of("test_a1", points="1")])
    assert done.problems == (
        "overrides.csv, line 2: test_a1 counts for nobody, so nothing can be given for it. Remove the row.",
    )


def test_a_name_of_a_check_and_of_a_task_is_neither(row_of):
    """Where a check and a task have one name, nothing is guessed."""
    check = CheckResult("a", "A", "a", W)
    result = SubmissionResult("ann", Status.GRADED, 0.0, 2.0, (TaskResult("a", "A", 0.0, 2.0, False, (check,)),))
    done = overridden([result], [row_of("a", points="1")])
    assert done.problems == ("overrides.csv, line 2: “a” is a check and a task. Rename the task.",)


@given(
    verdicts=st.lists(st.sampled_from([Verdict.PASSED, W, Verdict.SKIPPED, N]), min_size=1, max_size=4),
    part=st.floats(0, 1),
    place=st.integers(0, 3),
)
def test_shares_add_up_and_nothing_else_moves(verdicts, part, place):
    """Whatever a person gives for one check, its task has its shares' points within its maximum."""
    checks = tuple(
        CheckResult(f"test_{i}", "X", "t", one, 1.0 + i, counted=one in (Verdict.PASSED, W))
        for i, one in enumerate(verdicts)
    )
    other = TaskResult("o", "O", 2.0, 2.0, False, (CheckResult("test_o", "O", "o", Verdict.PASSED),))
    result = SubmissionResult("ann", Status.GRADED, 2.0, 12.0, (TaskResult("t", "T", 0.0, 10.0, False, checks), other))
    target, worth = f"test_{place % len(checks)}", 10.0 * part / 10
    row = OverrideRow(2, "ann", target, f"{worth:.2f}", None, "Why.", "Tom")
    (found,) = overridden([result], [row]).results
    task = found.tasks[0]
    assert sum(share.points for share in shares(task)) == pytest.approx(task.points, abs=0.011)
    assert 0 <= task.points <= task.max_points
    assert found.tasks[1] == other
    assert found.points == pytest.approx(task.points + 2.0)
