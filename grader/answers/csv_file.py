"""Reads and writes RESULTS/manual.csv: points and comments for text answers, in a form that spreadsheets edit.

`merge_csv` brings the file and `grader.answers.store` together, so that nothing given in either is lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.answers.marks import AnswerMark, Key, comment_from, most_for, points_from, text_digest
from grader.answers.store import ManualStore
from grader.errors import ManualError
from grader.results.atomic import replace_file
from grader.results.cells import csv_text, kept_cell, text_cell
from grader.results.csv_lines import LONGER, QUOTES, read_columns
from grader.results.plain_text import number
from grader.results.verdict import Answer

FILE = "manual.csv"
COLUMNS = ("submission", "question", "points", "comment")
_MOST_PROBLEMS = 20

Said = tuple[float | None, str]  # points and comment


@dataclass(frozen=True, slots=True)
class Row:
    """Hold the cells of one row and the line of the file where it ends."""

    line: int
    submission: str
    question: str
    points: str
    comment: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Say how many rows were taken over, what is wrong with others, and whether the file may be rewritten.

    `problems` name lines; a file with problems, or with columns of its own, is left as it is.
    """

    applied: int = 0
    problems: tuple[str, ...] = ()
    may_write: bool = True


def merge_csv(folder: Path, store: ManualStore, answers: Mapping[Key, Answer]) -> Merge:
    """Take over what was changed in manual.csv since it was last read or written here.

    A row that was changed both in the file and on the page is a problem: the page's points count until the two agree.
    Raises ManualError for a file that can't be read at all.
    """
    path = folder / FILE
    if not path.exists():
        return Merge()
    header, rows, longer = _read(path)
    problems = [f"line {line}: {LONGER} {QUOTES}" for line in sorted(longer)]
    said = _understand(rows, answers, problems)
    marks, before = store.marks(), store.file_rows()
    changed: dict[Key, AnswerMark] = {}
    agreed: dict[Key, Said] = {}
    for key, (line, now) in said.items():
        stored, old = _said_of(marks.get(key), answers[key]), before.get(key, (None, ""))
        if now == old:
            continue
        if stored not in (old, now):
            problems.append(
                f"line {line}: changed here to {_words(now)} and on the page to {_words(stored)}; the page's counts. "
                "Make the two equal."
            )
            continue
        agreed[key] = now
        if now != stored:
            changed[key] = AnswerMark(*now, answer=text_digest(answers[key]))
    if changed:
        store.give(changed)
    store.keep_file_rows(agreed)
    shown = [f"{path}, {problem}" for problem in problems[:_MOST_PROBLEMS]]
    if len(problems) > _MOST_PROBLEMS:
        shown.append(f"{path}: {len(problems) - _MOST_PROBLEMS} more rows can't be used.")
    return Merge(len(changed), tuple(shown), may_write=not problems and header == COLUMNS)


def write_csv(folder: Path, store: ManualStore, answers: Mapping[Key, Answer]) -> Path:
    """Write manual.csv: a row for each answer, with what is stored for it; return its path."""
    marks = store.marks()
    said = {key: _said_of(marks.get(key), answer) for key, answer in answers.items()}
    rows = [
        (text_cell(key[0]), text_cell(key[1]), _points_cell(points), kept_cell(comment))
        for key, (points, comment) in sorted(said.items())
    ]
    path = folder / FILE
    replace_file(path, csv_text([COLUMNS, *rows]))
    store.keep_file_rows(said)
    return path


def _said_of(mark: AnswerMark | None, answer: Answer) -> Said:
    """Return what a mark says about an answer: nothing where it was given for an earlier text."""
    return (mark.points, mark.comment) if mark is not None and mark.answer == text_digest(answer) else (None, "")


def _points_cell(points: float | None) -> str:
    return "" if points is None else repr(points).removesuffix(".0")


def _words(said: Said) -> str:
    points, comment = said
    words = "no points" if points is None else f"{number(points)} points"
    return f"{words} (“{comment[:40]}”)" if comment else words


def _read(path: Path) -> tuple[tuple[str, ...], list[Row], frozenset[int]]:
    """Return the header, the rows that can be read, and the lines of those that are too long. Raises ManualError."""
    header, rows, longer = read_columns(path, COLUMNS, ManualError)
    return header, [Row(line, *cells) for line, cells in rows if line not in longer], longer


def _understand(rows: list[Row], answers: Mapping[Key, Answer], problems: list[str]) -> dict[Key, tuple[int, Said]]:
    """Return what the usable rows say, by answer; the others are added to `problems`."""
    submissions = {text_cell(key[0]): key[0] for key in answers} | {key[0]: key[0] for key in answers}
    said: dict[Key, tuple[int, Said]] = {}
    for row in rows:
        key = (submissions.get(row.submission, row.submission), row.question.strip())
        try:
            if key in said:
                raise ManualError(f"{key[0]} has a row for {key[1]} already, in line {said[key][0]}.")
            said[key] = (row.line, _said(row, key, submissions=submissions, answers=answers))
        except ManualError as error:
            problems.append(f"line {row.line}: {error}")
    return said


def _said(row: Row, key: Key, *, submissions: Mapping[str, str], answers: Mapping[Key, Answer]) -> Said:
    """Return points and comment of a row. Raises ManualError."""
    if row.submission not in submissions:
        raise ManualError(f"There is no answer of a submission “{row.submission[:100]}”.", remedy="Mend the name.")
    if key not in answers:
        known = ", ".join(question for submission, question in answers if submission == key[0])
        raise ManualError(f"There is no question “{key[1][:100]}”.", remedy=f"The questions are {known}.")
    points = points_from(row.points, most=most_for(answers[key].points))
    escaped = row.comment.startswith("'") and kept_cell(row.comment[1:]) == row.comment
    return points, comment_from(row.comment[1:] if escaped else row.comment)
