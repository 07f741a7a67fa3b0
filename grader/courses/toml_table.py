"""TOML tables read defensively: every fault names the file, the key and what to write instead.

`grader.courses.assignment_file` reads `assignment.toml` with it.
"""

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from grader.errors import CourseError


@dataclass(frozen=True, slots=True)
class Table:
    """Hold one table of a TOML file; `name` is its dotted name, "" at the top."""

    file: Path
    name: str
    values: Mapping[str, object]


def read_toml(file: Path) -> Table:
    """Read a TOML file; raise CourseError with the line where it is no TOML."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as err:
        raise CourseError(f"{file} can't be read: {err.strerror}.", remedy="Is the path right?") from err
    except UnicodeDecodeError as err:
        raise CourseError(f"{file} is not UTF-8 (byte {err.start}).", remedy="Save it as UTF-8.") from err
    except tomllib.TOMLDecodeError as err:
        raise CourseError(f"{file} is not valid TOML: {err}.", remedy="Correct that line.") from err
    return Table(file=file, name="", values=values)


def suggest(word: str, known: Collection[str]) -> str:
    """Return "Did you mean …?" where a known word is close, the list of known words otherwise."""
    close = get_close_matches(word, list(known), n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return "Known: " + ", ".join(f"`{name}`" for name in known) + "." if known else "There is none yet."


def fault(table: Table, key: str, problem: str, *, remedy: str) -> CourseError:
    """Word an error about one key, or about the table itself where the key is ""."""
    return CourseError(f"{table.file}: `{_full_name(table, key)}` {problem}.", remedy=remedy)


def refuse_unknown(table: Table, known: Collection[str]) -> None:
    """Raise CourseError for the first key that the table does not know."""
    for key in table.values:
        if key not in known:
            raise fault(table, key, "is not a key that is known here", remedy=suggest(key, known))


def take_tables(table: Table, key: str) -> list[Table]:
    """Return the tables `[[key]]`, none where there are none; each is named after its `name`, or its number."""
    rows = table.values.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise fault(table, key, "is not a list of tables", remedy=f"Begin each {key} with `[[{key}]]`.")
    return [Table(table.file, f"{key} {row.get('name', f'number {at}')}", row) for at, row in enumerate(rows, start=1)]


def take_text(table: Table, key: str, *, default: str | None = None) -> str:
    """Return a text that is not blank."""
    value = _take(table, key, default)
    if not isinstance(value, str) or (not value.strip() and value != default):
        raise fault(table, key, f"is {value!r}; expected a text", remedy=f'Write `{key} = "…"`.')
    return value


def take_texts(table: Table, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Return a list of texts."""
    value = _take(table, key, default)
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise fault(table, key, f"is {value!r}; expected a list of texts", remedy=f'Write `{key} = ["…"]`.')
    return tuple(value)


def take_flag(table: Table, key: str, *, default: bool) -> bool:
    """Return true or false."""
    value = _take(table, key, default)
    if not isinstance(value, bool):
        raise fault(table, key, f"is {value!r}; expected true or false", remedy=f"Write `{key} = true`.")
    return value


def take_number(table: Table, key: str, *, default: float | None = None) -> float | int:
    """Return a finite number."""
    value = _take(table, key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise fault(table, key, f"is {value!r}; expected a number", remedy=f"Write `{key} = 10`, say.")
    return value


def take_table(table: Table, key: str, *, default: Mapping[str, object] | None = None) -> Table:
    """Return the table under a key."""
    value = _take(table, key, default)
    name = _full_name(table, key)
    if not isinstance(value, Mapping):
        raise fault(table, key, f"is {value!r}; expected a table", remedy=f"Write `[{name}]` and its keys below.")
    return Table(file=table.file, name=name, values=value)


def _take(table: Table, key: str, default: object) -> object:
    value = table.values.get(key, default)
    if value is None:
        raise fault(table, key, "is missing", remedy=f"Add `{key}` to {_place(table)}.")
    return value


def _place(table: Table) -> str:
    return f"the table `[{table.name}]`" if table.name else "the top of the file"


def _full_name(table: Table, key: str) -> str:
    return ".".join(part for part in (table.name, key) if part)
