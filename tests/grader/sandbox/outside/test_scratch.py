"""Promises of `grader.sandbox.outside.scratch`: what killed graders left is removed, and nothing else."""

import os
import signal
import subprocess
import sys

import pytest

from grader.sandbox.outside import scratch
from grader.sandbox.outside.scratch import make_scratch, remove_stale

MAKE = """
import sys, time
from pathlib import Path
from grader.sandbox.outside.scratch import make_scratch
folder = make_scratch(Path(sys.argv[1]))
(folder / "deep").mkdir()
(folder / "deep" / "file").write_text("left")
print(folder, flush=True)
time.sleep(60)
"""


@pytest.fixture
def other_grader(tmp_path):
    """Return another process that has made a scratch folder, and the folder."""
    process = subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    yield process, tmp_path / process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_what_a_killed_grader_left_is_removed(other_grader, tmp_path):
    """A folder stays while its owner lives, and is removed once that was killed."""
    process, folder = other_grader
    assert remove_stale(tmp_path) == ()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert remove_stale(tmp_path) == (folder,)
    assert not folder.exists()


@pytest.fixture
def ended():
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_nothing_else_is_removed(tmp_path, ended):
    """Our own folders, those of other process namespaces, other names, files and links stay."""
    namespace = scratch._namespace()
    own = make_scratch(tmp_path)
    target = tmp_path / "target"
    for path in (target, tmp_path / f"grader-{namespace + 1}-{ended}-abc", tmp_path / f"grader-{ended}-abc"):
        path.mkdir()
    (tmp_path / f"grader-{namespace}-{ended}-file").write_text("")
    (tmp_path / f"grader-{namespace}-{ended}-link").symlink_to(target)
    (tmp_path / f"grader-{namespace}-1-abc").mkdir()
    (tmp_path / f"grader-{namespace}-{10**30}-abc").mkdir()
    before = sorted(tmp_path.iterdir())
    assert remove_stale(tmp_path) == ()
    assert sorted(tmp_path.iterdir()) == before
    assert own in before


def test_folders_of_other_users_stay(tmp_path, ended, monkeypatch):
    """A folder that belongs to somebody else is left alone."""
    folder = tmp_path / f"grader-{scratch._namespace()}-{ended}-abc"
    folder.mkdir()
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert remove_stale(tmp_path) == ()
    monkeypatch.undo()
    assert remove_stale(tmp_path) == (folder,)


def test_links_inside_are_not_followed(tmp_path, ended):
    """What a link inside a stale folder points at stays."""
    kept = tmp_path / "kept"
    kept.write_text("kept")
    folder = tmp_path / f"grader-{scratch._namespace()}-{ended}-abc"
    folder.mkdir()
    (folder / "link").symlink_to(kept)
    assert remove_stale(tmp_path) == (folder,)
    assert kept.read_text() == "kept"
