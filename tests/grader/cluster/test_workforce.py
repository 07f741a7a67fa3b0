"""Tests of grader.cluster.workforce: who has ended is replaced, who starts slowly or waits is left alone."""

import asyncio

import pytest

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from distributed.core import Status

from grader.cluster.workforce import Workforce


class Job:
    """Stand in for a job of a batch system: it takes none."""

    def __init__(self, problem=""):
        self.status = Status.created
        self.problem = problem

    async def close(self):
        self.status = Status.closed


class Cluster:
    """Start jobs by specification as Dask's SpecCluster does: one that fails is kept, and its error raised."""

    def __init__(self):
        self.worker_spec, self.workers, self.count, self.problem = {}, {}, 0, ""
        self.ended = []

    def new_worker_spec(self):
        self.count += 1
        return {f"job-{self.count}": {}}

    def __await__(self):
        return self._correct().__await__()

    async def _correct(self):
        for name in self.worker_spec.keys() - self.workers.keys():
            self.workers[name] = Job()
            if self.problem:
                raise RuntimeError(self.problem)
            self.workers[name].status = Status.running


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def workforce(cluster, clock):
    return Workforce(cluster, count=2, gone_s=5.0, clock=lambda: clock[0])


def _keep_up(workforce, clock, at, *present):
    clock[0] = at
    return asyncio.run(workforce.keep_up(present))


def test_as_many_are_started_as_were_asked_for(workforce, cluster):
    asyncio.run(workforce.start())
    assert sorted(cluster.workers) == ["job-1", "job-2"]


def test_a_job_of_which_nothing_is_left_is_replaced(workforce, cluster, clock):
    """A job has several workers; only where all are gone for long enough it is ended, and another one begins."""
    asyncio.run(workforce.start())
    first = cluster.workers["job-1"]
    assert _keep_up(workforce, clock, 1.0, "job-1-0", "job-1-1", "job-2") == ""
    _keep_up(workforce, clock, 10.0, "job-1-1", "job-2")
    _keep_up(workforce, clock, 14.0, "job-2", "job-10")
    assert sorted(cluster.workers) == ["job-1", "job-2"]
    _keep_up(workforce, clock, 16.0, "job-2")
    assert sorted(cluster.workers) == ["job-2", "job-3"]
    assert first.status is Status.closed


def test_a_job_that_waits_is_left_alone(workforce, cluster, clock):
    """A job whose workers have never come may wait in its queue for days."""
    asyncio.run(workforce.start())
    for at in (1.0, 1e4, 1e6):
        _keep_up(workforce, clock, at)
    assert sorted(cluster.workers) == ["job-1", "job-2"]


def test_what_hinders_is_told_and_tried_again_later(workforce, cluster, clock):
    """Where no job can be submitted in place of another, the reason comes back; the next try is half a minute later."""
    asyncio.run(workforce.start())
    _keep_up(workforce, clock, 0.0, "job-1", "job-2")
    cluster.problem = "queue\nis closed"
    assert _keep_up(workforce, clock, 10.0, "job-2") == "queue is closed"
    assert sorted(cluster.workers) == ["job-2"]
    cluster.problem = ""
    assert _keep_up(workforce, clock, 20.0, "job-2") == ""
    assert sorted(cluster.workers) == ["job-2"]
    assert _keep_up(workforce, clock, 41.0, "job-2") == ""
    assert sorted(cluster.workers) == ["job-2", "job-3"]


def test_what_can_t_be_started_is_raised(workforce, cluster):
    """At the start, the words of the command that failed end the run."""
    cluster.problem = "no such queue"
    with pytest.raises(RuntimeError, match="no such queue"):
        asyncio.run(workforce.start())
