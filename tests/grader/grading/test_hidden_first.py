"""Nothing flows from hidden checks to what students read: tests under the real wall, with code that tries to carry it.

The submission notes what every probe is given wherever it can write, leaves a process behind that goes on printing,
and prints whatever an earlier probe noted.
"""

import re
from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.report.html import lone_scorecards
from grader.results.student_view import student_view
from grader.runs.batch import run_info
from grader.submissions.submission import Found

COURSE = Path(__file__).parents[1] / "sample_courses" / "mini"
CARRIER = """

import glob
import os
import sys
import time


def _carry():
    module = sys.modules.get("grader.sandbox.inside.serving")
    if module is None:
        return
    real = module.run_probe

    def run_probe(probe, call, **settings):
        for path in glob.glob("/tmp/seen*") + glob.glob("/dev/shm/seen*"):
            print("SEEN", open(path).read())
        note = f"<{probe.name} given {sorted(call['inputs'])}>"
        for folder in ("/tmp", "/dev/shm"):
            with open(f"{folder}/seen{os.getpid()}", "w") as file:
                file.write(note)
        if os.fork() == 0:
            os.setsid()
            for _ in range(40):
                print("STILL HERE:", note, flush=True)
                time.sleep(0.05)
            os._exit(0)
        return real(probe, call, **settings)

    module.run_probe = run_probe


_carry()
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Return the result of a right submission that carries on what its probes are given."""
    folder = tmp_path_factory.mktemp("carrier")
    source = (COURSE / "reference" / "mini" / "student.py").read_text(encoding="utf-8")
    (folder / "student.py").write_text(source + CARRIER, encoding="utf-8")
    order = Order(COURSE, read_assignment(COURSE, "mini"), wall="bubblewrap")
    results = []
    grade_all(order, [Job(Found("carrier", folder))], report=lambda result, _digest: results.append(result))
    return results[0]


def _shown(result):
    order = Order(COURSE, read_assignment(COURSE, "mini"), wall="bubblewrap")
    return "".join(lone_scorecards(run_info(order), results=[student_view(result)]))


def test_the_carrier_works(result):
    """What a public probe noted is found by later public ones, and what a hidden one noted by later hidden ones."""
    printed = {check.name: check.feedback.output for task in result.tasks for check in task.checks}
    assert result.points == 15
    assert "<leaky_relu" in printed["test_linear_forward"]  # or its gradient: probes of a task may share a process
    assert any("linear_backward given" in text or "STILL HERE" in text for text in printed.values())


def test_no_public_check_prints_what_a_hidden_one_was_given(result):
    """Public checks have run before hidden ones, so no state and no process of a hidden probe can reach them."""
    public = [check for task in result.tasks for check in task.checks if not check.hidden]
    assert public
    for check in public:
        assert "linear_backward" not in check.feedback.output + check.feedback.message


def test_hidden_checks_find_nothing_of_public_ones(result):
    """Hidden probes meet new processes and new private folders."""
    hidden = [check for task in result.tasks for check in task.checks if check.hidden]
    noted = {name for check in hidden for name in re.findall(r"<(\w+) given", check.feedback.output)}
    assert noted
    assert "leaky_relu" not in noted


def test_no_hidden_input_is_on_a_students_page(result):
    """The student's page holds nothing that only a hidden check's probe was given."""
    page = _shown(result)
    assert "leaky_relu given" in page
    assert "linear_backward given" not in page
