"""Tells when something was handed in, and which clock says so: the LMS's, the last commit's, or that of the files.

`grader.runs.plan` asks where an assignment has a deadline. A repository's own settings are never read: git looks at its
objects from a repository of ours.

Why: docs/decisions.md#which-clock-tells
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.submissions.found import Found
from grader.submissions.plain_reading import read_small_text

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"ref: (refs/[A-Za-z0-9._/-]{1,200})")
_COMMITTER = re.compile(r"committer [^\n]* (\d{1,11}) [+-]\d{4}")
_MOST_BYTES = 1 << 20
_GIT_S = 20
_LMS = {"gradescope": "Gradescope", "blackboard": "Blackboard", "brightspace": "Brightspace", "moodle": "Moodle"}


@dataclass(frozen=True, slots=True)
class HandInTime:
    """Hold a time in seconds since 1970, 0 where nothing tells, and whose clock it is, in words."""

    seconds: float
    clock: str


def hand_in_time(found: Found, *, written: float, zone: tzinfo | None) -> HandInTime:
    """Return when a submission was handed in; `written` is the last change of its files, 0 where that is not known.

    An LMS's time without a zone is one of `zone`. Where neither an LMS nor a commit tells, the files do; where an LMS's
    time can't be read, nothing does.
    """
    if found.has_unread_time:
        return HandInTime(0.0, "")
    if found.handed_in:
        seconds = _in_zone(found.handed_in, zone) if found.is_local else found.handed_in
        return HandInTime(seconds, _LMS.get(found.origin.lms, "the LMS"))
    committed = last_commit(found.path) if found.path.is_dir() else 0.0
    if committed:
        return HandInTime(committed, "the last commit")
    return HandInTime(written, "the times of the files") if written > 0 else HandInTime(0.0, "")


def _in_zone(seconds: float, zone: tzinfo | None) -> float:
    """Return the seconds of what a clock of `zone` shows as this time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=zone or UTC).timestamp()


def last_commit(folder: Path) -> float:
    """Return the time of the commit that a repository is at, 0 where it is none or can't be read."""
    git = folder / ".git"
    if git.is_symlink() or not git.is_dir():
        return 0.0
    commit = _head(git)
    objects = git / "objects"
    if not commit or objects.is_symlink() or not objects.is_dir():
        return 0.0
    text = _read_object(objects, commit)
    found = _COMMITTER.search(text.partition("\n\n")[0])
    return float(found[1]) if found else 0.0


def _head(git: Path) -> str:
    """Return the commit that HEAD names, "" where it can't be told."""
    head = read_small_text(git / "HEAD", most_bytes=_MOST_BYTES).strip()
    if _COMMIT.fullmatch(head):
        return head
    ref = _REF.fullmatch(head)
    if ref is None or ".." in ref[1]:
        return ""
    loose = read_small_text(git / ref[1], most_bytes=_MOST_BYTES).strip()
    if _COMMIT.fullmatch(loose):
        return loose
    refs = read_small_text(git / "packed-refs", most_bytes=_MOST_BYTES)
    packed = re.search(rf"^([0-9a-f]{{40}}) {re.escape(ref[1])}$", refs, re.MULTILINE)
    return packed[1] if packed else ""


def _read_object(objects: Path, commit: str) -> str:
    """Return the text of a commit, "" where git is missing or can't read it."""
    git = shutil.which("git")
    if git is None:
        return ""
    with TemporaryDirectory() as own:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": own,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "",
        }
        try:
            start = [git, "init", "-q", "--bare", own]
            subprocess.run(start, env=environment, check=True, timeout=_GIT_S, capture_output=True)
            done = subprocess.run(
                [git, f"--git-dir={own}", "cat-file", "commit", commit],
                env=environment | {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects.resolve())},
                check=True,
                timeout=_GIT_S,
                capture_output=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
    return done.stdout[:_MOST_BYTES].decode("utf-8", "replace")
