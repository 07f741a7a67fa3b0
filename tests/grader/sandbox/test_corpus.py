"""The wall holds: every sample submission gets its verdict, earns nothing by accident and leaves nothing behind.

`tests/submissions/README.md` says what a folder there promises. `grade_corpus.py` grades them all in one process, once
as the user who runs the tests and, where that is root, once as an ordinary one.
"""

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader.doctor import try_wall
from grader.sandbox.outside.walls import Wall

pytestmark = pytest.mark.slow
SUBMISSIONS = Path(__file__).parents[2] / "submissions"
SCRIPT = Path(__file__).with_name("grade_corpus.py")
NAMES = sorted(folder.relative_to(SUBMISSIONS).as_posix() for folder in SUBMISSIONS.glob("*/*") if folder.is_dir())
NOBODY = 65534
SLOWEST_S = 15.0  # the import's limit and three probes' would be more: each submission runs into one of them once
MOST_MIB = 700  # what the grader itself may hold: torch, pytest and one reply


@pytest.fixture(scope="module", params=["as the user", "as nobody"])
def run(request):
    """Grade the whole corpus and return what came out, by submission."""
    if os.environ.get("GRADER_NO_WALL") == "1":
        pytest.skip("GRADER_NO_WALL=1: this machine can't build the wall, and its owner knows.")
    finding = try_wall(Wall.BUBBLEWRAP)
    if not finding.is_good:
        pytest.fail(f"{finding.subject}: {finding.message} {finding.remedy} Set GRADER_NO_WALL=1 to do without.")
    user = _user_for(request.param)
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:  # pytest's own folder is closed to other users
        folder = Path(name)
        for place in (folder, folder / "temporary", folder / "home"):
            place.mkdir(exist_ok=True)
            place.chmod(0o755)
            if user is not None:
                os.chown(place, user, user)
        done = _grade(folder, user)
        assert done.returncode == 0, done.stderr[-3000:]
        report = json.loads((folder / "report.json").read_text())
    return report | {"results": {result["submission"]: result for result in report["results"]}}


def _user_for(way):
    """Return the user to become, None to stay; skip where that makes no sense or can't work here."""
    if way == "as the user":
        return None
    if os.geteuid() != 0:
        pytest.skip("The tests already run as an ordinary user.")
    for needed in (Path(sys.executable), Path(sys.executable).resolve(), SCRIPT):
        for folder in needed.parents:
            if not folder.stat().st_mode & stat.S_IXOTH:
                pytest.skip(f"An ordinary user can't use {needed}: {folder} is closed to others.")
    return NOBODY


def _grade(folder, user):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"TMPDIR": str(folder / "temporary"), "HOME": str(folder / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
    become = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(SUBMISSIONS), str(folder / "report.json")],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=280,
        **become,
    )


def _checks(result):
    return [check for task in result["tasks"] for check in task["checks"]]


@pytest.mark.parametrize("name", NAMES)
def test_verdict(run, name):
    """A submission gets the verdict that its folder names, and points only where it is right."""
    result, promised = run["results"][name], name.split("/")[0]
    verdicts = {check["verdict"] for check in _checks(result)}
    assert promised in verdicts, _explain(result)
    assert verdicts <= ({promised} if promised == "passed" else {promised, "skipped", "missing"}), _explain(result)
    earned = 15.0 if promised == "passed" else 0.0
    assert (result["points"], result["max_points"], result["status"]) == (earned, 15.0, "graded"), _explain(result)


@pytest.mark.parametrize("name", NAMES)
def test_no_breach(run, name):
    """No attack reports success from inside."""
    for check in _checks(run["results"][name]):
        said = check["feedback"]["output"] + check["feedback"]["message"]
        assert "BREACH" not in said
        assert "CANARY" not in said


@pytest.mark.parametrize("name", NAMES)
def test_bounds(run, name):
    """A submission is done with in time, its text fits into the limit, and all of that can be written as UTF-8."""
    result = run["results"][name]
    assert result["seconds"] < SLOWEST_S
    assert all(len(check["feedback"]["output"]) <= 16 * 1024 + 100 for check in _checks(result))
    json.dumps(result, ensure_ascii=False).encode("utf-8")


def test_perfect_submissions_between(run):
    """A perfect submission before, between and after all others earns every point."""
    perfect = {name: result["points"] for name, result in run["results"].items() if name.startswith("perfect")}
    assert len(perfect) > len(NAMES) / 25
    assert set(perfect.values()) == {15.0}


def test_nothing_is_missing(run):
    """Every submission has a result."""
    assert set(NAMES) <= set(run["results"])


def test_no_process_is_left(run):
    """No process of any submission outlives the run, not even one that left its parent and its session."""
    assert run["processes"] == []


def test_no_file_is_left(run):
    """No submission wrote anything outside its own walls, and the grader removed its own folders."""
    assert run["files"] == []
    assert run["temporary"] == []


def test_nobody_connected(run):
    """No submission reached a listener of the host, by TCP or by an abstract socket."""
    assert run["connected"] == []


def test_memory_of_the_grader(run):
    """No reply makes the grader's own process grow beyond what one reply needs."""
    assert run["peak_mib"] < MOST_MIB


def test_prints_without_end(run):
    """Of fifty megabytes the start is kept and the rest is counted."""
    output = _checks(run["results"]["wrong/prints_without_end"])[0]["feedback"]["output"]
    assert output.startswith("o" * 1000)
    assert output.endswith("more bytes were not kept")


def _explain(result):
    lines = [f"{check['name']}: {check['verdict']}: {check['feedback']['message'][:300]}" for check in _checks(result)]
    return "\n".join([f"{result['submission']}: {result['status']} {result['points']}/{result['max_points']}", *lines])
