"""Defensively reads a CSV file that a person or an LMS made.

`grader.export.roster` and `grader.export.worksheet` say what its columns mean.
"""

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExportError

_MOST_BYTES = 20_000_000
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Hold a file's header and rows, each as long as the header."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str
    has_mark: bool  # starts with a byte order mark, as Excel wants it

    def find_column(self, *names: str) -> int | None:
        """Return the position of the column with one of these names; raise ExportError if several have one."""
        wanted = {plain_header(name) for name in names}
        found = [position for position, name in enumerate(self.header) if plain_header(name) in wanted]
        if len(found) > 1:
            columns = " and ".join(f"`{self.header[position]}`" for position in found)
            message = f"{self.path} has several columns for one thing: {columns}."
            raise ExportError(message, remedy="Remove all but one.")
        return found[0] if found else None


def plain_header(name: str) -> str:
    """Return a header in lower case, with single spaces for spaces, underscores and dashes."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def read_csv_table(path: Path) -> CsvTable:
    """Read a CSV file with a header; commas, semicolons or tabs separate, blank rows are left out.

    Raises ExportError for what can't be read, with the line.
    """
    text = _read_text(path)
    mark, text = text.startswith("\ufeff"), text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ExportError(f"{path} is not valid CSV: {error}.", remedy="Save it as CSV again.") from error
    filled = [(number, line) for number, line in enumerate(lines, 1) if any(cell.strip() for cell in line)]
    if not filled:
        raise ExportError(f"{path} is empty; its first row has to name the columns.", remedy="Is it the right file?")
    header = filled[0][1]
    for number, line in filled[1:]:
        if any(cell.strip() for cell in line[len(header) :]):
            raise ExportError(
                f"{path}, row {number}: {len(line)} cells below a header of {len(header)}.",
                remedy='Put cells that hold a separator into quotes: "Lee, Ann".',
            )
    rows = tuple(tuple((line + [""] * len(header))[: len(header)]) for _, line in filled[1:])
    return CsvTable(path, tuple(header), rows, delimiter, mark)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ExportError(f"{path} can't be read: {error.strerror}.", remedy="Is the path right?") from error
    if len(data) > _MOST_BYTES:
        raise ExportError(f"{path} is larger than {_MOST_BYTES // 10**6} MB.", remedy="Is it the right file?")
    try:
        return data.decode("utf-16" if data.startswith(_WIDE) else "utf-8")
    except UnicodeDecodeError as error:
        raise ExportError(f"{path} is not UTF-8 (byte {error.start}).", remedy="Save it as “CSV UTF-8”.") from error
