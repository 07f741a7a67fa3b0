"""Promises of `grader.sandbox.wire.child_python`: a new process imports what this one does, wherever that came from."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from grader.sandbox.wire.child_python import package_folders, python_command

TELL = """
import json, sys

def main():
    import grader.errors
    found = {"arguments": sys.argv[1:], "package": grader.errors.__file__}
    for name in ("installed", "loose"):
        try:
            found[name] = __import__(name).__file__
        except ImportError:
            found[name] = ""
    print(json.dumps(found))
"""
ASK = """
import sys
from grader.sandbox.wire.child_python import python_command
import subprocess
subprocess.run(python_command("grader.tell", "a b", isolated=sys.argv[1] == "isolated"), check=True)
"""
OTHER = {"grader/__init__.py": "raise ImportError('the wrong one')"}


@pytest.fixture
def checkout(grader_folder, tmp_path):
    """Return a folder, with a name that needs care, that holds a copy of the package with one module more."""
    folder = tmp_path / "un autre: dépôt"
    shutil.copytree(grader_folder, folder / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "grader" / "tell.py").write_text(TELL)
    return folder


def _ask(kind, *, path, cwd):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-c", ASK, kind]
    ended = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("kind", ["isolated", "like us"])
def test_the_same_package_from_the_folder_one_is_in(checkout, kind):
    """A package that was found in the current folder is the child's, and its arguments arrive."""
    told = _ask(kind, path=[], cwd=checkout)
    assert told["package"] == str(checkout / "grader" / "errors.py")
    assert told["arguments"] == ["a b"]


@pytest.fixture
def linked(checkout, tmp_path):
    """Return another name of the checkout, which may stand in PYTHONPATH."""
    (tmp_path / "linked").symlink_to(checkout)
    return tmp_path / "linked"


@pytest.mark.parametrize("kind", ["isolated", "like us"])
def test_the_same_package_from_pythonpath(linked, tmp_path, kind):
    """A package that was found by PYTHONPATH is the child's, isolated or not."""
    told = _ask(kind, path=[linked], cwd=tmp_path)
    assert told["package"] == str(linked / "grader" / "errors.py")


def test_not_the_package_of_the_folder_one_is_in(write_files, tmp_path):
    """A checkout that one happens to stand in is not what a child imports, nor one whose folder PYTHONPATH names."""
    other = write_files(tmp_path / "other", OTHER)
    for isolated in (True, False):
        ended = subprocess.run(
            python_command("grader.notebooks.reader", "a.ipynb", isolated=isolated),
            input="{}", cwd=other, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(other)},
        )  # fmt: skip
        assert "`a.ipynb`" in json.loads(ended.stdout)["error"], ended.stderr


def test_installed_packages_come_along(checkout, write_files, tmp_path):
    """An isolated child has packages from where they were installed to, and no loose modules; another has both."""
    target = write_files(
        tmp_path / "target", {"installed.py": "", "loose.py": "", "installed-1.0.dist-info/METADATA": ""}
    )
    loose = write_files(tmp_path / "loose", {"loose.py": "", "installed.py": ""})
    told = _ask("isolated", path=[target], cwd=checkout)
    assert told["installed"] == str(target / "installed.py")
    assert _ask("isolated", path=[loose], cwd=checkout)["loose"] == ""
    assert _ask("like us", path=[loose, target], cwd=checkout)["installed"] == str(loose / "installed.py")


def test_a_course_is_no_folder_of_packages(write_files, tmp_path, monkeypatch):
    """A folder that holds a course is never handed on, though packages were installed there: it would be shown."""
    target = write_files(tmp_path, {"one-1.0.dist-info/METADATA": ""})
    monkeypatch.syspath_prepend(str(target))
    assert target in package_folders()
    write_files(tmp_path, {"tests/assignments/a/assignment.toml": ""})
    assert target not in package_folders()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
def test_a_child_ends_with_its_parent(checkout):
    """A child is killed when its parent is, whatever it is doing."""
    (checkout / "grader" / "tell.py").write_text(
        "import os, time\ndef main():\n    print(os.getpid(), flush=True)\n    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", ASK, "isolated"], cwd=checkout, stdout=subprocess.PIPE, text=True)
    with parent:
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
        assert parent.stdout.read() == "", "the pipe ends when nobody holds it any more"
