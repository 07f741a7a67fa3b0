"""Tests of grader.cluster.dispatch: who gets which job, and who is blamed for a worker that ended."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from grader.cluster.dispatch import ReadyWorker, ReadyWorkers, Workload
from grader.grading.job import Job
from grader.runs.executor import ATTEMPTS
from grader.submissions.submission import Found


def _load(count):
    return Workload([Job(Found(f"s{number}", Path())) for number in range(count)])


def _ready(load, *slots):
    ready = ReadyWorkers(load)
    for number, count in enumerate(slots):
        ready.workers[f"w{number}"] = ReadyWorker(f"w{number}", f"w{number}", count, {})
    return ready


def _numbers(given_jobs):
    return [(worker.address, number) for worker, number in given_jobs]


def test_jobs_are_given_in_order_one_to_each_slot():
    """Workers get as many jobs as they have slots, in the jobs' order, while there are few."""
    ready = _ready(_load(4), 1, 2)
    assert _numbers(ready.assign()) == [("w0", 0), ("w1", 1), ("w1", 2)]
    assert ready.assign() == []


def test_where_there_is_plenty_a_worker_has_one_job_more():
    """A worker need not wait for the coordinator between two jobs; near the end it does, so that none is idle."""
    ready = _ready(_load(20), 1)
    assert _numbers(ready.assign()) == [("w0", 0), ("w0", 1)]
    ready = _ready(_load(5), 1)
    assert _numbers(ready.assign()) == [("w0", 0)]


def test_a_suspect_is_alone_on_its_worker():
    """A job whose worker ended waits for an empty worker, and nothing else is given to that one."""
    load = _load(3)
    ready = _ready(load, 2)
    (worker, first), (_worker, second) = ready.assign()
    worker.jobs.clear()
    assert load.put_back(second, ended="w")
    assert load.put_back(first, ended="w")
    assert _numbers(ready.assign()) == [("w0", first)]
    assert ready.assign() == []
    worker.jobs.clear()
    assert _numbers(ready.assign()) == [("w0", second)]
    worker.jobs.clear()
    assert _numbers(ready.assign()) == [("w0", 2)]


def test_others_go_on_while_a_suspect_waits():
    """The emptiest worker is kept free for a suspect; all others get jobs as before."""
    load = _load(4)
    ready = _ready(load, 1, 1)
    given_jobs = ready.assign()
    given_jobs[0][0].jobs.clear()
    load.put_back(0, ended="w")
    assert load.next_for(ready.workers["w0"], is_alone=False) == 2
    assert ready.assign() == []
    ready.workers["w1"].jobs.clear()
    assert _numbers(ready.assign()) == [("w1", 0)]
    ready.workers["w0"].jobs.clear()
    assert _numbers(ready.assign()) == [("w0", 3)]


def test_a_worker_that_is_leaving_gets_nothing():
    """A worker that closes of its own accord ends what it has, and gets no more."""
    ready = _ready(_load(2), 1)
    ready.workers["w0"].leaving = True
    assert ready.assign() == []


def test_a_job_may_end_three_workers():
    """The third worker that ends with a job is its last; those that ended without its fault don't count."""
    load = _load(1)
    for _time in range(ATTEMPTS - 1):
        assert load.put_back(0, ended="w")
        assert load.put_back(0)
    assert not load.put_back(0, ended="w")


@given(
    jobs=st.integers(0, 12),
    slots=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    killers=st.sets(st.integers(0, 11), max_size=4),
    data=st.data(),
)
def test_killers_are_given_up_and_all_others_answered_once(jobs, slots, killers, data):
    """Whatever order things happen in, jobs that always end their worker are given up, and no other one is."""
    load = _load(jobs)
    ready = _ready(load, *slots)
    answered, given_up, ends = [], [], 0
    while load.unanswered:
        ready.assign()
        busy = [worker for worker in ready.workers.values() if worker.jobs]
        assert busy, "nobody works, though jobs have no answer"
        worker = data.draw(st.sampled_from(busy))
        number = min(worker.jobs)
        if number in killers:  # it takes all along that its worker has
            ends += 1
            for taken in sorted(worker.jobs, reverse=True):
                if not load.put_back(taken, ended="w"):
                    given_up.append(taken)
                    load.answered(taken)
            worker.jobs.clear()
        else:
            worker.jobs.discard(number)
            load.answered(number)
            answered.append(number)
    present = {number for number in killers if number < jobs}
    assert sorted(given_up) == sorted(present)
    assert sorted(answered) == sorted(set(range(jobs)) - present)
    assert ends <= ATTEMPTS * len(present)
