"""Reads RESULTS/extensions.csv: who may hand in later, or has other slack days than all others.

`grader.marking.deadlines` applies it. Nothing here ever writes the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.courses.deadline import Deadline
from grader.errors import ManualError
from grader.results.csv_lines import LONGER, QUOTES, read_columns

FILE = "extensions.csv"
COLUMNS = ("student", "due", "close", "slack_days", "reason")
_MOST_SLACK = 366


@dataclass(frozen=True, slots=True)
class Extension:
    """Hold one row of the file, and the line where it ends; None stands for what the row leaves as it is.

    `student` is the name of a submission, or a name, number, login or e-mail address that the LMS knows.
    """

    line: int
    student: str
    due: datetime | None
    close: datetime | None
    slack_days: int | None
    reason: str


def read_extensions(folder: Path, deadline: Deadline) -> tuple[list[Extension], list[str]]:
    """Return the rows that can be understood, and a sentence for each of the others.

    Raises ManualError for a file that can't be read at all.
    """
    path = folder / FILE
    if not path.exists():
        return [], []
    known: dict[str, Extension] = {}
    problems: list[str] = []
    _header, found, longer = read_columns(path, COLUMNS, ManualError)
    for line, cells in found:
        try:
            if line in longer:
                raise ManualError(LONGER, remedy=QUOTES)
            row = _row(line, [cell.strip() for cell in cells], deadline)
            if row.student.casefold() in known:
                first = known[row.student.casefold()].line
                raise ManualError(f"{row.student} has an extension in line {first} already.", remedy="Remove one.")
            known[row.student.casefold()] = row
        except ManualError as error:
            problems.append(f"{FILE}, line {line}: {error}")
    return list(known.values()), problems


def _row(line: int, cells: Sequence[str], deadline: Deadline) -> Extension:
    """Return a row. Raises ManualError for one that gives nobody or nothing, or takes time away."""
    student, due_text, close_text, slack_text, reason = cells
    for name, cell in (("student", student), ("reason", reason)):
        if not cell:
            raise ManualError(f"The column `{name}` is empty.", remedy="Every extension says whose and why.")
    if not (due_text or close_text or slack_text):
        raise ManualError("It extends nothing.", remedy="Fill in `due`, `close` or `slack_days`.")
    due, close = _time(due_text, "due"), _time(close_text, "close")
    if due is not None and due < deadline.due:
        raise ManualError(f"`due` is {due_text}, before everybody's {deadline.due}.", remedy="Mend the date.")
    if close is not None and close < (due or deadline.due):
        raise ManualError(f"`close` is {close_text}, before work is due.", remedy="Mend the date.")
    return Extension(line, student, due, close, _slack(slack_text), reason)


def _time(text: str, column: str) -> datetime | None:
    if not text:
        return None
    remedy = "Write 2026-11-27T23:59+01:00, say."
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise ManualError(f"`{column}` is “{text[:40]}”, which is no time.", remedy=remedy) from error
    if when.tzinfo is None:
        raise ManualError(f"`{column}` is “{text[:40]}”, which names no time zone.", remedy=remedy)
    return when


def _slack(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text[:9]) > _MOST_SLACK:
        raise ManualError(
            f"`slack_days` is “{text[:40]}”; expected a whole number from 0 to {_MOST_SLACK}.", remedy="Mend it."
        )
    return int(text)
