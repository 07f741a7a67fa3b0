"""Turns SQLite's errors into sentences with a remedy.

`grader.results.store` wraps everything it asks of SQLite in `named_errors`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import StoreError

_DAMAGED = "Move it away and grade again, or name another folder with --out."


@contextmanager
def named_errors(file: Path, *, damaged: str = _DAMAGED) -> Iterator[None]:
    """Raise StoreError, with the database's `file`, for what SQLite raises inside.

    `damaged` is the remedy where the file can't be read any more. A ProgrammingError is our own fault, and let through.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        raise _named(error, file=file, damaged=damaged) from error


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; the upper bits only say where inside SQLite it arose."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _named(error: sqlite3.DatabaseError, *, file: Path, damaged: str) -> StoreError:
    match primary_code(error):
        case sqlite3.SQLITE_FULL:
            return StoreError(
                f"The disk is full: the last result did not fit into {file}. Nothing stored so far is lost.",
                remedy="Free some space and run the same command again: it goes on where it stopped.",
            )
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return StoreError(f"{file} is damaged ({error}).", remedy=damaged)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(
                f"{file} can't be written ({error}).",
                remedy="Fix the folder's permissions or name another folder with --out.",
            )
        case _:
            return StoreError(
                f"{file} failed: {error}. Nothing stored so far is lost.",
                remedy="Run the same command again.",
            )
