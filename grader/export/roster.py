"""Reads a roster: the students of a course, as an LMS exports them or an instructor writes them down.

`grader.export.matching` finds each student's submission.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExportError
from grader.export.csv_table import CsvTable, read_csv_table

# Canvas, Moodle and Gradescope each name the same things in their own way.
_HEADERS = {
    "submission": ("submission",),
    "name": ("name", "student", "full name", "student name"),
    "first": ("first name", "firstname", "given name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "number": ("id", "identifier", "lms id", "canvas id", "moodle id"),
    "sis_id": ("sis user id", "sis id", "sid", "student id", "id number"),
    "login": ("sis login id", "login id", "login", "username"),
    "email": ("email", "email address", "e-mail", "e-mail address"),
    "section": ("section",),
}
_IDENTIFYING = ("submission", "name", "number", "sis_id", "login", "email")
_PARTICIPANT = re.compile(r"\D*(\d+)")


@dataclass(frozen=True, slots=True)
class Student:
    """Hold what is known about one student, or "" if the roster doesn't say it.

    `submission` is the name that the instructor wrote down, `number` the LMS's own id.
    """

    name: str = ""
    submission: str = ""
    number: str = ""
    sis_id: str = ""
    login: str = ""
    email: str = ""
    section: str = ""

    @property
    def label(self) -> str:
        """Return what to call the student in a message."""
        return self.name or self.email or self.login or self.sis_id or self.number or self.submission


@dataclass(frozen=True, slots=True)
class Roster:
    """Hold the students in the file's order; `fields` are the attributes of `Student` that it has columns for."""

    students: tuple[Student, ...]
    fields: tuple[str, ...]


def read_roster(path: Path) -> Roster:
    """Read a roster; header names are known in any case. Raises ExportError if it names nobody."""
    table = read_csv_table(path)
    columns = {field: table.find_column(*names) for field, names in _HEADERS.items()}
    known = {field: position for field, position in columns.items() if position is not None}
    if {"first", "last"} & set(known) and "name" not in known:
        known["name"] = -1
    if not set(known) & set(_IDENTIFYING):
        raise ExportError(
            f"{path} has no column that tells students apart; it has {_listed(table)}.",
            remedy="Name one `name`, `email`, `login`, `id` or `submission` in the first row.",
        )
    students = [_student(row, known) for row in table.rows]
    named = tuple(student for student in students if student.label and not _is_points_possible(student))
    if not named:
        raise ExportError(f"{path} names no student.", remedy="Is it the right file?")
    fields = tuple(field for field in _HEADERS if field in known and field not in ("first", "last"))
    return Roster(named, fields)


def participant_number(identifier: str) -> str:
    """Return the number of an id such as `Participant 123` or `123`, or "" if it has none."""
    found = _PARTICIPANT.fullmatch(identifier.strip())
    return found[1] if found else ""


def _student(row: tuple[str, ...], known: dict[str, int]) -> Student:
    cells = {field: row[position].strip() for field, position in known.items() if position >= 0}
    parted = " ".join(part for part in (cells.pop("first", ""), cells.pop("last", "")) if part)
    cells["name"] = cells.get("name") or parted
    return Student(**cells)


def _is_points_possible(student: Student) -> bool:
    """Say whether this is the second row of a gradebook that Canvas exported."""
    return "Points Possible" in student.name and not (student.number or student.login or student.email)


def _listed(table: CsvTable) -> str:
    return ", ".join(f"`{name}`" for name in table.header[:10])
