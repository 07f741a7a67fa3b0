"""Adds the lines around each line of a student's code that a traceback names, for reading without opening the file.

`grader.grading.grade` asks for them once a submission is graded; scorecards show them.
"""

from collections.abc import Mapping
from dataclasses import replace

from grader.results.verdict import CheckResult, Frame

_AROUND = 3
_INNERMOST = 3  # frames with surroundings: where it was called from matters less
_LINE_LIMIT = 200
_FILE_LIMIT = 2**20


def with_surroundings(check: CheckResult, *, files: Mapping[str, bytes]) -> CheckResult:
    """Return the check with up to three lines before and after the innermost frames' own.

    `files` are the submission's files by path. A frame that doesn't match its file stays as it is: the process that
    told it is not to be trusted.
    """
    frames = check.feedback.traceback
    if not frames:
        return check
    inner = tuple(_surrounded(frame, files.get(frame.file, b"")) for frame in frames[-_INNERMOST:])
    return replace(check, feedback=replace(check.feedback, traceback=(*frames[:-_INNERMOST], *inner)))


def _surrounded(frame: Frame, content: bytes) -> Frame:
    if len(content) > _FILE_LIMIT or not frame.source.strip():
        return frame
    lines = content.decode("utf-8", errors="replace").splitlines()
    place = frame.line - 1
    if not 0 <= place < len(lines) or not lines[place].strip().startswith(frame.source.strip()):
        return frame
    before, after = lines[max(0, place - _AROUND) : place], lines[place + 1 : place + 1 + _AROUND]
    return replace(
        frame,
        source=lines[place][:_LINE_LIMIT],
        before=tuple(line[:_LINE_LIMIT] for line in before),
        after=tuple(line[:_LINE_LIMIT] for line in after),
    )
