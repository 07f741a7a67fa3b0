"""Tests of grader.runs.progress: what is done, who is at what, how long it will take."""

from pathlib import Path

from grader.grading.job import Job
from grader.results.verdict import Status, SubmissionResult
from grader.runs.executor import FinishedJob
from grader.runs.plan import Step
from grader.runs.progress import JobUnderWay, RunProgress
from grader.submissions.found import Found


def _job(name, *tasks):
    return Job(Found(name, Path(name)), tasks or None)


def _steps(*expected, tasks=()):
    return [Step(_job(f"s{number}", *tasks), seconds, 1) for number, seconds in enumerate(expected)]


class Clock:
    """Be a clock that stands until it is set."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def _finish(progress, job, *, seconds=1.0, status=Status.GRADED, where="w"):
    result = SubmissionResult(job.found.name, status, 1, 1, (), seconds=seconds)
    progress.finished(FinishedJob(job, result, "d", where=where), result)


def test_jobs_are_counted():
    """A snapshot counts jobs, submissions that had their result, and those on which the grader failed."""
    steps = _steps(None, None, None)
    progress = RunProgress(steps, submissions=5, reused=2)
    _finish(progress, steps[0].job)
    _finish(progress, steps[1].job, status=Status.NOT_GRADED)
    shown = progress.snapshot()
    assert (shown.total, shown.done, shown.submissions, shown.reused, shown.not_graded) == (3, 2, 5, 2, 1)
    _finish(progress, steps[1].job)
    assert progress.snapshot().not_graded == 0


def test_jobs_under_way_are_shown():
    """A job is under way from when it begins until its answer, for as many seconds as have passed."""
    clock = Clock()
    steps = [*_steps(None, None), Step(_job("train", "deep"), None, 1)]
    progress = RunProgress(steps, submissions=3, reused=0, clock=clock)
    progress.at("process 10", steps[2].job)
    clock.now += 3
    progress.at("process 2", steps[0].job)
    clock.now += 4
    assert progress.snapshot().under_way == (
        JobUnderWay("process 2", "s0", None, 4.0),
        JobUnderWay("process 10", "train", ("deep",), 7.0),
    )
    _finish(progress, steps[0].job, where="process 2")
    progress.at("process 10", None)
    assert progress.snapshot().under_way == ()
    assert progress.snapshot().elapsed_s == 7


def test_the_time_left_comes_from_earlier_runs():
    """What is known of earlier runs is summed over what is left, less what is under way, shared by the processes."""
    clock = Clock()
    steps = _steps(30.0, 20.0, 10.0)
    progress = RunProgress(steps, submissions=3, reused=0, clock=clock)
    assert progress.snapshot().left_s == 60
    progress.at("a", steps[0].job)
    progress.at("b", steps[1].job)
    clock.now += 5
    assert progress.snapshot().left_s == (25 + 15 + 10) / 2
    _finish(progress, steps[1].job, where="b")
    progress.at("b", steps[2].job)
    clock.now += 35
    assert progress.snapshot().left_s == 0, "what takes longer than expected is thought to end soon"


def test_without_earlier_runs_the_median_of_this_one_counts():
    """Nothing is said until a job of the same tasks is done; then the median of those, not of others, counts."""
    steps = [*_steps(None, None, None, None), *_steps(None, None, tasks=("deep",))]
    progress = RunProgress(steps, submissions=4, reused=0)
    assert progress.snapshot().left_s is None
    for step, seconds in zip(steps, (1.0, 9.0, 2.0), strict=False):
        _finish(progress, step.job, seconds=seconds)
    assert progress.snapshot().left_s is None, "nobody knows how long training takes"
    _finish(progress, steps[4].job, seconds=50.0)
    assert progress.snapshot().left_s == 2 + 50
