"""Reads a grading worksheet that was downloaded from Moodle, and writes it with other cells filled in.

`grader.export.moodle` says what to fill in; docs/exports.md where the format was looked up.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExportError
from grader.export.csv_table import CsvTable, read_csv_table
from grader.export.header_words import GROUP, NO_GROUP
from grader.export.roster import Student, participant_number
from grader.results.cells import csv_text, kept_cell

_NUMBER = re.compile(r"\d+([.,]\d+)?")
_IDENTIFIER = re.compile(r"(\D+?)\s*\d+")
_NO = frozenset(("no", "nein", "non", "não", "nee", "nie", "nej", "nei", "ne", "ei", "nem", "nu", "hayır"))
_NO |= frozenset(("нет", "ні", "не", "όχι", "לא", "لا", "否", "いいえ", "아니요"))


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
    group: int | None = None

    @property
    def students(self) -> tuple[Student, ...]:
        """Return the worksheet's students in its order, with their participant numbers."""
        return tuple(
            Student(
                name=_cell(row, self.name),
                number=participant_number(row[self.identifier]),
                email=_cell(row, self.email),
                group=_group(_cell(row, self.group)),
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
        return _cell(self.table.rows[place], self.can_change).casefold() in _NO


def read_worksheet(path: Path) -> Worksheet:
    """Read a worksheet; raise ExportError if Moodle could not import it again."""
    sheet = _read_sheet(path, read_csv_table(path))
    counts = Counter(student.number for student in sheet.students)
    for place, student in enumerate(sheet.students):
        if counts[student.number] > 1:
            raise ExportError(
                f"{path} holds `{sheet.table.rows[place][sheet.identifier]}` {counts[student.number]} times.",
                remedy="Download the worksheet again.",
            )
    return sheet


def _read_sheet(path: Path, table: CsvTable) -> Worksheet:
    identifier, grade = table.find_column("Identifier"), table.find_column("Grade")
    modified = table.find_column("Last modified (grade)")
    if identifier is None or grade is None or modified is None:
        if translated := _by_places(table):
            return translated
        raise ExportError(
            f"{path} is not a grading worksheet: Moodle needs `Identifier`, `Grade` and `Last modified (grade)`.",
            remedy="Choose “Download grading worksheet” in Moodle; in another language it needs a maximum grade.",
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
        group=table.find_column("Group"),
    )


def _group(cell: str) -> str:
    """Return the group that hands in together, "" for what Moodle writes where somebody is in none, or in several.

    A group that is called like that counts as none: then each member keeps their own hand-in.
    """
    plain = cell.casefold()
    return "" if any(words in plain for words in NO_GROUP) else cell


def _by_places(table: CsvTable) -> Worksheet | None:
    """Return a worksheet in any language, by what Moodle writes into its columns and their order; None where unsure.

    The identifiers come first, numbered behind the same word. The maximum is the same number in every row, right behind
    the grades; whether they can be changed stands behind it, and comments last.
    """
    columns = [[row[place].strip() for row in table.rows] for place in range(len(table.header))]
    identifiers = [_IDENTIFIER.fullmatch(cell) for cell in columns[0]] if columns and columns[0] else [None]
    if any(found is None for found in identifiers) or len({found[1] for found in identifiers if found}) != 1:
        return None
    maxima = [place for place in range(2, len(columns)) if _are_maxima(columns[place], columns[place - 1])]
    if len(maxima) != 1 or len(columns) < maxima[0] + 3:
        return None
    emails = [place for place in range(1, maxima[0]) if columns[place] and all("@" in cell for cell in columns[place])]
    has_name = bool(emails) and emails[0] > 1
    return Worksheet(
        table=table,
        identifier=0,
        grade=maxima[0] - 1,
        maximum=maxima[0],
        name=1 if has_name else None,
        email=emails[0] if emails else None,
        can_change=maxima[0] + 1,
        comments=len(columns) - 1 if len(columns) > maxima[0] + 4 else None,
        group=table.find_column(*GROUP),
    )


def _are_maxima(cells: list[str], grades: list[str]) -> bool:
    if len(set(cells)) != 1 or not _NUMBER.fullmatch(cells[0]):
        return False
    return all(grade in ("", "-") or _NUMBER.fullmatch(grade) for grade in grades)


def filled_worksheet(sheet: Worksheet, cells: Mapping[tuple[int, int], str]) -> str:
    """Return the worksheet as text, with `cells`, by row and column, in place of its own."""
    rows = [list(map(kept_cell, sheet.table.header))]
    for place, row in enumerate(sheet.table.rows):
        rows.append([kept_cell(cells.get((place, column), own)) for column, own in enumerate(row)])
    mark = "\ufeff" if sheet.table.has_mark else ""
    return mark + csv_text(rows, delimiter=sheet.table.delimiter)


def _cell(row: tuple[str, ...], column: int | None) -> str:
    return row[column].strip() if column is not None else ""
