"""Promises of `grader.sandbox.outside.stage`: executed as root, and refused to others."""

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox.outside import stage

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def run(*arguments, **options):
    command = [sys.executable, "-I", stage.__file__, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, **options)


@as_root
def test_becomes_the_user():
    """The command runs as the user, without any of root's groups."""
    assert run(65534, 65533, "--", "/usr/bin/id", "-u").stdout == "65534\n"
    assert run(65534, 65533, "--", "/usr/bin/id", "-G").stdout == "65533\n"


@as_root
def test_shows_a_folder(tmp_path):
    """A folder that is closed to the user is visible to the command at its other place, and to nobody else."""
    closed, shown = tmp_path / "closed" / "inside", Path("/tmp") / f"shown-{os.getpid()}"
    closed.mkdir(parents=True)
    (closed / "file").write_text("content")
    closed.parent.chmod(0o700)
    shown.mkdir()
    try:
        done = run(65534, 65534, closed, shown, "--", "/bin/cat", shown / "file")
        assert (done.stdout, done.stderr) == ("content", "")
        assert list(shown.iterdir()) == []
    finally:
        shown.rmdir()


@as_root
def test_failure_is_told(tmp_path):
    """What fails ends the launcher with one line: a folder that is not there, a program that the user may not start."""
    closed = tmp_path / "closed"
    closed.write_text("#!/bin/sh\n")
    closed.chmod(0o700)
    said = "the grader could not prepare the wall as root: [Errno {}"
    absent = run(65534, 65534, tmp_path / "absent", tmp_path, "--", "/usr/bin/id")
    assert absent.stderr == said.format("2] No such file or directory\n")
    assert absent.returncode == 1
    refused = run(65534, 65534, "--", closed)
    assert refused.stderr.startswith(said.format("13] Permission denied"))


def test_others_cannot(in_child):
    """A call that fails is an error with the kernel's reason.

    The reason is what ctypes keeps of the last call of this thread, whoever made it: it is set here.
    """

    def fail():
        ctypes.set_errno(errno.EINVAL)
        stage._check(-1)

    assert in_child(fail) == "OSError: [Errno 22] Invalid argument"
