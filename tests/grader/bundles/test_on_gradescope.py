"""A Gradescope bundle in folders laid out as Gradescope lays them out: /autograder/{source,submission,results}."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.bundles.contents import zipped
from grader.bundles.gradescope_run import read_bundle_settings
from grader.bundles.making import Destination, Room, Wanted, bundle_files
from grader.errors import BundleError
from grader.sandbox.inside import kernel
from grader.sandbox.inside.seccomp import build_filter
from grader.sandbox.outside.ordinary_user import is_reachable

GOOD = Path(__file__).parents[1] / "sample_courses" / "mini" / "reference" / "mini" / "student.py"
SPY = """
import os, pathlib, socket

def spy():
    found = []
    root = pathlib.Path(ROOT)
    for place in ("source/course/tests/assignments/mini/test_mini_hidden.py", "source/course/assets/mini/manifest.json",
                  "source/course/reference/mini/student.py", "submission_metadata.json"):
        try:
            found.append((root / place).read_text()[:1])
        except OSError:
            pass
    for place in (root / "results" / "results.json", root / "source" / "bundle.json"):
        try:
            place.write_text("{}")
            found.append(place.name)
        except OSError:
            pass
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    except ConnectionRefusedError:
        found.append("network")
    except OSError:
        pass
    return found

class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        found = spy()
        raise RuntimeError(f"{'BREACH' if found else 'nothing'} {found} as {os.getuid()}")
"""
SPENDS = """
import time

def spend(spent=[]):
    began = time.process_time()
    while not spent and time.process_time() - began < 1.6:
        pass
    spent.append(True)
"""


@pytest.fixture
def gradescope(layout, mini, built):
    """Return a function that grades files as Gradescope does, and returns the ended process and results.json."""

    def grade(files, *, room=None, settings=None, before=None):
        wanted = Wanted(Destination.GRADESCOPE, room=room or Room())
        with zipfile.ZipFile(io.BytesIO(zipped(bundle_files(mini, wanted)))) as archive:
            source = {f"source/{name}": archive.read(name) for name in archive.namelist()}
        root = layout(source | {"run_autograder": source["source/run_autograder"], "submission_metadata.json": b"{}"})
        (root / "results").mkdir()
        (root / "submission").mkdir()
        for name, text in files.items():
            (root / "submission" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "submission" / name).write_text(text.replace("ROOT", repr(str(root))), encoding="utf-8")
        if settings is not None:
            (root / "source" / "bundle.json").write_text(settings, encoding="utf-8")
        done = subprocess.run(
            [root / "run_autograder"], cwd=root, env=built.variables | {"AUTOGRADER": str(root)},
            capture_output=True, text=True, timeout=200, preexec_fn=before,
        )  # fmt: skip
        return done, json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))

    return grade


def test_the_image_is_built(built):
    """setup.sh makes an environment whose grader is the one of the bundle, in place of an older one."""
    assert built.said.strip() == "torchgrade 0.1.0"
    assert (built.library / "grader" / "bundles" / "files" / "setup.sh").is_file()
    assert not (built.library / "torchgrade-0.0.1.dist-info").exists()


def test_a_perfect_submission(gradescope):
    """A submission is graded into results.json in Gradescope's form, hidden checks until grades are published."""
    done, results = gradescope({"student.py": GOOD.read_text(encoding="utf-8"), "notes/todo.txt": "later"})
    assert done.returncode == 0, done.stderr
    assert results["score"] == 15.0
    assert {test["status"] for test in results["tests"]} == {"passed"}
    visible = {test["visibility"] for test in results["tests"]}
    assert visible == {"visible", "after_published"}
    assert sum(test["max_score"] for test in results["tests"]) == pytest.approx(15.0)


def test_nothing_to_grade(gradescope):
    """An empty submission gets no 0 that no check gave: there is no score, and the reason."""
    done, results = gradescope({})
    assert done.returncode == 0, done.stderr
    assert "score" not in results
    assert "Nothing could be graded." in results["output"]


def _refuse_namespaces():
    """Deny this process what a container's runtime denies: new namespaces and mounts."""
    kernel.forbid_new_privileges()
    kernel.install_filter(build_filter(sessions=True))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_where_namespaces_are_refused(gradescope):
    """In a container without namespaces code runs as another user, who reads no check, no answer and no network."""
    if not is_reachable(Path(sys.prefix)):
        pytest.skip(f"An ordinary user can't use {sys.prefix}.")
    good = GOOD.read_text(encoding="utf-8").replace("class LeakyReLU", "class _Other")
    done, results = gradescope({"student.py": good + SPY}, before=_refuse_namespaces)
    assert done.returncode == 0, done.stderr
    assert "The wall `user` stands in for `bubblewrap`, which this container refuses" in done.stderr
    assert "nothing [] as 65534" in json.dumps(results["tests"])
    assert results["score"] == 11.0  # of 15: only the task of the spy is lost


def test_a_container_with_a_third_of_a_processor(gradescope, third_of_a_processor):
    """What computes within its time gets its points, however long a small container takes for it by the clock."""
    good = GOOD.read_text(encoding="utf-8").replace(
        "def forward(self, x):", "def forward(self, x):\n        spend()", 1
    )
    done, results = gradescope({"student.py": SPENDS + good}, before=third_of_a_processor)
    assert done.returncode == 0, done.stderr
    assert results["score"] == 15.0, results


def test_an_end_of_time(gradescope):
    """What takes longer than Gradescope gives is stopped before, and the student reads why there is no score."""
    done, results = gradescope({"student.py": GOOD.read_text(encoding="utf-8")}, room=Room(minutes=0.51))
    assert done.returncode == 1
    assert "score" not in results
    assert results["output"].startswith("Grading took longer than the 0.01 minutes that there are, and was stopped")
    assert "stopped after 0.6 s" in done.stderr


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("{", "is not what `grader bundle` wrote (JSONDecodeError"),
        ('{"schema_version": 2}', "schema_version 2"),
        ('{"schema_version": 1, "slug": "other", "tasks": [], "seconds": 60, "hidden_as": "hidden"}', "no assignment"),
    ],
)
def test_a_bundle_that_is_not_as_it_was_made(gradescope, settings, words):
    """Where the bundle is at fault the student loses nothing and the instructor reads why."""
    done, results = gradescope({"student.py": ""}, settings=settings)
    assert done.returncode == 1
    assert results["output"].startswith("This was not graded, and costs you nothing")
    assert "score" not in results
    assert words in done.stderr


def test_settings_that_are_missing(tmp_path):
    """A bundle without its own file is refused with what to do."""
    with pytest.raises(BundleError, match="Make the bundle again"):
        read_bundle_settings(tmp_path / "bundle.json")
