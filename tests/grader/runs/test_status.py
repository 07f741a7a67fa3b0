"""Tests of `grader status` and of the logs, on runs that go on, end and die."""

import json
import sys
import time

import pytest

from grader.runs.progress_file import RunState, read_report

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 20.0
import_s = 20.0
[tasks.double]
title = "Doubling"
points = 10
[tasks.triple]
title = "Tripling"
points = 5
"""
CHECKS = """\
import pytest

@pytest.mark.graded(task="double")
def test_double(probe):
    "double"
    assert probe("double", x=2)["y"] == 4

@pytest.mark.graded(task="triple")
def test_triple(probe):
    "triple"
    assert probe("triple", x=2)["y"] == 6
"""
GOOD = "def double(x): return 2 * x\ndef triple(x): return 3 * x\n"
WAITS = "import os, time\ndef double(x):\n    while not os.path.exists({!r}): time.sleep(0.02)\n    return 2 * x\n"
# A submission without a real wall finds the process that grades it, writes into its stderr, and kills it twice.
NOISY = """\
import os, pathlib, signal, time
marker = pathlib.Path({marker!r})
pid = os.getpid()
while "grading_process_main" not in pathlib.Path(f"/proc/{{pid}}/cmdline").read_text():
    pid = int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[1])
with open(f"/proc/{{pid}}/fd/2", "wb", buffering=0) as file:
    file.write(b"x" * 200_000 + b"\\n\\x1b[2Jlast words\\n")
if len(list(marker.iterdir())) < 2:
    (marker / str(pid)).touch()
    os.kill(pid, signal.SIGKILL)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@pytest.fixture(scope="module")
def course(make_course, tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("course"), toml=TOML, checks=CHECKS)


def _wait_until(is_so, *, seconds=90.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def test_a_run_is_watched_from_elsewhere(course, write_files, run_grader, start_grader, tmp_path):
    """While a run goes on, status says so and who is at what; killed, that it died; at the end, that it is finished."""
    gate, out = tmp_path / "gate", tmp_path / "out"
    waits = WAITS.format(str(gate)) + "def triple(x): return 3 * x\n"
    folder = write_files(tmp_path / "in", {"a waits/student.py": waits, "b/student.py": GOOD})
    arguments = ["grade", "tiny", folder, "-o", out, "--wall", "process", "-j", "1"]
    with start_grader(*arguments, cwd=course) as process:
        _wait_until(lambda: (out / "progress.json").exists() and read_report(out).progress.under_way)
        _wait_until(lambda: read_report(out).progress.under_way[0].submission == "a waits")
        running = run_grader("status", out, cwd=course)
        as_json = run_grader("status", out, "--json", cwd=course)
        process.kill()
    lines = running.stdout.splitlines()
    assert running.returncode == 0, running.stderr
    assert lines[0].startswith("Running for ")
    assert f"tiny on {read_report(out).host}, process {process.pid}." in lines[0]
    assert " of 2 jobs done" in lines[1]
    assert lines[2].startswith("  process 1: a waits, all tasks, for ")
    shown = json.loads(as_json.stdout)
    assert (shown["state"], shown["pid"], shown["progress"]["total"]) == ("running", process.pid, 2)
    died = run_grader("status", out, "--watch", cwd=course)
    assert died.returncode == 1
    assert died.stdout.startswith("Died: tiny on ")
    assert "What was graded is stored: the same `grader grade` goes on." in died.stdout
    assert "killed" in died.stdout
    assert not any(word in died.stdout for word in ("a waits", "time left", "about"))
    told = json.loads(run_grader("status", out, "--json", cwd=course).stdout)
    assert (told["state"], told["progress"]["under_way"], told["progress"]["left_s"]) == ("died", [], None)
    gate.touch()
    ended = run_grader(*arguments, cwd=course)
    assert ended.returncode == 0, ended.stderr
    finished = run_grader("status", out, cwd=course)
    assert finished.returncode == 0
    assert finished.stdout.startswith("Finished ")
    assert read_report(out).state is RunState.FINISHED
    assert "process 1, wall process: graded in " in (out / "logs" / "b.log").read_text()


def test_a_folder_that_is_none_is_told(run_grader, tmp_path):
    """Where nothing was graded, status says so with a remedy: exit code 2."""
    ended = run_grader("status", tmp_path, cwd=tmp_path)
    assert ended.returncode == 2
    words = " ".join(ended.stderr.split())
    assert words == (
        f"error: {tmp_path} is not a results folder: no run was started there. "
        "→ Give the folder that `grader grade` was told with --out."
    )


def test_logs_tell_of_dead_processes_and_their_words(course, write_files, run_grader, tmp_path):
    """A log holds each end of a grading process and the end of what it wrote, bounded and harmless, and the checks."""
    (tmp_path / "marks").mkdir()
    folder = write_files(tmp_path / "in", {"a/student.py": NOISY.format(marker=str(tmp_path / "marks")) + GOOD})
    out = tmp_path / "out"
    ended = run_grader("grade", "tiny", folder, "-o", out, "--wall", "process", "-j", "1", cwd=course)
    assert ended.returncode == 0, ended.stderr
    assert "xxxx" not in ended.stderr
    log = (out / "logs" / "a.log").read_text()
    assert "  > attempt 1 of 3: its grading process ended (exit status -9)." in log
    assert "  > attempt 2 of 3: its grading process ended (exit status -9)." in log
    assert "attempt 3" not in log
    assert log.count("last words") >= 3
    assert "bytes before this were left out)" in log
    assert "\x1b" not in log
    assert "  passed" in log
    assert "double: test_double" in log
    assert len(log) < 64 * 1024


@pytest.mark.parametrize("jobs", ["0", "-1", "many", "1.5"])
def test_odd_numbers_of_processes_are_refused(course, run_grader, write_files, tmp_path, jobs):
    """`--jobs` takes a number from 1 on, or auto."""
    folder = write_files(tmp_path / "in", {"a/student.py": GOOD})
    ended = run_grader("grade", "tiny", folder, "-o", tmp_path / "out", f"--jobs={jobs}", cwd=course)
    assert ended.returncode == 2
    assert f"`--jobs {jobs}` is not a number of processes." in ended.stderr
    assert not (tmp_path / "out").exists()
