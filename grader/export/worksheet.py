"""Reads a grading worksheet that was downloaded from Moodle, and writes it with other cells filled in.

`grader.export.moodle` says what to fill in; docs/exports.md where the format was looked up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExportError
from grader.export.csv_table import CsvTable, read_csv_table
from grader.export.roster import Student, participant_number
from grader.results.cells import csv_text, kept_cell

_NUMBER = re.compile(r"\d+([.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Worksheet:
    """Hold a worksheet and the positions of its columns, None for one that Moodle left out."""

    table: CsvTable
    identifier: int
    grade: int
    maximum: int | None
    name: int | None
    email: int | None
    can_change: int | None
    comments: int | None

    @property
    def students(self) -> tuple[Student, ...]:
        """Return the worksheet's students in its order, with their participant numbers."""
        return tuple(
            Student(
                name=_cell(row, self.name),
                number=participant_number(row[self.identifier]),
                email=_cell(row, self.email),
            )
            for row in self.table.rows
        )

    @property
    def maxima(self) -> tuple[float, ...]:
        """Return the different maximum grades of the rows."""
        cells = {_cell(row, self.maximum) for row in self.table.rows}
        return tuple(sorted(float(cell.replace(",", ".")) for cell in cells if _NUMBER.fullmatch(cell)))

    def is_locked(self, place: int) -> bool:
        """Say whether Moodle would refuse another grade for the student at `place`."""
        return _cell(self.table.rows[place], self.can_change).casefold() == "no"


def read_worksheet(path: Path) -> Worksheet:
    """Read a worksheet; raise ExportError if Moodle could not import it again."""
    table = read_csv_table(path)
    identifier, grade = table.find_column("Identifier"), table.find_column("Grade")
    modified = table.find_column("Last modified (grade)")
    if identifier is None or grade is None or modified is None:
        raise ExportError(
            f"{path} is not a grading worksheet: Moodle needs `Identifier`, `Grade` and `Last modified (grade)`.",
            remedy="Choose “Download grading worksheet” with Moodle's language set to English.",
        )
    maximum = table.find_column("Maximum Grade")
    if maximum is None and table.find_column("Scale") is not None:
        raise ExportError(f"{path} grades by a scale, not by points.", remedy="Set the grade type to Point in Moodle.")
    for number, row in enumerate(table.rows, 2):
        if not participant_number(row[identifier]):
            raise ExportError(
                f"{path}, student {number - 1}: `{row[identifier]}` is not an identifier such as `Participant 123`.",
                remedy="Download the worksheet again.",
            )
    return Worksheet(
        table=table,
        identifier=identifier,
        grade=grade,
        maximum=maximum,
        name=table.find_column("Full name"),
        email=table.find_column("Email address"),
        can_change=table.find_column("Grade can be changed"),
        comments=table.find_column("Feedback comments"),
    )


def filled_worksheet(sheet: Worksheet, cells: Mapping[tuple[int, int], str]) -> str:
    """Return the worksheet as text, with `cells`, by row and column, in place of its own."""
    rows = [list(map(kept_cell, sheet.table.header))]
    for place, row in enumerate(sheet.table.rows):
        rows.append([kept_cell(cells.get((place, column), own)) for column, own in enumerate(row)])
    mark = "\ufeff" if sheet.table.has_mark else ""
    return mark + csv_text(rows, delimiter=sheet.table.delimiter)


def _cell(row: tuple[str, ...], column: int | None) -> str:
    return row[column].strip() if column is not None else ""
