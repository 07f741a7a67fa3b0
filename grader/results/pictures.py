"""Keeps the bytes of pictures in RESULTS/run.sqlite beside the results that show them, so that results stay small.

`grader.results.store` calls it in its own transactions, `grader.answers.store` for the page on which they are graded.

Why: docs/decisions.md#evidence-of-runs
"""

import base64
import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from grader.results.exhibit import Exhibit
from grader.results.verdict import SubmissionResult

SCHEMA = """
CREATE TABLE IF NOT EXISTS picture (
    submission TEXT NOT NULL,     -- as `grader.results.store.spelled` gives it
    digest TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (submission, digest)
) WITHOUT ROWID
"""
_PUT = "INSERT OR REPLACE INTO picture VALUES (?, ?, ?)"
_KEPT = "SELECT digest FROM picture WHERE submission = ?"
_TAKE_OUT = "DELETE FROM picture WHERE submission = ? AND digest = ?"
_FORGET = "DELETE FROM picture WHERE submission NOT IN (SELECT submission FROM submissions)"
_FIND = "SELECT content FROM picture WHERE digest = ? LIMIT 1"
_READ = "SELECT digest, content FROM picture WHERE submission = ?"


def put_aside(connection: sqlite3.Connection, key: str, result: SubmissionResult) -> SubmissionResult:
    """Keep the pictures of a result that is about to be stored under `key`, and return it without their bytes.

    Pictures that it no longer shows are taken out.
    """
    shown = [picture for answer in result.answers for one in answer.exhibits for picture in one.pictures]
    for digest in {digest for (digest,) in connection.execute(_KEPT, (key,))} - {one.digest for one in shown}:
        connection.execute(_TAKE_OUT, (key, digest))
    for picture in shown:
        if picture.data:
            connection.execute(_PUT, (key, picture.digest, base64.b64decode(picture.data)))
    return without_bytes(result) if shown else result


def forget_gone(connection: sqlite3.Connection) -> None:
    """Take out the pictures of submissions that have no result any more."""
    connection.execute(_FORGET)


def without_bytes(result: SubmissionResult) -> SubmissionResult:
    """Return a result whose pictures have no bytes."""
    answers = (replace(one, exhibits=tuple(map(_bare, one.exhibits))) for one in result.answers)
    return replace(result, answers=tuple(answers))


def _bare(exhibit: Exhibit) -> Exhibit:
    return replace(exhibit, pictures=tuple(replace(picture, data="") for picture in exhibit.pictures))


def find_picture(connection: sqlite3.Connection, digest: str) -> bytes | None:
    """Return the bytes of a picture that some submission shows, None where there is none."""
    row = connection.execute(_FIND, (digest,)).fetchone() if _is_there(connection) else None
    return None if row is None else bytes(row[0])


def pictures_of(connection: sqlite3.Connection, key: str) -> Mapping[str, str]:
    """Return the pictures of one submission in base64, by their digests; none in results of an older grader."""
    if not _is_there(connection):
        return {}
    rows = connection.execute(_READ, (key,)).fetchall()
    return {digest: base64.b64encode(content).decode("ascii") for digest, content in rows}


def _is_there(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'picture'").fetchone() is not None
