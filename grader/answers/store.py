"""Keeps what a person gives for answers in RESULTS/run.sqlite, beside the results: one transaction each, with undo.

`grader.results.store` keeps the results and holds the folder while grading; nothing here needs that hold. Each call
opens the file afresh, so that any thread, or another process, may call it.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.answers.marks import AnswerMark, Key
from grader.results.pictures import find_picture
from grader.results.store import FILE, spelled, unspelled
from grader.results.store_errors import named_errors

_SCHEMA = """
CREATE TABLE IF NOT EXISTS manual (
    submission TEXT NOT NULL,  -- as `grader.results.store.spelled` gives it
    question TEXT NOT NULL,
    points REAL,
    comment TEXT NOT NULL,
    answer TEXT NOT NULL,      -- digest of the text that was read
    PRIMARY KEY (submission, question)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS manual_before (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    step INTEGER NOT NULL,     -- what was given at once is undone at once
    submission TEXT NOT NULL,
    question TEXT NOT NULL,
    points REAL,
    comment TEXT,
    answer TEXT                -- NULL where there was no mark
);
CREATE TABLE IF NOT EXISTS manual_file (
    submission TEXT NOT NULL,  -- what manual.csv said when it was last read or written
    question TEXT NOT NULL,
    points REAL,
    comment TEXT NOT NULL,
    PRIMARY KEY (submission, question)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS manual_remark (
    question TEXT NOT NULL,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    deduction REAL NOT NULL,
    PRIMARY KEY (question, position)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Remark:
    """Hold a remark that fits many answers, and the points that it costs."""

    text: str
    deduction: float = 0.0


class ManualStore:
    """Read and write what was given for the answers of one results folder.

    Every method raises StoreError when the disk fails.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._transaction() as connection:
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with named_errors(self._folder / FILE):
            uri = f"{(self._folder / FILE).absolute().as_uri()}?mode=rw"
            connection = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)
            try:
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                connection.close()  # what was not committed is undone

    def marks(self) -> dict[Key, AnswerMark]:
        """Return all that was given."""
        with self._transaction() as connection:
            return _marks_in(connection)

    def give(self, marks: Mapping[Key, AnswerMark]) -> None:
        """Store marks in place of earlier ones, all or none; once this returns, no crash loses them."""
        with self._transaction() as connection:
            (step,) = connection.execute("SELECT coalesce(max(step), 0) + 1 FROM manual_before").fetchone()
            for (submission, question), mark in marks.items():
                connection.execute(_REMEMBER, (step, spelled(submission), question))
                values = (spelled(submission), question, mark.points, mark.comment, mark.answer)
                connection.execute("INSERT OR REPLACE INTO manual VALUES (?, ?, ?, ?, ?)", values)

    def undo(self) -> dict[Key, AnswerMark | None]:
        """Take back the last step; return what holds now, or None if there is no mark, or {} if nothing is left."""
        with self._transaction() as connection:
            rows = connection.execute(_LAST_STEP).fetchall()
            for submission, question, points, comment, answer in rows:
                connection.execute("DELETE FROM manual WHERE (submission, question) = (?, ?)", (submission, question))
                if answer is not None:
                    values = (submission, question, points, comment, answer)
                    connection.execute("INSERT INTO manual VALUES (?, ?, ?, ?, ?)", values)
            connection.execute("DELETE FROM manual_before WHERE step = (SELECT max(step) FROM manual_before)")
        return {(unspelled(row[0]), row[1]): AnswerMark(*row[2:]) if row[4] is not None else None for row in rows}

    def picture(self, digest: str) -> bytes | None:
        """Return the bytes of a picture that a result shows, None where there is none."""
        with self._transaction() as connection:
            return find_picture(connection, digest)

    def file_rows(self) -> dict[Key, tuple[float | None, str]]:
        """Return points and comments as manual.csv last said them."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT submission, question, points, comment FROM manual_file").fetchall()
        return {(unspelled(submission), question): (points, comment) for submission, question, points, comment in rows}

    def keep_file_rows(self, rows: Mapping[Key, tuple[float | None, str]]) -> None:
        """Remember what manual.csv says now."""
        values = [(spelled(key[0]), key[1], *said) for key, said in rows.items()]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO manual_file VALUES (?, ?, ?, ?)", values)

    def remarks(self, question: str) -> tuple[Remark, ...]:
        """Return the common remarks on a question, in their order."""
        query = "SELECT text, deduction FROM manual_remark WHERE question = ? ORDER BY position"
        with self._transaction() as connection:
            rows = connection.execute(query, (question,)).fetchall()
        return tuple(Remark(*row) for row in rows)

    def keep_remarks(self, question: str, remarks: Sequence[Remark]) -> None:
        """Store the common remarks on a question in place of the earlier ones."""
        values = [(question, place, remark.text, remark.deduction) for place, remark in enumerate(remarks)]
        with self._transaction() as connection:
            connection.execute("DELETE FROM manual_remark WHERE question = ?", (question,))
            connection.executemany("INSERT INTO manual_remark VALUES (?, ?, ?, ?)", values)


def read_marks(folder: Path) -> dict[Key, AnswerMark]:
    """Return all that was given in a results folder, changing nothing there. Raises StoreError when the disk fails."""
    with named_errors(folder / FILE):
        connection = sqlite3.connect(f"{(folder / FILE).absolute().as_uri()}?mode=rw", uri=True, timeout=30)
        try:
            connection.execute("PRAGMA query_only = ON")
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'manual'").fetchone():
                return {}
            return _marks_in(connection)
        finally:
            connection.close()


def _marks_in(connection: sqlite3.Connection) -> dict[Key, AnswerMark]:
    rows = connection.execute("SELECT submission, question, points, comment, answer FROM manual").fetchall()
    return {(unspelled(submission), question): AnswerMark(*rest) for submission, question, *rest in rows}


_REMEMBER = """
INSERT INTO manual_before (step, submission, question, points, comment, answer)
SELECT ?1, ?2, ?3, points, comment, answer
FROM (SELECT 1) LEFT JOIN manual ON (submission, question) = (?2, ?3)
"""
_LAST_STEP = """
SELECT submission, question, points, comment, answer FROM manual_before
WHERE step = (SELECT max(step) FROM manual_before) ORDER BY id DESC
"""
