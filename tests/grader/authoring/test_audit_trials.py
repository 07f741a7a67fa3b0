"""Tests of grader.authoring.audit_trials: what is graded for an audit, and what becomes of it."""

from dataclasses import replace

import pytest

from grader.authoring import audit_trials
from grader.authoring.audit_rules import judge_reference
from grader.authoring.audit_trials import (
    TrialSettings,
    grade_trials,
    read_audited,
    try_mistake,
    try_reference,
    try_template,
)
from grader.authoring.mistakes import Mistake, Price
from grader.courses.checks import Check
from grader.errors import SandboxError, SubmissionError
from grader.grading.points import add_up, failed_to_grade, ungraded
from grader.results.verdict import CheckResult, Verdict
from grader.runs.executor import FinishedJob


def _check(name, task):
    return Check(name, name, "", task, 1.0, (), "cpu", False)


CHECKS = {check.name: check for check in (_check("test_double", "double"), _check("test_triple", "triple"))}


@pytest.fixture
def audited(make_course, read_tiny, tmp_path):
    """Return the ground of a tiny assignment whose second task is long."""
    assignment = read_tiny(make_course(tmp_path))
    tasks = tuple(replace(task, long=task.name == "triple") for task in assignment.tasks)
    return read_audited(replace(assignment, tasks=tasks), CHECKS)


def read_short(audited):
    """Return the same ground with one more check of the short task."""
    return replace(audited, checks={**audited.checks, "test_more": _check("test_more", "double")})


def test_long_tasks_are_trials_of_their_own(audited):
    """The reference is graded in parts, the long tasks first, so that they can run side by side."""
    assert [(trial.part, trial.checks) for trial in try_reference(audited)] == [
        ("triple", ("test_triple",)),
        ("", ("test_double",)),
    ]


def test_the_template_is_graded_by_every_check(audited):
    """The template is the kit as it would be generated now, graded by every check."""
    (trial,) = try_template(audited)
    assert trial.checks == ("test_double", "test_triple")
    assert b"NotImplementedError" in trial.files["student.py"]


def test_a_mistake_is_graded_by_its_check(audited, tmp_path):
    """A mistake is the reference with one edit, graded by its own check; of no use, it is not graded at all."""
    mistake = Mistake(
        "half", "student.py", "2 * x", "x", "test_double", Verdict.WRONG, (), "", tmp_path / "mistakes.toml"
    )
    (trial,) = try_mistake(mistake, audited)
    (priced,) = try_mistake(replace(mistake, costs=Price(1.0, 2.0)), read_short(audited))
    assert priced.checks == ("test_double", "test_more")
    assert (trial.checks, b"return x" in trial.files["student.py"]) == (("test_double",), True)
    assert try_mistake(replace(mistake, check="test_nothing"), audited) == []
    assert try_mistake(replace(mistake, find="x"), audited) == []


def _grade(audited, folder, result_of, monkeypatch):
    """Grade the reference with processes that give each submission a made-up result."""

    class Processes:
        def __init__(self, _count):
            pass

        def grade(self, _order, jobs, *, report, alone=False):
            for job in jobs:
                assert alone is job.patient
                report(FinishedJob(job, result_of(job.found.name), ""))

    monkeypatch.setattr(audit_trials, "LocalProcesses", Processes)
    settings = TrialSettings(folder, folder / "scratch", 1)
    return grade_trials(try_reference(audited), audited, settings=settings, advance=lambda _subject: None)


def test_a_trial_that_the_grader_fails_on_ends_the_audit(audited, tmp_path, monkeypatch):
    """Where the grader itself fails there is nothing to judge: the audit stops with what it knows."""

    def result_of(name):
        return failed_to_grade(name, audited.assignment, problem="its process died.", wall="process")

    words = r"The reference could not be graded: The grader failed on this submission: its process died\. .*grader doc"
    with pytest.raises(SandboxError, match=words):
        _grade(audited, tmp_path, result_of, monkeypatch)


def test_a_reference_that_can_not_be_read_is_a_violation(audited, tmp_path, monkeypatch):
    """A subject in which nothing is gradable is told in the words of its note."""

    def result_of(name):
        return ungraded(name, audited.assignment, error=SubmissionError("It holds no file."), wall="process")

    outcome = _grade(audited, tmp_path, result_of, monkeypatch)["reference"]
    assert [str(one) for one in judge_reference(outcome, audited.assignment)] == [
        "reference: It holds no file. Mend reference/tiny."
    ]


@pytest.mark.parametrize("ends", [Verdict.PASSED, Verdict.TIMED_OUT])
def test_what_ran_out_of_time_beside_others_is_graded_again_alone(audited, tmp_path, monkeypatch, ends):
    """A time-out in a crowd is no violation: the trial is graded again, patiently, and that counts once."""
    asked = []

    def result_of(name):
        verdict = ends if name in asked else Verdict.TIMED_OUT
        asked.append(name)
        check = CheckResult("test_double", "T", "double", verdict, crowded=verdict is Verdict.TIMED_OUT)
        return add_up(name, audited.assignment, {"test_double": check}, notes=(), seconds=1, wall="process")

    outcome = _grade(audited, tmp_path, result_of, monkeypatch)["reference"]
    assert outcome.results["test_double"].verdict is ends
    assert sorted(asked) == sorted(2 * list({*asked}))
