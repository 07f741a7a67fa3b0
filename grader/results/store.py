"""Keeps the results of a run in RESULTS/run.sqlite, one transaction per submission.

`grader.runs.batch` saves into it, `grader.runs.plan` resumes from it, `grader.commands.report` reads all of it.
SQL is here, in `grader.results.pictures`, `grader.answers.store` and `grader.marking.memory`, nowhere else.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.errors import StoreError, WrongFolderError
from grader.results import pictures
from grader.results.results_file import RunInfo, pack_record, unpack_origin, unpack_result, unpack_run
from grader.results.store_errors import named_errors, primary_code
from grader.results.verdict import Origin, Status, SubmissionResult

SCHEMA_VERSION = 2
FILE = "run.sqlite"
_SPELLED = re.compile(r"\\(?:\\|u([0-9a-f]{4}))")

_SCHEMA = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
CREATE TABLE run (info TEXT NOT NULL);
CREATE TABLE submissions (
    submission TEXT PRIMARY KEY,  -- as `spelled` gives it
    status TEXT NOT NULL,
    points REAL NOT NULL,
    max_points REAL NOT NULL,
    percent REAL NOT NULL,
    digest TEXT NOT NULL,         -- of the submission's content
    seconds REAL NOT NULL,
    result TEXT NOT NULL          -- everything, as JSON
) WITHOUT ROWID;
"""

_KEYS = "SELECT submission FROM submissions ORDER BY submission"
_ORIGINS = """
SELECT submission, CASE WHEN json_valid(result) THEN json_extract(result, '$.origin') END
FROM submissions ORDER BY submission
"""
_LOAD = "SELECT result, digest FROM submissions WHERE submission = ?"
_FORGET = "DELETE FROM submissions WHERE submission = ?"
_SAVE = "INSERT OR REPLACE INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Store:
    """Hold the open results of one run; a context manager that closes them.

    Every method raises StoreError when the disk or the file fails. Use it in the thread that opened it.
    """

    def __init__(self, folder: Path, *, connection: sqlite3.Connection, run: RunInfo, files: ExitStack) -> None:
        self.run = run
        self.folder = folder
        self._connection = connection
        self._files = files

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let another process write."""
        self._files.close()

    def result(self, submission: str) -> tuple[SubmissionResult, str] | None:
        """Return a submission's result and the digest of what was graded, None where there is none that can be read."""
        with named_errors(self.folder / FILE):
            row = self._connection.execute(_LOAD, (spelled(submission),)).fetchone()
        if row is None:
            return None
        try:
            return unpack_result(row[0]), row[1]
        except StoreError:
            return None

    def origins(self) -> dict[str, Origin]:
        """Return the names of all submissions that have a result, and where they come from."""
        with named_errors(self.folder / FILE):
            rows = self._connection.execute(_ORIGINS).fetchall()
        return {unspelled(key): unpack_origin(text) for key, text in rows}

    def save(self, result: SubmissionResult, *, digest: str) -> None:
        """Store `result` in place of an earlier one; once this returns, no crash or power cut loses it."""
        with named_errors(self.folder / FILE), self._connection:
            self._save(result, digest)

    def _save(self, result: SubmissionResult, digest: str) -> None:
        numbers = (result.points, result.max_points, result.percent)
        result = pictures.put_aside(self._connection, spelled(result.submission), result)
        row = (spelled(result.submission), result.status.value, *numbers, digest, result.seconds, pack_record(result))
        self._connection.execute(_SAVE, row)

    def revise(self, change: Callable[[SubmissionResult, str], SubmissionResult | None]) -> None:
        """Put what `change` returns for each result and its digest in its place, all or none; None drops it.

        A result that can't be read is dropped as well.
        """
        with named_errors(self.folder / FILE), self._connection:
            for key in self._connection.execute(_KEYS).fetchall():
                text, digest = self._connection.execute(_LOAD, key).fetchone()
                try:
                    result = unpack_result(text)
                except StoreError:
                    self._connection.execute(_FORGET, key)
                    continue
                revised = change(result, digest)
                if revised is None:
                    self._connection.execute(_FORGET, key)
                elif revised is not result:
                    self._save(revised, digest)
            pictures.forget_gone(self._connection)

    def results(self) -> Iterator[SubmissionResult]:
        """Yield the results sorted by submission; saving and reading elsewhere may go on meanwhile.

        One that can't be read does not keep others from being read: in its place comes one that was not graded.
        """
        with named_errors(self.folder / FILE):
            keys = self._connection.execute(_KEYS).fetchall()
        for key in keys:
            with named_errors(self.folder / FILE):
                row = self._connection.execute(_LOAD, key).fetchone()
            if row is None:
                continue
            try:
                yield unpack_result(row[0])
            except StoreError as err:
                why = f"{err.message} The next run grades it again."
                yield SubmissionResult(unspelled(key[0]), Status.NOT_GRADED, 0.0, 0.0, (), notes=(why,))


def read_pictures(folder: Path, submission: str) -> Mapping[str, str]:
    """Return the pictures of a submission in base64, by their digests. Raises StoreError when the disk fails."""
    with ExitStack() as files, named_errors(folder / FILE):
        return pictures.pictures_of(_connect(folder, mode="rw", files=files), spelled(submission))


