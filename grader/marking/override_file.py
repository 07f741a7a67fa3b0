"""Reads RESULTS/overrides.csv: what a person gave for a check or a task of one submission.

`grader.marking.overriding` puts it into results. Nothing here ever writes the file.
"""

from dataclasses import dataclass
from pathlib import Path

from grader.errors import ManualError
from grader.results.csv_lines import read_columns
from grader.results.verdict import Verdict

FILE = "overrides.csv"
COLUMNS = ("submission", "check_or_task", "points", "verdict", "reason", "who")
LONGEST_REASON = 1000
VERDICTS = tuple(one for one in Verdict if one not in (Verdict.SKIPPED, Verdict.NOT_GRADED))


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """Hold one row of the file, and the line where it ends; either `points` or `verdict` says what counts.

    `points` are as written; `verdict` is None where points are given.
    """

    line: int
    submission: str
    target: str
    points: str
    verdict: Verdict | None
    reason: str
    who: str

    @property
    def said(self) -> str:
        """Return what the row says, equal as long as nobody changes it."""
        return "\n".join((self.points, self.verdict or "", self.reason, self.who))


def read_overrides(folder: Path) -> tuple[list[OverrideRow], list[str]]:
    """Return the rows that can be understood, and a sentence for each of the others.

    A folder without the file has none. Raises ManualError for a file that can't be read at all.
    """
    path = folder / FILE
    if not path.exists():
        return [], []
    rows: list[OverrideRow] = []
    problems: list[str] = []
    for line, cells in read_columns(path, COLUMNS, ManualError)[1]:
        try:
            rows.append(_row(line, [cell.strip() for cell in cells]))
        except ManualError as error:
            problems.append(f"{FILE}, line {line}: {error}")
    return rows, problems


def _row(line: int, cells: list[str]) -> OverrideRow:
    """Return a row. Raises ManualError for one that says nothing, or two things."""
    submission, target, points, verdict, reason, who = cells
    for name, cell in (("submission", submission), ("check_or_task", target), ("reason", reason), ("who", who)):
        if not cell:
            raise ManualError(f"The column `{name}` is empty.", remedy="Every override says whose, what, why and who.")
    if bool(points) == bool(verdict):
        how = "both points and a verdict" if points else "neither points nor a verdict"
        raise ManualError(f"It gives {how}.", remedy="Fill in one of the two.")
    if len(reason) > LONGEST_REASON or len(who) > LONGEST_REASON:
        raise ManualError(f"A text is longer than {LONGEST_REASON} characters.", remedy="Shorten it.")
    return OverrideRow(line, submission, target, points, _verdict(verdict) if verdict else None, reason, who)


def _verdict(text: str) -> Verdict:
    word = text.casefold().replace(" ", "_")
    if word not in VERDICTS:
        known = ", ".join(f"`{one}`" for one in VERDICTS)
        raise ManualError(f"`{text[:40]}` is no verdict that a person can give.", remedy=f"Known: {known}.")
    return Verdict(word)
