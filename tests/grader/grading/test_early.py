"""Promises of a fork server that begins early: a fork of the process that reads the course knows nothing of it."""

import json

import pytest

from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall
from grader.submissions.found import Found

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 60
cpu_s = 60
[tasks.double]
title = "Doubling"
points = 10
"""
SECRET = "thequickbrownfoxjumpsoverthelazydog"
SCAN = """
import json, re

OWN = "packmyboxwithfivedozenliquorjugs"

def double(x):
    # no pattern contains what it finds
    wanted = {
        "secret": re.compile(rb"t[h]equickbrownfoxjumpsoverthelazydog"),
        "own": re.compile(rb"p[a]ckmyboxwithfivedozenliquorjugs"),
    }
    found = dict.fromkeys(wanted, False)
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span = re.match(r"(\\w+)-(\\w+) r", line)
            if span and line.split()[5:] in ([], ["[heap]"]):
                begin, end = (int(part, 16) for part in span.groups())
                try:
                    memory.seek(begin)
                    data = memory.read(end - begin)
                except (OSError, ValueError, OverflowError):
                    continue
                for name, pattern in wanted.items():
                    found[name] |= pattern.search(data) is not None
    print("FOUND", json.dumps(found))
    return 2 * x
"""
FACTS = """
import json, os, sys, threading

MODULES = sorted({name.partition(".")[0] for name in sys.modules} - {"student"})

def double(x):
    places = [os.environ["HOME"], os.environ["MPLCONFIGDIR"]]
    facts = {
        "environment": sorted((name, value) for name, value in os.environ.items() if value not in places),
        "path": sys.path[:-1], "arguments": sys.argv[:1], "threads": threading.active_count(),
        "main": sorted(name for name in vars(sys.modules["__main__"]) if name == "grader"),
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd") if int(name) < 4),
        "streams": [(one.encoding, one.errors) for one in (sys.stdout, sys.stderr)],
        "tools": [name for name in ("typer", "rich", "click", "pytest", "_pytest", "pluggy") if name in MODULES],
    }
    with open("{told}", "w") as file:
        json.dump(facts, file)
    return x
"""
CHECK = '''\
import pytest

SECRET = "{secret}"


@pytest.mark.graded(task="double")
def test_double(probe):
    """double returns twice its input"""
    assert probe("double", x=1.0)["y"] == SECRET
'''

CHECKS_OF_TWO = '''\\
import pytest


@pytest.mark.graded(task="double")
def test_first(probe):
    """double returns twice its input"""
    assert probe("double", x=1.0)["y"] == 2.0


@pytest.mark.graded(task="double")
def test_second(probe):
    """double returns the square of its input"""
    assert probe("double", x=3.0)["y"] == 9.0
'''


def _told(output, word):
    line = next(line for line in output.splitlines() if word in line)
    return json.loads(line.partition(word)[2])


@pytest.fixture
def check(make_course, write_files, tmp_path, run_grader):
    """Return a function that checks a student.py with `grader check` in a process of its own."""

    def run(source):
        course = make_course(tmp_path / "course", toml=TOML, checks=CHECK.replace("{secret}", SECRET))
        (course / "assets" / "tiny").mkdir(parents=True)
        (course / "assets" / "tiny" / "labels.txt").write_text(SECRET)
        work = write_files(tmp_path / "work", {"student.py": source})
        return run_grader(
            "check", work, "-a", "tiny", "--course", course, cwd=tmp_path, environment={"COLUMNS": "5000"}
        )

    return run


def test_the_fork_holds_nothing_of_the_course(check):
    """No check, no expected value and no asset is in the memory of the process that runs a student's code."""
    ran = check(SCAN)
    assert _told(ran.stdout, "FOUND") == {"secret": False, "own": True}, ran.stderr


def test_a_fork_is_like_a_process_of_its_own(check, tmp_path):
    """Student code finds the same modules, path, environment and streams, however its fork server came about."""
    told = [tmp_path / "forked.json", tmp_path / "launched.json"]
    ended = check(FACTS.replace("{told}", str(told[0])))
    probes = {"probes.py": (tmp_path / "course/tests/assignments/tiny/probes.py").read_bytes()}
    files = {"student.py": FACTS.replace("{told}", str(told[1])).encode()}
    with (
        ForkServer(Wall.PROCESS) as server,
        WalledSandbox(server, files=files, probes=probes, limits=Limits()) as sandbox,
    ):
        assert sandbox.run(ProbeCall("double", {"x": 1.0})).ending is Ending.OK
    forked, launched = (json.loads(path.read_text()) for path in told)
    assert forked == launched, ended.stderr
    assert launched["threads"] == 1
    assert launched["tools"] == []


def test_each_result_is_seen_before_the_whole_is_told(make_course, read_tiny, tmp_path, write_files):
    """Whoever waits learns of each check as it ends, on a fork server that has begun before; it ends with the run."""
    assignment = read_tiny(make_course(tmp_path / "course", toml=TOML, checks=CHECKS_OF_TWO))
    work = write_files(tmp_path / "ann", {"student.py": "def double(x):\n    return 2 * x\n"})
    told = []
    server = ForkServer(Wall.PROCESS)
    server.begin()
    server.prepare(preload=(), offered=())
    grade_all(
        Order(assignment.folder, assignment, wall="process"),
        [Job(Found("ann", work))],
        report=lambda result, _digest: told.append(result.points),
        seen=lambda check: told.append((check.name, str(check.verdict))),
        begun=server,
    )
    assert told == [("test_first", "passed"), ("test_second", "wrong"), pytest.approx(5.0)]
    assert not server.alive()
