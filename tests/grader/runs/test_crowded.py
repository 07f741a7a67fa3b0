"""A probe that times out while the machine is crowded is asked again, alone, before it counts."""

import os
import signal

import pytest

from grader.grading.job import Order
from grader.results.store import open_store
from grader.results.verdict import Verdict
from grader.runs.batch import grade_submissions, run_info
from grader.runs.local_processes import LocalProcesses
from grader.sandbox.inside import kernel
from grader.submissions.submission import Found

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 1.0
[tasks.double]
title = "Doubling"
points = 10
"""
CHECKS = """\
import pytest
import torch
from grader.compare import assert_matches

@pytest.mark.graded(task="double")
def test_double(probe, rng):
    \"\"\"double returns two times its input\"\"\"
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})
"""
SLOW_ONCE = """
from pathlib import Path
def double(x):
    seen = Path({seen!r})
    while not seen.exists() or {always}:
        seen.touch()
        while True:
            pass
    return 2 * x
"""

COMPUTES = """
import time
def double(x):
    began = time.process_time()
    while time.process_time() - began < 0.7:
        pass
    return 2 * x
"""


@pytest.fixture
def crowd():
    """Keep three processes busy for each processor."""
    pids = []
    for _ in range(3 * os.cpu_count()):
        pid = os.fork()
        if pid == 0:
            kernel.die_with_parent(signal.SIGKILL)  # also where the tests are killed
            while True:
                pass
        pids.append(pid)
    yield
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.fixture
def grade(tmp_path, make_course, read_tiny, write_files):
    """Return a function that grades one submission and returns its results, each time it was stored, by check."""

    def grade(student):
        course = make_course(tmp_path, toml=TOML, checks=CHECKS)
        order = Order(course, read_tiny(course), wall="process")
        found = Found("ann", write_files(tmp_path / "ann", {"student.py": student}))
        seen = []
        with open_store(tmp_path / "results", run=run_info(order)) as store:

            class Executor(LocalProcesses):
                def grade(self, order, jobs, *, report, alone=False):
                    seen.append((alone, [job.tasks for job in jobs]))
                    super().grade(order, jobs, report=report, alone=alone)

            grade_submissions(order, [found], store, Executor(2), digests={})
            (result,) = store.results()
        return seen, {check.name: check.verdict for task in result.tasks for check in task.checks}

    return grade


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(("always", "verdict"), [(False, Verdict.PASSED), (True, Verdict.TIMED_OUT)])
def test_a_time_out_in_a_crowd_is_asked_again(grade, tmp_path, always, verdict):
    """What answers the second time has passed; what times out again, alone, has timed out. Nothing is asked thrice."""
    seen, verdicts = grade(SLOW_ONCE.format(seen=str(tmp_path / "seen"), always=always))
    assert seen == [(False, [None]), (True, [("double",)])]
    assert verdicts == {"test_double": verdict}


@pytest.mark.usefixtures("crowd")
def test_who_only_waits_for_a_processor_does_not_run_out_of_time(grade):
    """Asked again while the crowd is still there, what computes less than its time passes, however long that takes."""
    seen, verdicts = grade(COMPUTES)
    assert verdicts == {"test_double": Verdict.PASSED}
    assert seen == [(False, [None]), (True, [("double",)])]
