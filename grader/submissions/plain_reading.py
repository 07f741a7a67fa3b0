"""Reads a small text of a stranger: never through a link, nothing but a file, and no more than so many bytes.

`grader.submissions.gradescope_export` and `grader.submissions.clocks` use it.
"""

import os
import stat
from pathlib import Path


def read_small_text(file: Path, *, most_bytes: int) -> str:
    """Return the first bytes of a file as text, "" for what is none or can't be read."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        return stream.read(most_bytes).decode("utf-8", "replace")
