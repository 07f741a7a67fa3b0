"""Defensively reads the lines of a CSV file that a person or a program made.

`grader.answers.csv_file` and `grader.export.csv_table` say what its columns mean.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GraderError

_MOST_BYTES = 20_000_000
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DELIMITERS = ",;\t"
LONGER = "It has more cells than the first row."
QUOTES = "Put quotation marks around a text that holds the separator."
_SEPARATOR_LINE = re.compile(r"\A\"?sep=[^\r\n]{0,3}\r?\n")


@dataclass(frozen=True, slots=True)
class CsvLines:
    """Hold the cells of each row that is not blank, with the line of the file where it ends, and how it was written."""

    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str
    has_mark: bool  # starts with a byte order mark, as Excel wants it


def read_csv_lines(path: Path, error: type[GraderError]) -> CsvLines:
    """Read a CSV file in UTF-8, or in UTF-16 with its mark; commas, semicolons or tabs separate.

    Raises `error` for what can't be read, with the line.
    """
    text = _read_text(path, error)
    mark, text = text.startswith("\ufeff"), text.removeprefix("\ufeff")
    text = _SEPARATOR_LINE.sub("\n", text, count=1)  # Excel's own, not a row
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, tuple(cells)) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as err:
        message = f"{path}, line {reader.line_num}, is not valid CSV: {err}."
        raise error(message, remedy="Save it as CSV again.") from err
    return CsvLines(tuple(rows), delimiter, mark)


def read_columns(
    path: Path, columns: Sequence[str], error: type[GraderError]
) -> tuple[tuple[str, ...], list[tuple[int, list[str]]], frozenset[int]]:
    """Return the header of a CSV file and, for each row, the line where it ends and the cells of some columns.

    What comes last are the lines of rows that have more cells than the header: where a separator was written in a text,
    each cell behind it may stand in a wrong column. `LONGER` says so. Raises `error` for what can't be read, and where
    the first row does not name each of the columns once.
    """
    lines = read_csv_lines(path, error).rows
    header = tuple(name.strip().casefold() for name in lines[0][1]) if lines else ()
    missing = [name for name in columns if header.count(name) != 1]
    if missing:
        raise error(
            f"{path} has no column `{missing[0]}`, or several: its first row is {', '.join(header)[:200]}.",
            remedy=f"The first row has to name {', '.join(columns)}.",
        )
    places = [header.index(name) for name in columns]
    padded = [(line, (*cells, *[""] * len(header))) for line, cells in lines[1:]]
    longer = frozenset(line for line, cells in lines[1:] if any(map(str.strip, cells[len(header) :])))
    return header, [(line, [cells[place] for place in places]) for line, cells in padded], longer


def _read_text(path: Path, error: type[GraderError]) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as err:
        raise error(f"{path} can't be read: {err.strerror}.", remedy="Is the path right?") from err
    if len(data) > _MOST_BYTES:
        raise error(f"{path} is larger than {_MOST_BYTES // 10**6} MB.", remedy="Is it the right file?")
    if data.startswith(_WORKBOOK):
        raise error(f"{path} is a workbook or an archive, not a CSV file.", remedy="Save it as “CSV UTF-8”.")
    try:
        return data.decode("utf-16" if data.startswith(_WIDE) else "utf-8")
    except UnicodeDecodeError as err:
        raise error(f"{path} is not UTF-8 (byte {err.start}).", remedy="Save it as “CSV UTF-8”.") from err
