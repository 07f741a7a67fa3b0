"""Tests of grader.runs.asked_again: what timed out in a crowd, and what was skipped for it, is asked once more."""

import pytest

from grader.grading.job import Job
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict
from grader.runs.asked_again import ask_again
from grader.submissions.found import Found


@pytest.fixture
def job(tmp_path):
    return Job(Found("ann", tmp_path), checks=("test_a",))


def result_of(**verdicts):
    """Return a result with one check a task; a verdict in a tuple is one of a crowded machine."""
    tasks = []
    for name, verdict in verdicts.items():
        is_crowded = isinstance(verdict, tuple)
        check = CheckResult(f"test_{name}", "T", name, verdict[0] if is_crowded else verdict, crowded=is_crowded)
        tasks.append(TaskResult(name, "T", 0.0, 1.0, False, (check,)))
    return SubmissionResult("ann", Status.GRADED, 0.0, 3.0, tuple(tasks))


def test_what_timed_out_in_a_crowd_is_asked_again(job):
    """Its task, and those with skipped checks, are asked again with patience; what is certain stays."""
    result = result_of(slow=(Verdict.TIMED_OUT,), skipped=Verdict.SKIPPED, right=Verdict.PASSED, wrong=Verdict.WRONG)
    again = ask_again(job, result)
    assert (again.tasks, again.checks, again.patient) == (("slow", "skipped"), ("test_a",), True)
    assert again.found == job.found
    assert ask_again(again, result) is None


def test_nothing_else_is_asked_again(job):
    """A time-out with a processor to itself counts, and so does everything that was skipped for another reason."""
    assert ask_again(job, result_of(slow=Verdict.TIMED_OUT, skipped=Verdict.SKIPPED)) is None
