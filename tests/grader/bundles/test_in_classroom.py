"""A GitHub bundle as a classroom repository: its workflow's steps, run as a runner runs them."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from grader.bundles.making import Destination, Wanted, bundle_files

yaml = pytest.importorskip("yaml", reason="the extra `dev` brings it")
MINI = Path(__file__).parents[1] / "sample_courses" / "mini"
GOOD = (MINI / "reference" / "mini" / "student.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def files(mini):
    """Return the files of a classroom repository."""
    return bundle_files(mini, Wanted(Destination.GITHUB))


@pytest.fixture
def push(layout, built, files):
    """Return a function that runs the workflow's last step on a repository, and what GitHub would read of it."""

    def run(work):
        repository = layout(files | {"student.py": work.encode()})
        steps = yaml.safe_load(files[".github/workflows/classroom.yml"])["jobs"]["run-autograding-tests"]["steps"]
        runner = layout({"summary.md": b"", "output.txt": b""})
        variables = built.variables | {
            "GITHUB_STEP_SUMMARY": str(runner / "summary.md"),
            "GITHUB_OUTPUT": str(runner / "output.txt"),
            "GITHUB_WORKSPACE": str(repository),
            "PATH": f"{built.environment / 'bin'}:{built.variables['PATH']}",
        }
        shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", steps[-1]["run"]]
        done = subprocess.run(shell, cwd=repository, env=variables, capture_output=True, text=True, timeout=200)
        return done, (runner / "summary.md").read_text(encoding="utf-8"), (runner / "output.txt").read_text()

    return run


def test_a_repository_holds_nothing_hidden(files):
    """Students read their repository: it has the kit, the workflow and the grader, and no hidden check or answer."""
    assert "checks/test_mini.py" in files
    assert not [name for name in files if "hidden" in name or name.startswith(("course/", "reference"))]
    texts = b"".join(content for name, content in files.items() if not name.endswith(".whl"))
    assert b"four_steps" not in texts
    assert b"self.slope" not in texts
    manifest = json.loads(files["checks/assets/manifest.json"])
    assert "key" not in manifest


def test_the_readme_installs_what_is_there(files):
    """The line of the repository's README installs the grader that lies in it."""
    (line,) = re.findall(r'pip install "\./(.+)\[courses,watch\]"', files["README.md"].decode())
    assert line in files


def test_the_workflow_is_one(files):
    """The workflow runs at each push, reads the repository only, and ends in time."""
    workflow = yaml.safe_load(files[".github/workflows/classroom.yml"])
    assert set(workflow[True]) >= {"push", "workflow_dispatch"}  # YAML 1.1 reads `on` as true
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert job["timeout-minutes"] <= 30
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])


def test_a_push_of_good_work(push):
    """Work that is right gets a green step, a summary with its points, and the points where Classroom reads them."""
    done, summary, output = push(GOOD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 of 9 points" in done.stdout or "15 of 15 points" in done.stdout
    assert "| LeakyReLU | 4 / 4 | 2 of 2 passed |" in summary
    assert output == "points=15\nmax_points=15\n"
    assert "::notice title=Autograding complete::Points 15/15" in done.stdout
    assert '::notice title=Autograding report::{"totalPoints": 15.0, "maxPoints": 15.0}' in done.stdout


def test_a_push_of_wrong_work(push):
    """Work that crashes gets a red step, an annotation at its line, and the points of what is right."""
    done, summary, output = push(GOOD.replace("return self.slope * x", "return self.slop * x"))
    assert done.returncode == 1, done.stdout + done.stderr
    line = 1 + next(number for number, text in enumerate(GOOD.splitlines()) if "self.slope * x" in text)
    assert f"::error file=student.py,line={line},title=LeakyReLU.forward keeps" in done.stdout
    assert "AttributeError" in summary
    assert output == "points=11\nmax_points=15\n"
