"""A Docker bundle without a daemon: the steps of its Dockerfile, and the refusal in a container without its options."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader.bundles.making import Destination, Wanted, bundle_files
from grader.sandbox.inside import kernel
from grader.sandbox.inside.seccomp import build_filter

ROOT = Path(__file__).parents[3]
GOOD = ROOT / "tests" / "grader" / "sample_courses" / "mini" / "reference" / "mini" / "student.py"


@pytest.fixture
def start(layout, built, mini):
    """Return a function that runs the image's entry point on a folder of submissions, and the results folder."""
    bundle = layout(bundle_files(mini, Wanted(Destination.DOCKER, tasks=("leaky-relu",))))

    def run(*words, before=None):
        places = layout({"submissions/ann/student.py": GOOD.read_bytes(), "submissions/bo/student.py": b"x = 1\n"})
        variables = built.variables | {"SUBMISSIONS": str(places / "submissions"), "RESULTS": str(places / "results")}
        command = ["bash", bundle / "grade.sh", *words]
        done = subprocess.run(
            command, cwd="/", env=variables, capture_output=True, text=True, timeout=200, preexec_fn=before
        )
        return done, places / "results"

    return run


def test_the_dockerfile_runs_what_is_there(mini):
    """Each file that the Dockerfile runs is in the bundle; it ends as an ordinary user."""
    files = bundle_files(mini, Wanted(Destination.DOCKER))
    text = files["Dockerfile"].decode()
    assert set(re.findall(r"/opt/bundle/([\w.]+\.sh)", text)) == {"setup.sh", "grade.sh"} <= set(files)
    assert re.search(r"^USER 1000", text, re.MULTILINE)
    assert text.startswith("#")
    assert "\nFROM python:3." in text


def test_a_class_is_graded(start):
    """The entry point grades a folder of submissions with the bundle's own tasks, and takes further options."""
    done, results = start("--jobs", "1")
    assert done.returncode == 0, done.stderr
    rows = (results / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[:3] for row in rows[1:]] == [["ann", "4", "4"], ["bo", "0", "4"]]


def test_another_command(start):
    """Behind `grader` any of its commands runs."""
    done, _results = start("grader", "--version")
    assert (done.returncode, done.stdout.strip()) == (0, "torchgrade 0.1.0")


def test_a_plain_start_is_refused(start):
    """In a container that refuses namespaces grading stops at once, grades nothing, and says how to start it."""

    def refuse():
        kernel.forbid_new_privileges()
        kernel.install_filter(build_filter(sessions=True))

    done, results = start(before=refuse)
    assert done.returncode == 3
    assert "The bubblewrap wall could not be built" in done.stderr
    if Path("/.dockerenv").exists():
        assert "--security-opt seccomp=unconfined" in done.stderr
    assert not (results / "grades.csv").exists()


def test_the_page_has_the_options_of_the_remedy(monkeypatch):
    """The options that the refusal names are those of the page, word for word."""
    from grader.sandbox.outside import bubblewrap

    monkeypatch.setattr(bubblewrap, "_MARKS_OF_CONTAINERS", (Path("/"),))
    monkeypatch.setattr(sys, "platform", "linux")
    options = re.findall(r"--security-opt [\w=]+", bubblewrap.remedy_for_wall())
    assert len(options) == 3
    page = (ROOT / "docs" / "where.md").read_text(encoding="utf-8")
    assert all(option in page for option in options)
