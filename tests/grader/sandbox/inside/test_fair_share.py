"""Promises of `grader.sandbox.inside.fair_share`: on real processes and threads that compute or sleep."""

import os
import signal
import time

import pytest

from grader.sandbox.inside import kernel
from grader.sandbox.inside.fair_share import FairShare, priority_for
from grader.sandbox.inside.memory import descendants


@pytest.fixture
def tree():
    """Return a function that forks a process with so many busy and sleeping children and returns its number."""
    started = []

    def grow(*, busy, asleep=0):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            kernel.die_with_parent(signal.SIGKILL)  # also where the tests are killed
            os.setsid()
            for number in range(busy + asleep):
                if os.fork() == 0:
                    kernel.die_with_parent(signal.SIGKILL)
                    os.write(writing, b"1")
                    while number < busy:
                        pass
                    time.sleep(60)
                    os._exit(0)
            time.sleep(60)
            os._exit(0)
        started.append(pid)
        for _ in range(busy + asleep):
            os.read(reading, 1)
        os.close(reading)
        os.close(writing)
        return pid

    yield grow
    for pid in started:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _watch(root, *, tasks=1.0, seconds=0.6):
    time.sleep(0.2)  # until those that sleep do
    share = FairShare.of_own(tasks=tasks)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        share.keep(root)
        time.sleep(0.05)
    return [os.getpriority(os.PRIO_PROCESS, pid) for pid in descendants(root)]


def test_many_busy_processes_weigh_as_much_as_one(tree):
    """Twelve that compute get a priority at which their weights add up to about one's; sleeping ones keep theirs."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    priorities = _watch(tree(busy=12, asleep=3))
    lowered = [priority for priority in priorities if priority != own]
    assert len(lowered) == 12
    assert min(lowered) >= 11


def test_who_grades_at_a_low_priority_gets_no_higher_one(tree):
    """Beside `nice grader grade`, what a submission's crowd gets is below the grader's own priority, never above."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:  # only root could take the low priority back
        try:
            own, root = os.nice(5), tree(busy=12)
            priorities = _watch(root)
            os.killpg(root, signal.SIGKILL)
            os.write(writing, bytes(20 + one for one in (own, *priorities)))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    own, *priorities = (one - 20 for one in os.read(reading, 100))
    os.close(reading)
    os.close(writing)
    assert len(priorities) == 12
    assert min(priorities) >= min(own + 11, 19)


def test_a_single_busy_process_keeps_its_priority(tree):
    """What a submission may use, it uses at the priority that it had, however many others of its processes sleep."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert _watch(tree(busy=1, asleep=20)) == [own] * 21


def test_as_many_as_the_limit_says(tree):
    """Where a submission may use four threads, four busy processes keep their priority."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert _watch(tree(busy=4), tasks=4) == [own] * 4


@pytest.mark.parametrize(("demand", "priority"), [(1, 0), (2, 4), (12, 12), (55, 18), (1000, 19)])
def test_priorities_by_demand(demand, priority):
    """The priority is the smallest number at which so many tasks weigh no more than one of priority 0."""
    assert priority_for(demand) == priority
