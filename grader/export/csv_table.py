"""Reads a CSV file with a header, as a person or an LMS made it.

`grader.export.roster` and `grader.export.worksheet` say what its columns mean.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExportError
from grader.results.csv_lines import read_csv_lines


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
    lines = read_csv_lines(path, ExportError)
    if not lines.rows:
        raise ExportError(f"{path} is empty; its first row has to name the columns.", remedy="Is it the right file?")
    header = lines.rows[0][1]
    for number, cells in lines.rows[1:]:
        if any(cell.strip() for cell in cells[len(header) :]):
            raise ExportError(
                f"{path}, line {number}: {len(cells)} cells below a header of {len(header)}.",
                remedy='Put cells that hold a separator into quotes: "Lee, Ann".',
            )
    rows = tuple((*cells, *[""] * len(header))[: len(header)] for _, cells in lines.rows[1:])
    return CsvTable(path, header, rows, lines.delimiter, lines.has_mark)
