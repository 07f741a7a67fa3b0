"""Tests of grader.results.student_view."""

from dataclasses import replace

from grader.results.results_file import pack_record
from grader.results.student_view import student_view


def test_hidden_checks_keep_title_verdict_and_hint_only(make_result, secret):
    """What a hidden check found does not leave, what a public one found does."""
    result = make_result("ann", message="public words")
    shown = student_view(result)
    assert secret in pack_record(result)
    assert secret not in pack_record(shown)
    hidden, own = shown.tasks[0].checks[2], result.tasks[0].checks[2]
    assert (hidden.title, hidden.verdict, hidden.feedback.hint) == (own.title, own.verdict, own.feedback.hint)
    assert shown.tasks[0].checks[1] == result.tasks[0].checks[1]
    assert shown.flags == ()


def test_what_hidden_checks_rest_on_does_not_leave(make_result):
    """The sentence that a hidden check rests on would tell what it looks at; that of a public one stays."""
    result = make_result("ann")
    checks = tuple(replace(check, grounds="page 3, line 4") for check in result.tasks[0].checks)
    shown = student_view(replace(result, tasks=(replace(result.tasks[0], checks=checks),)))
    assert {check.grounds for check in shown.tasks[0].checks if check.hidden} == {""}
    assert {check.grounds for check in shown.tasks[0].checks if not check.hidden} == {"page 3, line 4"}


def test_how_long_hidden_checks_took_does_not_leave(make_result):
    """Seconds are something that code can choose: those of hidden checks are in no number that students see."""
    result = make_result("ann")
    checks = tuple(replace(check, seconds=1.0 if not check.hidden else 7.5) for check in result.tasks[0].checks)
    timed = replace(result, tasks=(replace(result.tasks[0], checks=checks),), seconds=60.0)
    shown = student_view(timed)
    public = sum(not check.hidden for check in checks)
    assert shown.seconds == public
    assert {check.seconds for check in shown.tasks[0].checks if check.hidden} == {0.0}


def test_a_hidden_task_hides_all_its_checks(make_result):
    """In a hidden task every check is treated as hidden, whatever its own mark says."""
    result = make_result("ann", message="found in public")
    hidden = replace(result, tasks=(replace(result.tasks[0], hidden=True),))
    assert "found in public" not in pack_record(student_view(hidden))
    assert all(check.hidden for check in student_view(hidden).tasks[0].checks)
