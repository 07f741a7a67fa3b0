"""Promises of grader.report.cost_view: what a submission cost, in words for the instructor."""

from grader.report.cost_view import cost_words, waiting_words
from grader.results.cost import Cost
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict


def _costing(**costs):
    check = CheckResult("test_it", "It", "linear", Verdict.PASSED, **costs)
    task = TaskResult("linear", "Linear layer", 1.0, 1.0, False, (check,))
    return SubmissionResult("ann", Status.GRADED, 1.0, 1.0, (task,))


def test_what_cost_next_to_nothing_is_not_told():
    """A submission that took no second has no sentence about it."""
    assert cost_words(_costing(cpu_s=0.4, waited_s=0.3)) == ""


def test_computing_memory_and_the_dearest_tasks_are_told():
    """The sentence has seconds of computing, memory, and the tasks that most of it went to."""
    assert cost_words(_costing(cpu_s=3.25, peak_mib=412.4)) == (
        "The code took 3.2 s CPU, at most 412 MiB of memory; dearest: Linear layer 3.2 s CPU."
    )


def test_code_that_mostly_sleeps_is_told_so():
    """Where most of the time was sleep, the sentence says for how long."""
    assert cost_words(_costing(cpu_s=2.0, waited_s=558.2)) == (
        "The code took 2.0 s CPU and 558.2 s of waiting; dearest: Linear layer 2.0 s CPU and 558.2 s of waiting. "
        "It slept or waited for 558 s of that."
    )
    assert waiting_words(Cost(cpu_s=5.0, waited_s=4.0)) == ""
