"""Fills in Moodle's grading worksheet and packs the scorecards as Moodle takes them back.

The formats and where they were looked up: docs/exports.md. `grader.export.finished_run` calls it.
"""

import re
from collections.abc import Mapping
from html import escape

from grader.errors import ExportError
from grader.export.final_points import FinalPoints
from grader.export.given_points import answers_told, final_sum_in_words, in_words
from grader.export.matching import Matching
from grader.export.roster import Student
from grader.export.scorecard_zip import packed_scorecards
from grader.export.worksheet import Worksheet, filled_worksheet
from grader.results.plain_text import number, shortened, visible, visible_line
from grader.results.results_file import RunInfo
from grader.results.student_view import student_view
from grader.results.verdict import CheckResult, SubmissionResult, Verdict
from grader.results.verdict_words import explanation_of, mark_of_check, title_of

_NOT_IN_FOLDER_NAMES = re.compile(r"[&<>\"`|':*?\\/\x00-\x1f\x7f]|\.\.+")
_MOST_LETTERS = 20_000  # of a comment: a spreadsheet's cell takes 32,767
_NAME_LETTERS = 60


def refuse_other_maximum(sheet: Worksheet, *, possible: float) -> None:
    """Raise ExportError if the points are out of another sum than Moodle's, which would drop what exceeds its own."""
    others = [maximum for maximum in sheet.maxima if abs(maximum - possible) > 0.005]
    if others:
        raise ExportError(
            f"The worksheet's maximum grade is {number(others[0])}; the points of this run are out of "
            f"{number(possible)}.",
            remedy=f"Add `--out-of {number(others[0])}` to convert them, or set the maximum grade in Moodle.",
        )


def moodle_worksheet(
    sheet: Worksheet, matching: Matching, *, results: Mapping[str, SubmissionResult], final: FinalPoints
) -> str:
    """Return the worksheet with grades and feedback comments.

    The rows of students without a submission, and rows that Moodle has locked, stay as they are. Where points are
    withheld the grade is empty, which Moodle leaves alone.
    """
    cells: dict[tuple[int, int], str] = {}
    for place, submission in matching.submissions.items():
        if sheet.is_locked(place):
            continue
        cells[place, sheet.grade] = final.cell(submission)
        if submission in final.points and sheet.comments is not None:
            cells[place, sheet.comments] = comment(results[submission], final)
    return filled_worksheet(sheet, cells)


def moodle_feedback(
    students: tuple[Student, ...],
    matching: Matching,
    *,
    results: Mapping[str, SubmissionResult],
    final: FinalPoints,
    run: RunInfo,
) -> bytes:
    """Return a zip with a folder per student, named as Moodle names them, that holds the student's scorecard."""
    named = {
        f"{folder_name(students[place])}/scorecard.html": results[name]
        for place, name in sorted(matching.submissions.items())
        if name in final.points
    }
    return packed_scorecards(named, run=run)


def folder_name(student: Student) -> str:
    """Return `Full name_123_assignsubmission_file_`; Moodle reads the number between the underscores."""
    plain = _NOT_IN_FOLDER_NAMES.sub("", visible_line(student.name).replace("_", " "))
    name = plain[:_NAME_LETTERS].strip(" .~") or "Participant"
    return f"{name}_{student.number}_assignsubmission_file_"


def comment(result: SubmissionResult, final: FinalPoints) -> str:
    """Return the feedback of a submission as the simple HTML that Moodle's comments are made of."""
    shown = student_view(result)
    lines = [f"<p>{final_sum_in_words(shown, final)}.</p>"]
    lines += [f"<p>{_html(note)}</p>" for note in shown.notes]
    for task in shown.tasks:
        lines.append(f"<p><b>{_html(title_of(task))}</b>: {number(task.points)} of {number(task.max_points)}</p>")
        failed = [check for check in task.checks if check.verdict is not Verdict.PASSED]
        if failed:
            lines.append(f"<ul>{''.join(map(_item, failed))}</ul>")
    for answer in answers_told(shown):
        remark = f"<br>{_html(answer.comment)}" if answer.comment else ""
        lines.append(f"<p><b>{_html(answer.title)}</b>: {in_words(answer)}{remark}</p>")
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(line) > _MOST_LETTERS:
            return "".join([*kept, "<p>… the rest is on the scorecard.</p>"])
        kept.append(line)
    return "".join(kept)


def _item(check: CheckResult) -> str:
    mark = mark_of_check(check)
    words = [f"{mark.symbol} {_html(check.title or check.name)} ({mark.word})"]
    words += [_html(text) for text in (explanation_of(check), check.feedback.hint) if text]
    return f"<li>{'<br>'.join(words)}</li>"


def _html(text: str) -> str:
    return escape(visible(shortened(text, 1000))).replace("\n", "<br>")
