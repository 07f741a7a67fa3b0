"""Reads a roster: the students of a course, as an LMS exports them or an instructor writes them down.

`grader.export.matching` finds each student's submission.
"""

import re
from dataclasses import dataclass, fields
from pathlib import Path

from grader.errors import ExportError
from grader.export.csv_table import CsvTable, read_csv_table
from grader.export.header_words import EMAIL, FIRST_NAME, FULL_NAME, GROUP, ID_NUMBER, LAST_NAME, USERNAME
from grader.export.spelled_names import folded_name, name_orders
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
    "group": ("group", "team", "group name", "team name", *GROUP),
    "github": ("github username", "github name", "github"),
    "hand_in": ("submission id",),
}
_IDENTIFYING = ("submission", "name", "number", "sis_id", "login", "email", "github", "hand_in")
_IDS = ("number", "sis_id", "login")
_SAME_PERSON = (*_IDS, "email")
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
    """Read a roster; header names are known in any case.

    Raises ExportError if it names nobody, has no row of headers, or contradicts itself.
    """
    table = read_csv_table(path)
    _refuse_missing_header(table)
    columns = {field: table.find_column(*names) for field, names in _HEADERS.items()}
    known = {field: position for field, position in columns.items() if position is not None}
    known = _around_email(table, known)
    if {"first", "last"} & set(known) and "name" not in known:
        known["name"] = -1
    if not set(known) & set(_IDENTIFYING):
        raise ExportError(
            f"{path} has no column that tells students apart; it has {_listed(table)}.",
            remedy="Name one `name`, `email`, `login`, `id` or `submission` in the first row.",
        )
    students = _without_doubles([_student(row, known) for row in table.rows])
    named = tuple(student for student in students if student.label and not _is_points_possible(student))
    _refuse_two_groups(path, named)
    _refuse_two_names(path, named)
    if not named:
        raise ExportError(f"{path} names no student.", remedy="Is it the right file?")
    named_fields = tuple(field for field in _HEADERS if field in known and field not in ("first", "last"))
    is_canvas = {"name", "number", "login"} <= set(known) and table.find_column("student") is not None
    return Roster(named, named_fields, "canvas" if is_canvas else "")


def _refuse_missing_header(table: CsvTable) -> None:
    """Raise ExportError where the first row is a student's: that one would be lost."""
    address = next((cell for cell in table.header if _EMAIL.fullmatch(cell.strip())), "")
    if address:
        raise ExportError(
            f"{table.path}: the first row names no columns, it holds the address `{visible_line(address)}`.",
            remedy="Add a first row such as `name,email`.",
        )


def _around_email(table: CsvTable, known: dict[str, int]) -> dict[str, int]:
    """Return the columns with those that a list of Moodle's in an unknown language has: addresses, names before them.

    Where the words for names are known, or only other columns lie before the addresses, nothing is added for them.
    """
    places = [place for place in range(len(table.header)) if _are_emails([row[place] for row in table.rows])]
    free = [place for place in places if place not in known.values()]
    if "email" not in known and len(free) != 1:
        return known
    email = known.get("email", free[0] if free else 0)
    known = known | {"email": email}
    has_names = "name" in known or {"first", "last"} <= set(known)
    others = {place for field, place in known.items() if field not in ("first", "last", "email")}
    if has_names or others & set(range(email)) or set(known) & set(_IDENTIFYING) - {"email"}:
        return known
    names = {1: {"name": 0}, 2: {"first": 0, "last": 1}}.get(email, {})
    return {field: place for field, place in known.items() if field not in ("first", "last") or not names} | names


def _are_emails(cells: list[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_EMAIL.fullmatch(cell) for cell in filled)


def _without_doubles(students: list[Student]) -> list[Student]:
    """Make one of rows that say nothing different of one id; two who only have one name stay two.

    Sections are no difference: a student may be in several.
    """
    kept: list[Student] = []
    known: dict[tuple[str, str], int] = {}
    for student in students:
        keys = [(field, getattr(student, field).casefold()) for field in _SAME_PERSON if getattr(student, field)]
        place = next((known[key] for key in keys if key in known), len(kept))
        both = _joined(kept[place], student) if place < len(kept) else None
        if both is not None:
            kept[place] = both
            continue
        for key in keys:
            known.setdefault(key, len(kept))
        kept.append(student)
    return kept


def _joined(one: Student, other: Student) -> Student | None:
    """Return what two rows say together, None where they contradict each other."""
    cells = {field.name: (getattr(one, field.name), getattr(other, field.name)) for field in fields(Student)}
    sections = dict.fromkeys(section for section in cells.pop("section") if section)
    own, others = cells.pop("name")
    if any(a and b and a.casefold() != b.casefold() for a, b in cells.values()):
        return None
    if own and others and not _is_same_name(own, others):
        return None
    known = {name: a or b for name, (a, b) in cells.items()}
    return Student(**known, name=own or others, section=" and ".join(sections))


def _is_same_name(one: str, other: str) -> bool:
    return folded_name(other) in map(folded_name, name_orders(one))


def _refuse_two_groups(path: Path, students: tuple[Student, ...]) -> None:
    """Raise ExportError where the rows of one student name different groups."""
    groups: dict[tuple[str, str], Student] = {}
    for student in students:
        for field in _SAME_PERSON if student.group else ():
            value = getattr(student, field).casefold()
            other = groups.setdefault((field, value), student) if value else student
            if other.group != student.group:
                raise ExportError(
                    f"{path}: {visible_line(student.label)} is in two groups, `{visible_line(other.group)}` and "
                    f"`{visible_line(student.group)}`.",
                    remedy="Leave one of the two rows.",
                )


def _refuse_two_names(path: Path, students: tuple[Student, ...]) -> None:
    """Raise ExportError where one id is that of two names; an address may be shared."""
    owners: dict[tuple[str, str], Student] = {}
    for student in students:
        for field in _IDS if student.name else ():
            value = getattr(student, field).casefold()
            other = owners.setdefault((field, value), student) if value else student
            if not _is_same_name(other.name, student.name):
                raise ExportError(
                    f"{path}: {visible_line(other.name)} and {visible_line(student.name)} have one id, "
                    f"`{visible_line(getattr(student, field))}`.",
                    remedy="Leave one of the two rows, or mend the id.",
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
