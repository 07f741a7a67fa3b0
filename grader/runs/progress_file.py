"""RESULTS/progress.json: how far a run has got, written by the process that coordinates it, read by `grader status`.

`grader.runs.progress` knows the figures; the file is replaced as a whole, so nobody reads half of it.

Why: docs/decisions.md#progress-in-a-file
"""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import cattrs

from grader.errors import StoreError, WrongFolderError
from grader.results.atomic import replace_file
from grader.runs.progress import Snapshot

FILE = "progress.json"
SCHEMA_VERSION = 2
EVERY_S = 1.0
SILENT_S = 30.0  # a coordinator that has written nothing for so long is thought to be dead


class RunState(StrEnum):
    """Name what became of a run: still running, finished, stopped by Ctrl-C, ended by an error, or dead."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Report:
    """Hold what progress.json says: `heartbeat` is when it was written, in seconds since 1970."""

    schema_version: int
    assignment: str
    state: RunState
    pid: int
    host: str
    heartbeat: float
    dashboard: str
    progress: Snapshot


@contextlib.contextmanager
def kept_up(
    folder: Path,
    snapshot: Callable[[], Snapshot],
    *,
    assignment: str,
    dashboard: Callable[[], str] = str,
    every_s: float = EVERY_S,
) -> Iterator[None]:
    """Keep progress.json up to date until the block ends, and say in it how the run ended."""
    ended = threading.Event()

    def write(state: RunState) -> None:
        shown = snapshot() if state is RunState.RUNNING else _at_rest(snapshot())
        report = Report(
            SCHEMA_VERSION, assignment, state, os.getpid(), socket.gethostname(), time.time(), dashboard(), shown
        )
        with contextlib.suppress(StoreError):  # a full disk is told by what stores the results
            replace_file(folder / FILE, json.dumps(asdict(report), indent=1) + "\n")

    def keep_writing() -> None:
        while not ended.wait(every_s):
            write(RunState.RUNNING)

    write(RunState.RUNNING)
    thread = threading.Thread(target=keep_writing, daemon=True, name="progress")
    thread.start()
    state = RunState.FAILED
    try:
        yield
        state = RunState.FINISHED
    except KeyboardInterrupt:
        state = RunState.STOPPED
        raise
    finally:
        ended.set()
        thread.join()
        write(state)


def read_report(folder: Path) -> Report:
    """Read how far the run in a results folder has got, or how it ended. Raises StoreError if there is none."""
    path = folder / FILE
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if plain["schema_version"] != SCHEMA_VERSION:
            raise ValueError("another version")
        report = cattrs.structure(plain, Report)
    except (FileNotFoundError, NotADirectoryError) as err:
        raise _no_run(folder) from err
    except (OSError, ValueError, KeyError, TypeError, cattrs.BaseValidationError) as err:
        raise StoreError(
            f"{path} can't be read ({type(err).__name__}).",
            remedy="Run the same `grader grade` again: it writes a new one, and no result is lost.",
        ) from err
    return _with_death(report)


def _no_run(folder: Path) -> WrongFolderError:
    if (folder / "run.sqlite").is_file():
        return WrongFolderError(
            f"{folder} holds results, but nothing says how their run went.",
            remedy=f"`grader report {folder}` shows what is stored.",
        )
    return WrongFolderError(
        f"{folder} is not a results folder: no run was started there.",
        remedy="Give the folder that `grader grade` was told with --out.",
    )


def _with_death(report: Report) -> Report:
    """Return the report; one that says “running” counts as died if its process is gone or has been silent for long."""
    if report.state is not RunState.RUNNING:
        return report
    is_here = report.host == socket.gethostname()
    if (is_here and not _is_alive(report.pid)) or time.time() - report.heartbeat > SILENT_S:
        return replace(report, state=RunState.DIED, progress=_at_rest(report.progress))
    return report


def _at_rest(shown: Snapshot) -> Snapshot:
    """Return how far a run has got that has ended, however it did: nothing is under way, and nothing will come."""
    return replace(shown, under_way=(), left_s=None)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # there os.kill ends whom it asks about; the heartbeat tells
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
