"""One grading process of a batch: reads submissions' names from stdin, writes results to stdout, one JSON line each.

Started by `grader.runs.grading_process`; it never sees the store.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from grader.courses.course import read_assignment
from grader.errors import GraderError, SandboxError
from grader.grading.check_session import Selection
from grader.grading.grade import grade_all
from grader.grading.job import Job
from grader.grading.keys import task_digests
from grader.results.results_file import pack
from grader.results.verdict import SubmissionResult
from grader.sandbox.inside import kernel
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.trial import try_server
from grader.sandbox.outside.walls import Wall
from grader.submissions.submission import Found

_SILENT_S = 5.0


def main() -> None:
    """Grade what stdin asks for until it ends."""
    if sys.platform == "linux":
        kernel.die_with_parent(signal.SIGKILL)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed must not look like an answer

    def answer(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    line = sys.stdin.readline()
    if not line:
        return
    order = json.loads(line)
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that everything is cleaned up on the way out
        assignment = read_assignment(Path(order["course"]), order["assignment"])
        selection = Selection(tuple(order["tasks"]))

        def report(result: SubmissionResult, digest: str) -> None:
            answer(result=pack(result), digest=digest)

        digests = task_digests(
            assignment,
            chosen=selection.tasks,
            wall=order["wall"],
            execute=bool(order["executed"]),
            device=order["device"],
        )
        grade_all(
            assignment,
            _asked_for(),
            wall=Wall(order["wall"]),
            report=report,
            selection=selection,
            executed=Path(order["executed"]) if order["executed"] else None,
            alive=SignOfLife(answer, every_s=_SILENT_S),
            digests=digests,
            device=order["device"],
            ready=lambda servers: _try_walls(servers, answer, tells=order["trial"]),
        )
    except GraderError as err:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        answer(kind=type(err).__name__, problem=err.message, remedy=err.remedy)
    except (BrokenPipeError, KeyboardInterrupt):
        with contextlib.suppress(OSError):
            answers.close()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _try_walls(servers: Sequence[ForkServer], answer: Callable[..., None], *, tells: bool) -> None:
    """Try what is not known to work: each wall where this process `tells` that it can grade, and always each card's.

    Raises SandboxError if a tiny submission didn't run there.
    """
    for server in servers:
        finding = try_server(server) if tells or server.device != "cpu" else None
        if finding is not None and not finding.is_good:
            raise SandboxError(f"A trial of the {finding.subject} failed: {finding.message}", remedy=finding.remedy)
    if tells:
        answer(ready=True)


class SignOfLife:
    """Report now and then that grading goes on: one submission with all its training may take hours."""

    def __init__(self, answer: Callable[..., None], *, every_s: float) -> None:
        self._answer = answer
        self._every_s = every_s
        self._told = time.monotonic()

    def __call__(self) -> None:
        """Report it, if the last report is long enough ago."""
        now = time.monotonic()
        if now - self._told >= self._every_s:
            self._told = now
            self._answer(alive=True)


def _asked_for() -> Iterator[Job]:
    for line in sys.stdin:
        message = json.loads(line)
        found = Found(message["name"], Path(os.fsdecode(bytes.fromhex(message["path"]))))
        parcel = Path(message["parcel"]) if message["parcel"] else None
        yield Job(found, tuple(message["tasks"]), tuple(message["checks"]), parcel)


if __name__ == "__main__":
    main()
