"""Promises of what a probe's time is told as: computing, or sleeping and waiting; each by a probe that does so."""

import pytest

SLEEPS = "import time\ndef f():\n    time.sleep(0.6)\n    return 1\n"
COMPUTES = """
import time

def f():
    end = time.process_time() + 0.6
    while time.process_time() < end:
        pass
    return 1
"""


@pytest.mark.parametrize("shared", ["", "task"])
def test_sleep_is_told_as_waiting(open_student, call, shared):
    """A probe that sleeps has waited for that long, and computed next to nothing."""
    outcome = call(open_student(SLEEPS), "f", shared=shared)
    assert outcome.waited_s > 0.5
    assert outcome.waited_s > outcome.cpu_s


@pytest.mark.parametrize("shared", ["", "task"])
def test_computing_is_not_told_as_waiting(open_student, call, shared):
    """A probe that computes has not waited, also where it stood in line for a processor."""
    outcome = call(open_student(COMPUTES), "f", shared=shared)
    assert outcome.cpu_s > 0.5
    assert outcome.waited_s < outcome.cpu_s
