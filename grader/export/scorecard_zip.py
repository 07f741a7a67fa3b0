"""Packs students' scorecards into one zip, under the names by which an LMS finds each student.

`grader.export.moodle` and `grader.export.canvas_feedback` choose the names.
"""

import io
import zipfile
from collections.abc import Mapping

from grader.report.html import lone_scorecards
from grader.results.results_file import RunInfo
from grader.results.student_view import student_view
from grader.results.verdict import SubmissionResult

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # so that equal results give equal bytes


def packed_scorecards(named: Mapping[str, SubmissionResult], *, run: RunInfo) -> bytes:
    """Return a zip of the scorecards by their paths in it, without what students must not read."""
    packed = io.BytesIO()
    pages = lone_scorecards(run, results=(student_view(result) for result in named.values()))
    with zipfile.ZipFile(packed, "w") as archive:
        for path, page in zip(named, pages, strict=True):
            entry = zipfile.ZipInfo(path, _LONG_AGO)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, page)
    return packed.getvalue()
