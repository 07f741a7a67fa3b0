"""Reads a roster: the students of a course, as an LMS exports them or an instructor writes them down.

`grader.export.matching` finds each student's submission.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExportError
from grader.export.csv_table import CsvTable, read_csv_table
from grader.export.header_words import EMAIL, FIRST_NAME, FULL_NAME, ID_NUMBER, LAST_NAME, USERNAME
from grader.results.plain_text import visible_line

# Canvas, Moodle and Gradescope each name the same things in their own way.
_HEADERS = {
    "submission": ("submission", "student repository name"),
    "name": ("name", "student", "full name", "student name", *FULL_NAME),
    "first": ("first name", "firstname", "given name", *FIRST_NAME),
    "last": ("last name", "lastname", "surname", "family name", *LAST_NAME),
    "number": ("id", "identifier", "lms id", "canvas id", "moodle id"),
    "sis_id": ("sis user id", "sis id", "sid", "student id", "id number", "roster identifier", *ID_NUMBER),
    "login": ("sis login id", "login id", "login", "username", *USERNAME),
    "email": ("email", "email address", "e-mail", "e-mail address", *EMAIL),
    "section": ("section", "sections"),
    "group": ("group", "team", "group name", "team name"),
    "github": ("github username", "github name", "github"),
    "hand_in": ("submission id",),
}
_IDENTIFYING = ("submission", "name", "number", "sis_id", "login", "email", "github", "hand_in")
_SAME_PERSON = ("number", "sis_id", "login", "email")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PARTICIPANT = re.compile(r"\D*(\d+)")


@dataclass(frozen=True, slots=True)
class Student:
    """Hold what is known about one student, or "" if the roster doesn't say it.

    `submission` is the name that the instructor wrote down, `number` the LMS's own id, `hand_in` its number of what the
    student handed in. One hand-in counts for all students of a `group`.
    """

    name: str = ""
    submission: str = ""
    number: str = ""
    sis_id: str = ""
    login: str = ""
    email: str = ""
    section: str = ""
    group: str = ""
    github: str = ""
    hand_in: str = ""

    @property
    def label(self) -> str:
        """Return what to call the student in a message."""
        return self.name or self.email or self.login or self.sis_id or self.number or self.github or self.submission


@dataclass(frozen=True, slots=True)
class Roster:
    """Hold the students in the file's order; `fields` are the attributes of `Student` that it has columns for.

    `lms` is whose own export it is, "" where that is not certain.
    """

    students: tuple[Student, ...]
    fields: tuple[str, ...]
    lms: str = ""


def read_roster(path: Path) -> Roster:
    """Read a roster; header names are known in any case. Raises ExportError if it names nobody."""
    table = read_csv_table(path)
    columns = {field: table.find_column(*names) for field, names in _HEADERS.items()}
    known = {field: position for field, position in columns.items() if position is not None}
    if {"first", "last"} & set(known) and "name" not in known:
        known["name"] = -1
    if not set(known) & set(_IDENTIFYING):
        known |= _around_email(table)
    if not set(known) & set(_IDENTIFYING):
        raise ExportError(
            f"{path} has no column that tells students apart; it has {_listed(table)}.",
            remedy="Name one `name`, `email`, `login`, `id` or `submission` in the first row.",
        )
    students = _without_doubles([_student(row, known) for row in table.rows])
    named = tuple(student for student in students if student.label and not _is_points_possible(student))
    _refuse_two_groups(path, named)
    if not named:
        raise ExportError(f"{path} names no student.", remedy="Is it the right file?")
    fields = tuple(field for field in _HEADERS if field in known and field not in ("first", "last"))
    is_canvas = {"name", "number", "login"} <= set(known) and table.find_column("student") is not None
    return Roster(named, fields, "canvas" if is_canvas else "")


def _around_email(table: CsvTable) -> dict[str, int]:
    """Return where names and addresses stand in a list of Moodle's in any language: names come right before them."""
    for place in range(len(table.header)):
        cells = [row[place].strip() for row in table.rows if row[place].strip()]
        if cells and all(_EMAIL.fullmatch(cell) for cell in cells):
            names = {1: {"name": 0}, 2: {"first": 0, "last": 1, "name": -1}}.get(place, {})
            return {"email": place} | names
    return {}


def _without_doubles(students: list[Student]) -> list[Student]:
    """Leave out rows that repeat another one, number and all; two who only have one name stay two."""
    kept: list[Student] = []
    seen: set[Student] = set()
    for student in students:
        has_id = any(getattr(student, field) for field in _SAME_PERSON)
        if student not in seen or not has_id:
            kept.append(student)
        seen.add(student)
    return kept


def _refuse_two_groups(path: Path, students: tuple[Student, ...]) -> None:
    """Raise ExportError where the rows of one student name different groups."""
    groups: dict[tuple[str, str], Student] = {}
    for student in students:
        for field in _SAME_PERSON:
            value = getattr(student, field).casefold()
            other = groups.setdefault((field, value), student) if value else student
            if other.group != student.group and other.group and student.group:
                raise ExportError(
                    f"{path}: {visible_line(student.label)} is in two groups, `{visible_line(other.group)}` and "
                    f"`{visible_line(student.group)}`.",
                    remedy="Leave one of the two rows.",
                )


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
