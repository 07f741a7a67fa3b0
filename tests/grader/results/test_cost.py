"""Promises of grader.results.cost: what a submission and its tasks cost, added up over checks."""

from grader.results.cost import Cost, cost_of, cost_of_task, dearest_tasks
from grader.results.student_view import student_view
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict


def _check(name, **costs):
    return CheckResult(name, name, "linear", Verdict.PASSED, **costs)


def _task(name, *checks, hidden=False):
    return TaskResult(name, name, 1.0, 1.0, hidden, checks)


def _result(*tasks):
    return SubmissionResult("ann", Status.GRADED, 1.0, 1.0, tasks)


def test_seconds_are_added_and_memory_is_the_most():
    """Seconds of all checks add up, by task and as a whole; memory is that of the check that held most."""
    first = _task("a", _check("x", cpu_s=1.5, waited_s=0.25, peak_mib=300.0), _check("y", cpu_s=2.0, peak_mib=500.0))
    second = _task("b", _check("z", cpu_s=0.5, peak_mib=100.0))
    assert cost_of_task(first) == Cost(3.5, 0.25, 500.0)
    assert cost_of(_result(first, second)) == Cost(4.0, 0.25, 500.0)


def test_nothing_is_known_of_older_results():
    """A result of which nothing was measured costs nothing, and has no dearest task."""
    result = _result(_task("a", _check("x")), _task("b"))
    assert cost_of(result) == Cost()
    assert dearest_tasks(result) == []


def test_the_dearest_tasks_come_first_whether_they_compute_or_wait():
    """A task that sleeps is as dear as one that computes for as long; three are named."""
    spent = {"a": {"cpu_s": 4.0}, "b": {"waited_s": 9.0}, "c": {"cpu_s": 1.0}, "d": {"cpu_s": 2.0, "waited_s": 3.0}}
    result = _result(*(_task(name, _check(name, **costs)) for name, costs in spent.items()))
    assert [task.name for task in dearest_tasks(result)] == ["b", "d", "a"]


def test_mostly_waiting_is_more_waiting_than_computing():
    """Code that computes longer than it sleeps is not told to sleep."""
    assert Cost(1.0, 1.5, 0.0).is_mostly_waiting
    assert not Cost(1.5, 1.0, 0.0).is_mostly_waiting


def test_students_learn_no_cost_of_hidden_checks():
    """How long a hidden check took, computed, waited and held, and how near its values came, is not theirs to know."""
    costs = {"seconds": 4.0, "cpu_s": 1.0, "waited_s": 2.0, "peak_mib": 3.0}
    measured = costs | {"stretch": 0.5}
    hidden = _check("hidden", hidden=True, **measured)
    result = _result(
        _task("a", _check("shown", **measured), hidden), _task("b", _check("in_hidden", **measured), hidden=True)
    )
    shown = [check for task in student_view(result).tasks for check in task.checks]
    told = [(check.seconds, check.cpu_s, check.waited_s, check.peak_mib) for check in shown]
    assert told == [(4.0, 1.0, 2.0, 3.0), (0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0)]
    assert [check.stretch for check in shown] == [0.5, None, None]
