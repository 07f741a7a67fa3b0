"""Read prediction files of several columns: named by a header, put in the order of the ids that the course knows.

`grader.datasets.prediction_files` turns the cells into predictions.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from grader.datasets.accuracy import UnusablePredictions
from grader.datasets.artifact_files import ArtifactFile
from grader.datasets.prediction_text import shown, text_of

_SEPARATORS = (",", ";", "\t")
_FIRST_LINE = re.compile(r"\s*([^\r\n]*)")


class TableRow(NamedTuple):
    """Hold one line of a table: its number in the file, and its cells in the order of the course's columns."""

    line: int
    cells: Sequence[str]


def column_names(header: str) -> list[str]:
    """Return the names in a header line that a course has written."""
    return [name.strip() for name in next(csv.reader([header], skipinitialspace=True), [])]


def rows_in_order(file: ArtifactFile, names: Sequence[str], *, has_header: bool, rows: int) -> list[TableRow]:
    """Return the rows of a file in which they stand in the order of the inputs.

    Raises UnusablePredictions where there are other columns, or another number of rows.
    """
    found: list[TableRow] = []
    count = 0
    for row in _read_rows(file, names, has_header=has_header):
        count += 1
        if count <= rows:
            found.append(row)
    if count != rows:
        raise UnusablePredictions(
            f"`{file.path}` holds {count:,} rows; expected {rows:,}, one for each input in their order."
        )
    return found


def rows_by_id(file: ArtifactFile, names: Sequence[str], ids: Sequence[str], *, has_header: bool) -> list[TableRow]:
    """Return one row for each id, in the order of `ids`; the first column names them, in any order.

    Raises UnusablePredictions where there are other columns, and where ids are unknown, missing or there twice.
    """
    sorting = _Sorting(frozenset(ids))
    for row in _read_rows(file, names, has_header=has_header):
        sorting.take(row)
    sorting.refuse(file.path, ids, has_header=has_header)
    return [sorting.found[one] for one in ids]


@dataclass(slots=True)
class _Sorting:
    """Sort rows by their ids, and count what is wrong with these; of each fault the first row is kept."""

    ids: frozenset[str]
    found: dict[str, TableRow] = field(default_factory=dict)
    unknown: TableRow | None = None
    again: TableRow | None = None
    unknowns: int = 0
    repeated: int = 0

    def take(self, row: TableRow) -> None:
        """Keep a row, or count it among those that can't be used."""
        if row.cells[0] not in self.ids:
            self.unknown, self.unknowns = self.unknown or row, self.unknowns + 1
        elif row.cells[0] in self.found:
            self.again, self.repeated = self.again or row, self.repeated + 1
        else:
            self.found[row.cells[0]] = row

    def refuse(self, path: str, ids: Sequence[str], *, has_header: bool) -> None:
        """Raise UnusablePredictions for the first fault there is, if there is one."""
        if row := self.unknown:
            is_header = self.unknowns == 1 and row.line == 1 and not has_header and len(self.found) == len(ids)
            remedy = "Leave out the header line." if is_header else f"Expected ids are such as `{ids[0]}`."
            raise UnusablePredictions(
                f"Line {row.line} of `{path}` is for the id `{shown(row.cells[0])}`, which no input has"
                f"{_and_more(self.unknowns)}. {remedy}"
            )
        if row := self.again:
            raise UnusablePredictions(
                f"Lines {self.found[row.cells[0]].line} and {row.line} of `{path}` are both for the id "
                f"`{shown(row.cells[0])}`{_and_more(self.repeated)}; expected one line for each."
            )
        if missing := [one for one in ids if one not in self.found]:
            count = f"{len(missing):,} of {len(ids):,} ids, the first is" if len(missing) > 1 else "the id"
            raise UnusablePredictions(f"`{path}` has no prediction for {count} `{missing[0]}`.")


def _and_more(count: int) -> str:
    return f" (and {count - 1:,} more line{'s' if count > 2 else ''})" if count > 1 else ""


def _read_rows(file: ArtifactFile, names: Sequence[str], *, has_header: bool) -> Iterator[TableRow]:
    """Yield the rows that are not blank, one at a time: nobody knows how many a stranger has written."""
    text = text_of(file)
    separator = _find_separator(text, names)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    lines = ((reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells)))
    try:
        places = _places(file.path, names, lines) if has_header else range(len(names))
        for number, cells in lines:
            if len(cells) != len(names):
                raise UnusablePredictions(
                    f"Line {number} of `{file.path}` has {_columns(len(cells))}; expected {len(names)}: "
                    f"`{','.join(names)}`."
                )
            yield TableRow(number, [cells[place] for place in places])
    except csv.Error as err:
        raise UnusablePredictions(
            f"Line {reader.line_num} of `{file.path}` is no line of a CSV file ({err}). Does a quotation mark have no "
            "end?"
        ) from err


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _find_separator(text: str, names: Sequence[str]) -> str:
    """Return what separates the first line into as many columns as there should be, a comma where nothing does."""
    found = _FIRST_LINE.match(text)
    first = found[1] if found is not None else ""
    return next((one for one in _SEPARATORS if first.count(one) == len(names) - 1), _SEPARATORS[0])


def _places(path: str, names: Sequence[str], lines: Iterable[tuple[int, list[str]]]) -> list[int]:
    """Read the header line, and return where in it the course's columns stand."""
    number, cells = next(iter(lines), (1, [""]))
    there = [cell.casefold() for cell in cells]
    wanted = [name.casefold() for name in names]
    if sorted(there) == sorted(wanted):
        return [there.index(name) for name in wanted]
    remedy = ""
    if there[0] == "" and sorted(there[1:]) == sorted(wanted):
        remedy = " pandas has written its index as well: save with `to_csv(…, index=False)`."
    line = shown(",".join(cells))
    raise UnusablePredictions(
        f"Line {number} of `{path}` is `{line}`; expected the header line `{','.join(names)}`.{remedy}"
    )
