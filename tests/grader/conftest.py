"""Fixtures of the grader's own tests: tiny courses in a temp folder, and ways to grade with them.

Never a tests/conftest.py: that would be loaded into grading.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest

from grader.sandbox.outside import control_groups

ASSIGNMENT = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 1.0
import_s = 3.0
[tasks.double]
title = "Doubling"
points = 10
[tasks.triple]
title = "Tripling"
points = 5
"""
PROBES = """\
from grader.probes import probe


@probe(needs=["student"])
def double(*, x):
    import student

    return {"y": student.double(x)}


@probe(needs=["student"])
def triple(*, x):
    import student

    return {"y": student.triple(x)}
"""
CHECKS = '''\
import pytest
import torch

from grader.compare import assert_matches


@pytest.mark.graded(task="double")
def test_double(probe, rng):
    """double returns twice its input

    Multiply by two.
    """
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})


@pytest.mark.graded(task="triple")
def test_triple(probe, expected, rng):
    """triple returns three times its input"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("triple", x=x), expected("triple", x=x))
'''
REFERENCE = """\
def double(x):
    # <solution> Return two times x.
    return 2 * x
    # </solution>


def triple(x):
    # <solution> Return three times x.
    return 3 * x
    # </solution>
"""


def _write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
    return folder


def pytest_collection_modifyitems(items):
    """Begin with the files that take minutes, so that none of them is left over at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def no_own_data(tmp_path_factory):
    """Hide the data sets that whoever runs the tests has fetched for themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def write_files():
    """Return a function that writes files, a dict of names to contents, below a folder and returns the folder."""
    return _write


@pytest.fixture(scope="session")
def make_course():
    """Return a function that writes a course with one tiny assignment and returns the course's folder."""

    def make(folder, *, toml=ASSIGNMENT, probes=PROBES, checks=CHECKS, reference=REFERENCE, slug="tiny"):
        named = checks if isinstance(checks, dict) else {"test_tiny.py": checks}
        own = {"assignment.toml": toml, "probes.py": probes, **named}
        _write(folder / "tests" / "assignments" / slug, {k: v for k, v in own.items() if v is not None})
        _write(folder / "reference" / slug, reference if isinstance(reference, dict) else {"student.py": reference})
        return folder

    return make


@pytest.fixture(scope="session")
def read_tiny():
    """Return a function that reads the one assignment of a course."""
    from grader.courses.course import list_slugs, read_assignment

    return lambda course: read_assignment(course, list_slugs(course)[0])


@pytest.fixture(scope="session")
def grade_found(process_server):
    """Return a function that grades submissions that were found, one after another in one session.

    The fork server is a real one, started once for all tests; `report` gets each result and its digest.
    """
    from grader.grading.grade import grade_all
    from grader.grading.job import Job, Order
    from grader.sandbox.outside.walls import Wall

    def grade(assignment, founds, *, report, wall=Wall.PROCESS, tasks=None, apart=False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))
            order = Order(assignment.folder, assignment, wall=wall, tasks=tasks, apart=apart)
            grade_all(order, map(Job, founds), report=report)

    return grade


@pytest.fixture(scope="session")
def grade_many(grade_found):
    """Return a function that grades submissions, a dict of names to files, as `grade_found` does."""
    from grader.sandbox.outside.walls import Wall
    from grader.submissions.submission import Found

    def grade(assignment, submissions, *, folder, wall=Wall.PROCESS, tasks=None, apart=False):
        results = {}
        founds = [Found(name, _write(folder / name, files)) for name, files in submissions.items()]
        for found in founds:
            found.path.mkdir(parents=True, exist_ok=True)
        report = lambda result, _digest: results.__setitem__(result.submission, result)  # noqa: E731
        grade_found(assignment, founds, report=report, wall=wall, tasks=tasks, apart=apart)
        return results

    return grade


@pytest.fixture(scope="session")
def process_server():
    """Return a running fork server without a wall, shared by the tests of a session."""
    from grader.sandbox.outside.forkserver_client import ForkServer
    from grader.sandbox.outside.walls import Wall

    with ForkServer(Wall.PROCESS) as server:
        yield server


def _environment(extra):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NO_COLOR"))}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"} | extra


@pytest.fixture(scope="session")
def run_grader():
    """Return a function that runs the command line in a process of its own."""

    def run(*arguments, cwd, stdin="", environment=None, timeout_s=120):
        return subprocess.run(
            [sys.executable, "-m", "grader", *map(str, arguments)],
            cwd=cwd,
            input=stdin,
            env=_environment(environment or {}),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout_s,
        )

    return run


@pytest.fixture
def call_grader(monkeypatch, capsys, process_server):
    """Return a function that runs the command line in this process, behind the shared fork server.

    It returns exit code, stdout and stderr, as `run_grader` does in a process of its own.
    """

    def call(*arguments, cwd):
        from grader.cli import main

        kept = lambda *_args, **_settings: nullcontext(process_server)  # noqa: E731
        monkeypatch.setattr("grader.grading.grade.start_server", kept)
        monkeypatch.setattr("grader.authoring.record.start_server", kept)
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.chdir(cwd)
        with pytest.raises(SystemExit) as left:
            main()
        output = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(left.value.code or 0), output.out, output.err)

    return call


@pytest.fixture(scope="session")
def start_grader():
    """Return a function that starts the command line and doesn't wait for it.

    It can be interrupted, also where the tests themselves run in the background, whose processes ignore SIGINT.
    """

    def start(*arguments, cwd, environment=None, stderr=subprocess.PIPE):
        return subprocess.Popen(
            [sys.executable, "-m", "grader", *map(str, arguments)],
            cwd=cwd,
            env=_environment(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return start


@pytest.fixture(scope="session")
def run_pytest():
    """Return a function that runs pytest with the plugin in a process of its own."""

    def run(*arguments, cwd, environment=None):
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)],
            cwd=cwd,
            env=_environment(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    return run


def _enter(group):
    group.write_text(str(os.getpid()))


@pytest.fixture
def third_of_a_processor():
    """Return what lets a child process have three tenths of a processor, as containers do; skip where nothing can."""
    for controller, limit in (("cpu", ("cpu.cfs_quota_us", "30000")), ("", ("cpu.max", "30000 100000"))):
        own = control_groups._own_folders().get(controller)
        if own is None:
            continue
        group = own / f"tests-{os.getpid()}"
        with contextlib.suppress(OSError):
            group.mkdir()
            try:
                (group / limit[0]).write_text(limit[1])
                yield partial(_enter, group / "cgroup.procs")
            finally:
                for _ in range(100):
                    with contextlib.suppress(OSError):
                        group.rmdir()
                        break
                    time.sleep(0.05)
            return
    pytest.skip("No control group with a quota can be made here.")


@pytest.fixture(scope="session")
def grader_folder():
    """Return the folder of the package under test."""
    import grader

    return Path(grader.__file__).parent
