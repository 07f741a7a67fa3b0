"""Tests of what goes wrong on a cluster: no submission is lost, none counted twice, the grades stay the same."""

import os
import signal
import sys

import pytest
from dask_site import (
    DESERTER,
    GOOD,
    HALF,
    commands_of,
    descendants,
    is_running,
    rows_of,
    stored,
    wait_until,
)

from grader.results.store import read_store
from grader.results.verdict import Status

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@pytest.fixture
def run_disturbed(tiny_course, submissions, local_grades, start_grader, tmp_path):
    """Return a function that grades on a cluster, disturbs it when four results are stored, and compares the grades.

    It returns what the run said.
    """

    def run(cluster, disturb, *options):
        out = tmp_path / "out"
        command = ("grade", "tiny", submissions, "-o", out, "--wall", "process", "--cluster", cluster, *options)
        process = start_grader(*command, cwd=tiny_course)
        with process:
            wait_until(lambda: stored(out) >= 4 or process.poll() is not None)
            disturb(process)
            _output, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        assert len([line for line in errors.splitlines() if line.startswith("[")]) == 15, errors
        assert (out / "grades.csv").read_bytes() == local_grades
        return errors

    return run


def test_a_worker_killed_in_the_middle(run_disturbed):
    """The jobs of a worker that is killed are done by others, and the cluster has as many workers as before."""

    def disturb(process):
        workers = [pid for pid, command in commands_of(process.pid).items() if "spawn_main" in command]
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)

    run_disturbed("local", disturb, "-j", "2")


@pytest.mark.slow
def test_a_worker_that_hangs(run_disturbed, site):
    """A worker that shows no sign of life is given up after the scheduler's time, and its jobs are done elsewhere."""
    site.scheduler(DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="3s")
    stopped = site.worker("--no-nanny")
    site.worker("--no-nanny")

    def disturb(_process):
        stopped.send_signal(signal.SIGSTOP)

    run_disturbed(site.address, disturb)


@pytest.mark.slow
def test_a_scheduler_that_restarts(run_disturbed, site):
    """The run waits for a scheduler that has gone, and goes on when it is there again, with what had no answer."""
    site.scheduler()
    site.worker()

    def disturb(_process):
        site.end()
        site.scheduler()
        site.worker()

    told = run_disturbed(site.address, disturb)
    assert f"The scheduler at {site.address} is gone; trying to reach it again for 5 minutes." in told


@pytest.mark.slow
def test_a_coordinator_killed_and_started_again(
    tiny_course, submissions, local_grades, start_grader, run_grader, tmp_path
):
    """Killed, a coordinator takes its cluster along; started again, it goes on where it was."""
    out = tmp_path / "out"
    command = ("grade", "tiny", submissions, "-o", out, "--wall", "process", "--cluster", "local", "-j", "2")
    process = start_grader(*command, cwd=tiny_course)
    with process:
        wait_until(lambda: stored(out) >= 4)
        below = descendants(process.pid)
        process.kill()
    wait_until(lambda: not any(map(is_running, below)), seconds=30)
    ended = run_grader(*command, cwd=tiny_course)
    assert ended.returncode == 0, ended.stderr
    assert "submissions have their result already." in ended.stderr
    assert (out / "grades.csv").read_bytes() == local_grades


@pytest.mark.slow
def test_a_submission_that_kills_its_worker_three_times(tiny_course, write_files, run_grader, tmp_path):
    """It is not_graded with the reason, at no cost; its neighbours on the same worker are graded as ever."""
    marks = tmp_path / "marks"
    marks.mkdir()
    others = {f"{number:02} other/student.py": HALF if number % 2 else GOOD for number in range(12)}
    files = {"05 deserter/student.py": DESERTER.format(marker=str(marks)) + GOOD, **others}
    folder = write_files(tmp_path / "in", files)
    out = tmp_path / "out"
    ended = run_grader(
        "grade", "tiny", folder, "-o", out, "--wall", "process", "--cluster", "local", "-j", "1",
        cwd=tiny_course, timeout_s=300,
    )  # fmt: skip
    assert ended.returncode == 3, ended.stderr
    assert len(list(marks.iterdir())) == 3
    rows = rows_of(out)
    assert len(rows) == 13
    assert {name for name, row in rows.items() if row["status"] == "not_graded"} == {"05 deserter"}
    assert [rows[f"{number:02} other"]["points"] for number in range(12)] == ["15", "10"] * 6
    with read_store(out) as store:
        (result,) = [result for result in store.results() if result.status is Status.NOT_GRADED]
    assert "3 workers of the cluster ended while they graded it." in result.notes[0]
    (log,) = (out / "logs").glob("05*deserter*")
    assert log.read_text().count("its worker ended: worker 1") == 3