def open_store(folder: Path, *, run: RunInfo) -> Store:
    """Create the results folder, or resume the run in it, for writing.

    On resuming, `started` and `key` stay those of the first run, and everything else becomes that of `run`. Raises
    StoreError when the folder is another assignment's, in use by another process, damaged or not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise WrongFolderError(
            f"{folder} can't be a folder: a file lies there.", remedy="Name a folder with --out."
        ) from error
    except OSError as error:
        raise StoreError(
            f"The results folder {folder} can't be made: {error.strerror}.", remedy="Name another with --out."
        ) from error
    with ExitStack() as files, named_errors(folder / FILE):
        _lock(folder, files=files)
        connection = _connect(folder, mode="rwc", files=files)
        # A rollback journal, not WAL: WAL needs shared memory, which network home folders don't have.
        # EXTRA also syncs the folder once the journal is deleted: after a power cut it can't come back
        # and undo a result.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        if not _tables(connection):
            _create(connection, run=run)
        run = _resume(folder, connection=connection, run=run)
        connection.execute(pictures.SCHEMA)
        return Store(folder, connection=connection, run=run, files=files.pop_all())


def has_results(folder: Path) -> bool:
    """Tell whether a run has begun to keep results in `folder`; one that was killed before leaves an empty file.

    Raises StoreError when the file can't be read.
    """
    if not (folder / FILE).is_file():
        return False
    with ExitStack() as files, named_errors(folder / FILE):
        return bool(_tables(_connect(folder, mode="rw", files=files)))


def read_store(folder: Path) -> Store:
    """Open the results in `folder` for reading; a run may go on meanwhile."""
    if not (folder / FILE).is_file():
        raise WrongFolderError(
            f"{folder} is not a results folder: it has no {FILE}.",
            remedy="Give the folder that `grader grade` was told with --out.",
        )
    with ExitStack() as files, named_errors(folder / FILE):
        # Not mode=ro: after a kill the first reader must be able to undo the half-written transaction.
        connection = _connect(folder, mode="rw", files=files)
        stored = _stored_run(folder, connection=connection)
        connection.execute("PRAGMA query_only = ON")
        return Store(folder, connection=connection, run=stored, files=files.pop_all())


def _lock(folder: Path, *, files: ExitStack) -> None:
    """Hold the folder for this process until `files` is closed.

    SQLite's own lock on an empty database beside the real one: it works on every platform, goes away with the
    process however that dies, isn't inherited by children (a sandbox that outlives the grader can't keep it),
    and leaves run.sqlite open to readers.
    """
    lock = sqlite3.connect(folder / ".run.lock", timeout=0, isolation_level=None)
    files.callback(lock.close)
    try:
        lock.execute("PRAGMA journal_mode = MEMORY")  # no journal file for a lock that writes nothing
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if primary_code(error) != sqlite3.SQLITE_BUSY:
            raise
        raise WrongFolderError(
            f"A run is in progress in {folder}: another process is writing there.",
            remedy="Wait until it ends or name another folder with --out.",
        ) from error


def _connect(folder: Path, *, mode: str, files: ExitStack) -> sqlite3.Connection:
    uri = f"{(folder / FILE).absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=30)
    files.callback(connection.close)
    return connection


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def _create(connection: sqlite3.Connection, *, run: RunInfo) -> None:
    # `with connection` would not cover CREATE statements; a kill in here leaves no table at all.
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.split(";\n"):
        connection.execute(statement)
    connection.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA_VERSION,))
    connection.execute("INSERT INTO run VALUES (?)", (pack_record(run),))
    connection.commit()


def _resume(folder: Path, *, connection: sqlite3.Connection, run: RunInfo) -> RunInfo:
    stored = _stored_run(folder, connection=connection)
    if stored.assignment != run.assignment:
        raise WrongFolderError(
            f"{folder} holds results of {stored.assignment}, not of {run.assignment}.",
            remedy="Name another folder with --out.",
        )
    resumed = replace(run, started=stored.started, key=stored.key or run.key)
    with connection:
        connection.execute("UPDATE run SET info = ?", (pack_record(resumed),))
    return resumed


def _stored_run(folder: Path, *, connection: sqlite3.Connection) -> RunInfo:
    if not {"schema_version", "run", "submissions"} <= _tables(connection):
        raise WrongFolderError(
            f"{folder / FILE} is not a file of this grader.",
            remedy="Move it away or name another folder with --out.",
        )
    (version,) = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    if version < SCHEMA_VERSION:
        raise WrongFolderError(
            f"{folder} was written by an older grader, whose results this one can't use.",
            remedy="Move it away or name another folder with --out, and grade again.",
        )
    if version != SCHEMA_VERSION:
        raise WrongFolderError(
            f"{folder} was written by a newer grader (schema {version}; this one knows {SCHEMA_VERSION}).",
            remedy="Upgrade with `pip install --upgrade torchgrade`, or name another folder with --out.",
        )
    row = connection.execute("SELECT info FROM run").fetchone()
    return unpack_run(row[0] if row else "")


def spelled(submission: str) -> str:
    r"""Return a spelling that SQLite can hold: `\udcff` for a lone surrogate, `\\` for a backslash."""
    return submission.replace("\\", "\\\\").encode("utf-8", "backslashreplace").decode("utf-8")


def unspelled(key: str) -> str:
    """Return the submission that `spelled` gave this key for."""
    return _SPELLED.sub(lambda match: chr(int(match[1], 16)) if match[1] else "\\", key)
