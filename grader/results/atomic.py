"""Replaces a file in one step: a reader finds the old one or the new one, never half of either.

`grader.export` and `grader.report` write every file of a results folder through it.
"""

import contextlib
import os
from pathlib import Path

from grader.errors import StoreError


def replace_file(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, making its folder; raise StoreError when that fails."""
    replace_bytes(path, text.encode("utf-8", "replace"))


def replace_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, making its folder; raise StoreError when that fails."""
    # Short whatever `path` is called: a long name with a suffix would exceed what file systems allow.
    draft = path.with_name(f".draft-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise StoreError(
            f"{path} can't be written: {error.strerror or error}.",
            remedy="No result is lost: free space or fix the permissions, then run the same command again.",
        ) from error
