"""Pointers of Git LFS: what is in a repository in place of a large file that was never fetched.

`grader.submissions.archives` and `grader.submissions.submission` refuse them by what they are.
"""

from collections.abc import Iterable, Mapping

from grader.errors import SubmissionError
from grader.submissions.paths import printable

LFS_START = b"version https://git-lfs.github.com/spec/"
LFS_WORDS = "a Git LFS pointer, which only names the file: the file itself was not handed in."
LFS_REMEDY = "Run `git lfs pull`, and hand in the file that is there afterwards."


def refuse_pointers(files: Mapping[str, bytes], required: Iterable[str]) -> None:
    """Raise SubmissionError where a required file is only a pointer."""
    for path in required:
        if files.get(path, b"").startswith(LFS_START):
            raise SubmissionError(f"`{printable(path)}` is {LFS_WORDS}", remedy=LFS_REMEDY)
