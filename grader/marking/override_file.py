"""Reads RESULTS/overrides.csv: what a person gave for a check or a task of one submission.

`grader.marking.overriding` puts it into results. Only what a person gives on a page of
`grader.marking.override_page` is ever written there, row by row.
"""

from dataclasses import dataclass
from pathlib import Path

from grader.errors import ManualError
from grader.results.atomic import replace_file
from grader.results.cells import csv_text, text_cell
from grader.results.csv_lines import LONGER, QUOTES, CsvLines, read_columns, read_csv_lines
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
    _header, found, longer = read_columns(path, COLUMNS, ManualError)
    for line, cells in found:
        try:
            if line in longer:
                raise ManualError(LONGER, remedy=QUOTES)
            rows.append(row_of(line, cells))
        except ManualError as error:
            problems.append(f"{FILE}, line {line}: {error}")
    return rows, problems


def put_override(folder: Path, row: OverrideRow) -> None:
    """Write a row in place of those for the same check or task of the same submission, or below all others.

    What else stands in the file, columns of its own too, stays as it is. Raises ManualError for a file that can't be
    read, StoreError where it can't be written.
    """
    told = [text_cell(text) for text in (row.submission, row.reason, row.who)]
    said = (told[0], row.target, row.points, row.verdict or "", told[1], told[2])
    _rewrite(folder, row.submission, row.target, dict(zip(COLUMNS, said, strict=True)))


def drop_override(folder: Path, submission: str, target: str) -> None:
    """Take out the rows for a check or task of a submission. Raises as `put_override` does."""
    _rewrite(folder, submission, target, None)


def _rewrite(folder: Path, submission: str, target: str, said: dict[str, str] | None) -> None:
    """Put what is said, None for nothing, in place of the rows for one check or task of one submission."""
    path = folder / FILE
    if path.exists():
        header, *_ = read_columns(path, COLUMNS, ManualError)
        lines = read_csv_lines(path, ManualError)
    else:
        header, lines = COLUMNS, CsvLines(((1, COLUMNS),), ",", has_mark=False)
    names, places = {submission, text_cell(submission)}, [header.index("submission"), header.index("check_or_task")]
    rows: list[tuple[str, ...]] = []
    is_there = False
    for _, cells in lines.rows:
        padded = (*cells, *[""] * (len(header) - len(cells)))
        if padded[places[0]].strip() not in names or padded[places[1]].strip() != target:
            rows.append(cells)
        elif said is not None and not is_there:
            rows.append(tuple(said.get(name, cell) for name, cell in zip(header, padded, strict=False)))
            is_there = True
    if said is not None and not is_there:
        rows.append(tuple(said.get(name, "") for name in header))
    mark = "\ufeff" if lines.has_mark else ""
    replace_file(path, mark + csv_text(rows, delimiter=lines.delimiter))


def row_of(line: int, cells: list[str]) -> OverrideRow:
    """Return the row of these cells, those of `COLUMNS`. Raises ManualError where it says nothing, or two things."""
    submission, target, points, verdict, reason, who = (cell.strip() for cell in cells)
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
