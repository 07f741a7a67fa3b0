"""Packs scorecards for Canvas's upload of submissions, which files each one as a comment to its student.

`grader.export.finished_run` writes the zip. The format and where it was looked up: docs/exports.md.
"""

import re
from collections.abc import Mapping

from grader.export.final_points import FinalPoints
from grader.export.scorecard_zip import packed_scorecards
from grader.results.results_file import RunInfo
from grader.results.verdict import SubmissionResult

_NOT_A_LETTER = re.compile(r"[^a-z]+")


def canvas_feedback(results: Mapping[str, SubmissionResult], *, final: FinalPoints, run: RunInfo) -> bytes | None:
    """Return the zip, None where no submission came from Canvas; whose points are withheld gets no scorecard yet."""
    named: dict[str, SubmissionResult] = {}
    for name, result in results.items():
        file = scorecard_name(result)
        if file and name in final.points:
            named[file] = result
    return packed_scorecards(named, run=run) if named else None


def scorecard_name(result: SubmissionResult) -> str:
    """Return `doejane_100_9100_scorecard.html`, "" for what is not Canvas's.

    Canvas takes the first two parts that are numbers for the student's and the handed-in file's, so no other part may
    be one.
    """
    origin = result.origin
    if origin.lms != "canvas" or not origin.owners or not origin.hand_in:
        return ""
    student = _NOT_A_LETTER.sub("", origin.owners[0].name.casefold()) or "student"
    return f"{student}_{origin.owners[0].number}_{origin.hand_in}_scorecard.html"
