"""Writes a job summary and annotations for GitHub Actions.

The formats and where they were looked up: docs/exports.md. What strangers wrote can become neither markup nor a
workflow command. `grader.export.finished_run` calls it.
"""

import re
from collections.abc import Sequence

from grader.export.final_points import FinalPoints
from grader.export.given_points import answers_told, final_sum_in_words, in_words
from grader.results.earned import is_ungraded
from grader.results.plain_text import number, shortened, visible, visible_line
from grader.results.results_file import RunInfo
from grader.results.student_view import student_view
from grader.results.verdict import Answer, CheckResult, SubmissionResult, TaskResult, Verdict
from grader.results.verdict_words import explanation_of, mark_of_check, title_of

_MOST_BYTES = 1_000_000  # a step's summary may hold 1 MiB
_MOST_ANNOTATIONS = 10  # GitHub shows so many errors of a step
_MARKUP = re.compile(r"[\\`*_\[\]<>&|~@:$#]|(?i:(?<=www)\.)")
_NOT_TOLD = (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED)


def github_summary(results: Sequence[SubmissionResult], *, final: FinalPoints, run: RunInfo) -> str:
    """Return GitHub-flavoured Markdown: a table of tasks and what failed, for each submission.

    Submissions that don't fit into a step's summary are left out, and counted.
    """
    pieces = [f"## {markdown(run.title)}\n"]
    size = len(pieces[0].encode())
    for done, result in enumerate(results):
        section = _section(student_view(result), final)
        size += len(section.encode())
        if size > _MOST_BYTES:
            pieces.append(f"\n{len(results) - done} more submissions do not fit into a job summary.\n")
            break
        pieces.append(section)
    return "".join(pieces)


def own_summary(result: SubmissionResult, *, final: FinalPoints, run: RunInfo, told: Sequence[str] = ()) -> str:
    """Return the same for a student's own work, under the assignment's title, with sentences `told` above the table."""
    shown = student_view(result)
    heading = f"## {markdown(run.title)}: {_sum(shown, final)}\n\n"
    sentences = "".join(f"{markdown(sentence)}\n\n" for sentence in told)
    body = _body(shown, final).lstrip("\n")
    if len(f"{heading}{sentences}{body}".encode()) > _MOST_BYTES:
        body = "What was found does not fit into a job summary: it is in the log.\n"
    return f"{heading}{sentences}{body}"


def github_annotations(results: Sequence[SubmissionResult], *, below: str = "", notebook: str = "") -> str:
    """Return a workflow command for each line of a student's in which checks failed, the first of them told.

    GitHub shows ten errors of a step and drops the others, so what is more is counted in a notice. `below` is the
    folder of the repository that holds the work, as a POSIX path, "" for the repository itself. A cell is no file, so
    what failed there is told of the whole `notebook`, where that is known, with the cell in words.
    """
    places: dict[tuple[str, str, int], str] = {}
    for result in results:
        for check in (check for task in student_view(result).tasks for check in task.checks):
            if check.feedback.traceback and check.verdict not in _NOT_TOLD and not check.advice:
                title = check.title or check.name
                named = f"{result.submission}: {title}" if len(results) > 1 else title
                frame = check.feedback.traceback[-1]
                place = (result.submission, frame.file, frame.line)
                places.setdefault(place, _annotation(check, named, below=below, notebook=notebook))
    lines = [*places.values()][:_MOST_ANNOTATIONS]
    if left := len(places) - len(lines):
        are = "line has its failed check" if left == 1 else "lines have their failed checks"
        lines.append(f"::notice::{left} more {are} in the log and the summary.\n")
    return "".join(lines)


def markdown(text: str) -> str:
    """Return `text` on one line, shown as it is except for code between backticks."""
    pieces = visible_line(text).split("`")
    if len(pieces) % 2 == 0:  # the last backtick has no partner: it stays what it is
        pieces[-2:] = [f"{pieces[-2]}`{pieces[-1]}"]
    shown = [_MARKUP.sub(lambda found: f"&#{ord(found[0])};", piece) for piece in pieces]
    return "".join(f"<code>{piece}</code>" if i % 2 and piece else piece for i, piece in enumerate(shown))


def _section(result: SubmissionResult, final: FinalPoints) -> str:
    return f"\n### {markdown(result.submission)}: {_sum(result, final)}\n\n{_body(result, final)}"


def _body(result: SubmissionResult, final: FinalPoints) -> str:
    lines: list[str] = []
    if result.submission in final.withheld:
        lines += [f"Not final: {markdown(final.withheld[result.submission])}.", ""]
    lines += [f"- Note: {_brief(note)}" for note in result.notes] + [""]
    if not is_ungraded(result):
        answers = answers_told(result)
        rows = [*map(_row, result.tasks), *map(_answer_row, answers)]
        lines += ["| task | points | checks |", "| :--- | ---: | :--- |", *rows, ""]
        lines += [f"- **{markdown(one.title)}**<br>{_brief(one.comment)}" for one in answers if one.comment]
        lines += [_told(check) for task in result.tasks for check in task.checks if check.verdict not in _NOT_TOLD]
    return "\n".join(lines) + "\n"


def _sum(result: SubmissionResult, final: FinalPoints) -> str:
    if result.submission in final.points:
        return final_sum_in_words(result, final)
    return "no final points"


def _row(task: TaskResult) -> str:
    graded = [check for check in task.checks if not check.advice]
    passed = sum(check.verdict is Verdict.PASSED for check in graded)
    points = f"{number(task.points)} / {number(task.max_points)}"
    return f"| {markdown(title_of(task))} | {points} | {passed} of {len(graded)} passed |"


def _answer_row(answer: Answer) -> str:
    graded = "graded by a person" if answer.given is not None else "waits for a person"
    return f"| {markdown(answer.title)} | {in_words(answer).replace(' of ', ' / ')} | {graded} |"


def _told(check: CheckResult) -> str:
    mark = mark_of_check(check)
    words = [f"- {mark.symbol} **{markdown(check.title or check.name)}** ({mark.word})"]
    words += [_brief(text) for text in (explanation_of(check), check.feedback.hint) if text]
    return "<br>".join(words)


def _brief(text: str) -> str:
    return "<br>".join(markdown(line) for line in visible(shortened(text, 1000)).split("\n"))


def _annotation(check: CheckResult, title: str, *, below: str, notebook: str) -> str:
    frame = check.feedback.traceback[-1]
    in_words = f"{frame.place}:" if frame.is_in_cell else ""
    message = "\n".join(text for text in (in_words, explanation_of(check), check.feedback.hint) if text)
    name = notebook if frame.is_in_cell else frame.file
    file = f"file={_property(f'{below}/{name}' if below else name)}," if name else ""
    line = "" if frame.is_in_cell else f"line={frame.line},"
    return f"::error {file}{line}title={_property(title)}::{_data(shortened(message, 4000))}\n"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
