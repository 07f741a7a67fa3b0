"""Tests of grader.submissions.clocks, with real repositories: which clock tells when something was handed in."""

import os
import subprocess
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from grader.results.verdict import Origin
from grader.submissions.clocks import HandInTime, hand_in_time, last_commit
from grader.submissions.found import Found

WHEN = datetime(2026, 11, 20, 12, 30, tzinfo=UTC).timestamp()


def _git(folder, *arguments):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    dates = {"GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": f"{WHEN:.0f} +0200"}
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@b", *arguments]
    subprocess.run(command, cwd=folder, env=environment | dates, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """Return a repository with one commit."""
    folder = tmp_path / "hw2-ann"
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("x = 1\n")
    _git(folder, "add", "a.py")
    _git(folder, "commit", "-q", "-m", "committer Eve <e@x> 1 +0000")
    return folder


def test_the_last_commit_tells(repository):
    """A repository's time is when its commit was made, whether its objects are packed or loose, on a branch or not."""
    assert last_commit(repository) == WHEN
    _git(repository, "gc", "-q")
    assert last_commit(repository) == WHEN
    _git(repository, "checkout", "-q", "--detach")
    assert last_commit(repository) == WHEN
    found = hand_in_time(Found("ann", repository), written=5.0, zone=UTC)
    assert found == HandInTime(WHEN, "the last commit")


def test_settings_of_a_repository_are_never_read(repository, tmp_path):
    """What a student's repository sets up to run is not run, and links to elsewhere are not followed."""
    trap = tmp_path / "trap"
    for name in ("core.fsmonitor", "core.pager", "core.sshCommand", "uploadpack.packObjectsHook"):
        _git(repository, "config", name, f"touch {trap}")
    assert last_commit(repository) == WHEN
    assert not trap.exists()
    (repository / ".git" / "objects").rename(tmp_path / "objects")
    (repository / ".git" / "objects").symlink_to(tmp_path / "objects")
    assert last_commit(repository) == 0.0


@pytest.mark.parametrize("head", ["", "ref: ../../etc/passwd", "ref: refs/heads/../../x", "0" * 40, "x" * 5000])
def test_what_is_no_repository_has_no_time(repository, head):
    """Where HEAD names no commit that is there, nothing tells."""
    (repository / ".git" / "HEAD").write_text(head)
    assert last_commit(repository) == 0.0


def test_a_folder_without_git_has_no_commit(tmp_path):
    """A folder that is no repository, or whose .git is a link, has no commit."""
    assert last_commit(tmp_path) == 0.0
    (tmp_path / "real").mkdir()
    (tmp_path / ".git").symlink_to(tmp_path / "real")
    assert last_commit(tmp_path) == 0.0


def test_without_git_the_files_tell(repository, monkeypatch, tmp_path):
    """Where git is not installed the times of the files are taken, and it is said."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    found = hand_in_time(Found("ann", repository), written=5.0, zone=UTC)
    assert found == HandInTime(5.0, "the times of the files")


def test_an_lms_tells_before_all_others(repository):
    """An LMS's time counts; one without a zone is read in the deadline's, in winter as in summer."""
    gradescope = Found("ann", repository, Origin("gradescope"), handed_in=WHEN)
    assert hand_in_time(gradescope, written=5.0, zone=UTC) == HandInTime(WHEN, "Gradescope")
    local = Found("ann", repository, Origin("blackboard"), handed_in=WHEN, is_local=True)
    berlin = hand_in_time(local, written=5.0, zone=ZoneInfo("Europe/Berlin"))
    assert berlin == HandInTime(WHEN - 3600, "Blackboard")
    assert hand_in_time(Found("ann", repository.parent / "no"), written=0.0, zone=UTC) == HandInTime(0.0, "")
