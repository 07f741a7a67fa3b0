"""Scratch folders that know their owner, so that those of killed graders can be removed later.

`grader.sandbox.outside.walls` and `grader.sandbox.outside.host` make them; `grader.grading.grade` removes stale ones
before it starts.

Why: docs/decisions.md#scratch-folders-name-their-owner
"""

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

_NAME = re.compile(r"grader-(?P<namespace>\d+)-(?P<owner>\d+)-\w+")


def make_scratch(place: Path | None = None) -> Path:
    """Make a folder for temporary files that bears the number of this process, in `place` or the usual one."""
    return Path(tempfile.mkdtemp(prefix=f"grader-{_namespace()}-{os.getpid()}-", dir=place))


def remove_stale(place: Path) -> tuple[Path, ...]:
    """Remove the scratch folders in `place` whose owner has ended; return them.

    Only real folders of this user are touched, and only those made where process numbers mean what they mean here:
    a container may share its temporary folder with the host.
    """
    if os.name == "nt":  # there os.kill ends whom it asks about
        return ()
    stale = tuple(path for path in sorted(place.glob("grader-*-*-*")) if _is_stale(path))
    for path in stale:
        shutil.rmtree(path, ignore_errors=True)
    return stale


def _is_stale(path: Path) -> bool:
    named = _NAME.fullmatch(path.name)
    if not named or named["namespace"] != str(_namespace()):
        return False
    try:
        status = path.lstat()
    except OSError:  # its owner was faster
        return False
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return is_ours and not _is_running(int(named["owner"]))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _namespace() -> int:
    """Return a number for the namespace of process numbers that this process lives in, or 0 if there are none."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 - a link into the kernel
    except OSError:
        return 0
