"""Keeps in RESULTS/told.sqlite what was told before: the automatic marks behind overrides, and grades as handed out.

`grader.marking.final_results` compares it with what is there now. Each call opens the file afresh, beside a run, whose
own file no export changes.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.results.store import spelled, unspelled
from grader.results.store_errors import named_errors

FILE = "told.sqlite"
_DAMAGED = "Move it away: grades and overrides then count as told for the first time."
_SCHEMA = """
CREATE TABLE IF NOT EXISTS override_seen (
    submission TEXT NOT NULL,  -- as `grader.results.store.spelled` gives it
    target TEXT NOT NULL,
    said TEXT NOT NULL,        -- the row of overrides.csv: another one is another word
    automatic TEXT NOT NULL,   -- the grader's own mark when that row was first read
    PRIMARY KEY (submission, target)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS handed_out (
    format TEXT NOT NULL,      -- of the export, "" for the first grade
    submission TEXT NOT NULL,
    at TEXT NOT NULL,          -- as ISO 8601
    snapshot TEXT NOT NULL,    -- as `grader.marking.snapshot` packs it
    PRIMARY KEY (format, submission)
) WITHOUT ROWID
"""

Seen = tuple[str, str]  # what a row said, and the automatic mark behind it


@dataclass(frozen=True, slots=True)
class HandedOut:
    """Hold a grade as an export in this format handed it out; without a format, as it was first graded."""

    format: str
    at: str
    snapshot: str


class Memory:
    """Read and write what was told before of one results folder. Every method raises StoreError when the disk fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def overrides(self) -> dict[tuple[str, str], Seen]:
        """Return what each override said and stood for when it was first read, by submission and target."""
        rows = self._rows("SELECT submission, target, said, automatic FROM override_seen", table="override_seen")
        return {(unspelled(submission), target): (said, mark) for submission, target, said, mark in rows}

    def keep_overrides(self, seen: Mapping[tuple[str, str], Seen]) -> None:
        """Remember overrides in place of all earlier ones."""
        values = [(spelled(key[0]), key[1], *one) for key, one in seen.items()]
        with self._transaction() as connection:
            connection.execute("DELETE FROM override_seen")
            connection.executemany("INSERT INTO override_seen VALUES (?, ?, ?, ?)", values)

    def handed_out(self) -> dict[str, dict[str, HandedOut]]:
        """Return the grades that each submission was handed out with, by submission and format."""
        rows = self._rows("SELECT submission, format, at, snapshot FROM handed_out", table="handed_out")
        found: dict[str, dict[str, HandedOut]] = {}
        for submission, *rest in rows:
            found.setdefault(unspelled(submission), {})[rest[0]] = HandedOut(*rest)
        return found

    def hand_out(self, form: str, snapshots: Mapping[str, str], *, at: str) -> None:
        """Remember grades in place of those that the same format handed out earlier."""
        values = [(form, spelled(submission), at, snapshot) for submission, snapshot in snapshots.items()]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO handed_out VALUES (?, ?, ?, ?)", values)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep all others who ask for it waiting: what is read and written meanwhile is one step."""
        with self._transaction():
            yield

    def _rows(self, query: str, *, table: str) -> list[tuple[str, ...]]:
        """Return the rows of a table, none where nothing was ever kept: reading makes no file and no table."""
        if not (self._folder / FILE).is_file():
            return []
        with named_errors(self._folder / FILE, damaged=_DAMAGED):
            connection = self._connect("rw")
            try:
                connection.execute("PRAGMA query_only = ON")
                if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone():
                    return []
                return connection.execute(query).fetchall()
            finally:
                connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with named_errors(self._folder / FILE, damaged=_DAMAGED):
            connection = self._connect("rwc")
            try:
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                yield connection
                connection.execute("COMMIT")
            finally:
                connection.close()  # what was not committed is undone

    def _connect(self, mode: str) -> sqlite3.Connection:
        uri = f"{(self._folder / FILE).absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)
