"""Tests of grader.cluster.node: how many submissions a worker has room for, and why one refuses."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from grader.cluster import node
from grader.cluster.bundle import Bundle, make_bundle
from grader.cluster.choice import ClusterChoice
from grader.cluster.engines import _declared
from grader.cluster.executor import make_setup
from grader.cluster.finished_jobs import read_finished_job
from grader.grading.job import Job, Order
from grader.submissions.packing import pack_submission
from grader.submissions.submission import Found, read_submission

GIB = 2**30
KILLER = """\
import os, pathlib, signal
pid = os.getpid()
while "grading_process_main" not in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
    pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
os.kill(pid, signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("threads", "needs", "declared", "fitting"),
    [
        (3, {"memory": 3 * GIB}, {}, (3, {}, "")),
        (3, {"memory": 3 * GIB}, {"memory": 7 * GIB}, (2, {"memory": 3 * GIB}, "")),
        (1, {"memory": 3 * GIB}, {"memory": 7 * GIB}, (1, {"memory": 3 * GIB}, "")),
        (4, {"GPU": 1.0}, {"GPU": 2.0, "memory": 1.0}, (2, {"GPU": 1.0}, "")),
        (
            2,
            {"memory": 3 * GIB},
            {"memory": 1 * GIB},
            (0, {}, "it declares 1,024 MiB of memory, a submission needs 3,072 MiB."),
        ),
        (2, {"GPU": 1.0}, {}, (0, {}, "it declares 0 GPU, a submission needs 1.")),
    ],
)
def test_as_many_as_fit(threads, needs, declared, fitting):
    """A worker takes as many submissions as it has threads, and as fit into what it declares."""
    assert node._slots_for(threads, needs=needs, declared=declared) == fitting


def test_a_job_declares_its_memory():
    """Each worker of a queue's job declares its share of the memory that the file asks for."""
    chosen = ClusterChoice("slurm", options={"memory": "8GB", "processes": 2}, resources={"GPU": 1.0})
    assert _declared(chosen) == {"memory": 4e9, "GPU": 1.0}
    assert _declared(ClusterChoice("slurm")) == {}


@pytest.fixture
def order(make_course, read_tiny, tmp_path):
    course = make_course(tmp_path / "course")
    return Order(course, read_tiny(course), wall="process", tasks=("double",))


def test_a_worker_is_told_what_a_local_process_is_told(order):
    """The order's settings travel as they are; memory is the submission's limit and what the grader itself needs."""
    setup = make_setup(order)
    assert setup.settings["wall"] == "process"
    assert setup.settings["tasks"] == ("double",)
    assert not {"course", "assignment", "executed"} & set(setup.settings)
    assert setup.needs == {"memory": 3072 * 2**20}
    on_cards = make_setup(replace(order, device="cuda"))
    assert (on_cards.settings["device"], on_cards.needs["GPU"]) == ("cuda", 1.0)


def _prepare(order, folder, **changed):
    setup = make_setup(order)
    asked = {"settings": setup.settings, "execute": False, "expected": setup.expected, "slots": 1}
    return node._prepare(setup.bundle, folder, **(asked | changed))


def test_a_course_is_not_unpacked_where_submissions_can_read_it(order):
    """A worker whose folder lies among Python's own, which the wall shows, refuses and writes nothing."""
    folder = Path(sys.prefix) / "grading"
    refusal = _prepare(order, folder)
    assert refusal["refused"] == f"submissions can read its folder {sys.prefix}."
    assert "--local-directory" in refusal["remedy"]
    assert not folder.exists()


def test_another_version_refuses(order, tmp_path):
    """A worker with another torch says which, before anything is unpacked."""
    setup = make_setup(order)
    expected = {**setup.expected, "versions": setup.expected["versions"] | {"torch": "1.0"}}
    refusal = _prepare(order, tmp_path, expected=expected)
    assert refusal["refused"].startswith("it has torch ")
    assert refusal["refused"].endswith(", the coordinator 1.0.")


def test_a_course_that_can_t_be_graded_refuses(make_course, read_tiny, order, tmp_path):
    """Checks that can't be run, and a bundle that was damaged, are refusals with the course's own words."""
    course = make_course(tmp_path / "broken", checks="import nowhere\n")
    (tmp_path / "one").mkdir()
    refusal = _prepare(Order(course, read_tiny(course), wall="process"), tmp_path / "one")
    assert "ModuleNotFoundError" in refusal["refused"]
    bundle = make_bundle(order.assignment)
    setup = make_setup(order)
    refusal = node._prepare(
        Bundle(bundle.slug, b"x", bundle.digest), tmp_path, settings=setup.settings, execute=False,
        expected=setup.expected, slots=1,
    )  # fmt: skip
    assert refusal["refused"] == "The course was damaged on its way to the worker."


def test_a_worker_that_was_started_anew_says_so(monkeypatch):
    """A job that meets a worker without the run's processes comes back at once."""
    monkeypatch.setattr(node, "get_worker", lambda: SimpleNamespace(plugins={}))
    assert node.grade_packed("torchgrade-1.0", "me", b"", (), ()) == {"gone": True}


def test_idle_processes_end(order, write_files, tmp_path):
    """A grading process that nobody asks for ends, and is started again when somebody does."""
    (tmp_path / "folder").mkdir()
    grading = node.GradingProcesses(order, tmp_path / "folder", slots=1)
    (slot,) = grading._slots
    try:
        grading.prepare()
        assert slot._process.pid
        slot.rest(after_s=100.0)
        slot.rest(after_s=0.0)
        slot._thread.submit(int).result()
        assert not slot._process.pid
    finally:
        grading.end()
    assert not (tmp_path / "folder").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_submission_that_ends_its_grading_process(tiny_course, read_tiny, write_files, tmp_path):
    """After three times a worker gives up, with the words that a local run has, and is ready for the next one."""
    assignment = read_tiny(tiny_course)
    order = Order(tiny_course, assignment, wall="process")
    killer, good = (
        pack_submission(read_submission(Found(name, write_files(tmp_path / name, {"student.py": source})), assignment))
        for name, source in (("killer", KILLER), ("good", "def double(x): return 2 * x\ndef triple(x): return x\n"))
    )
    (tmp_path / "folder").mkdir()
    grading = node.GradingProcesses(order, tmp_path / "folder", slots=1)
    try:
        message = grading.grade(Job(Found("killer", tmp_path)), killer)
        assert message["lost"] == "its grading process ended (exit status -9)."
        assert message["told"][0] == "attempt 1 of 3: its grading process ended (exit status -9)."
        assert len([line for line in message["told"] if line.startswith("attempt ")]) == 3
        job = Job(Found("good", tmp_path))
        answer = read_finished_job(grading.grade(job, good), job, order, where="w")
        assert (answer.result.points, answer.where) == (10, "w")
    finally:
        grading.end()
