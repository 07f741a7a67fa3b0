"""One grading process of a batch: reads submissions' names from stdin, writes results to stdout, one JSON line each.

Started by `grader.runs.grading_process`; it never sees the store.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.courses.course import read_assignment
from grader.courses.personal import Personal
from grader.errors import GraderError, SandboxError
from grader.grading.early import begun_server
from grader.grading.job import Job, Order
from grader.grading.keys import digests_of
from grader.results.results_file import pack_record
from grader.results.verdict import SubmissionResult
from grader.submissions.submission import Found
from grader.submissions.uploads import Part

if TYPE_CHECKING:
    from grader.sandbox.outside.servers import Server

_SILENT_S = 5.0


def main() -> None:
    """Grade what stdin asks for until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed must not look like an answer

    def answer(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    line = sys.stdin.readline()
    if not line:
        return
    jobs = _Jobs()
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that everything is cleaned up on the way out
        message = json.loads(line)
        order = _order_of(message)

        def report(result: SubmissionResult, digest: str) -> None:
            answer(result=pack_record(result), digest=digest)

        with begun_server(order) as begun:
            from grader.grading.grade import grade_all  # imports torch, meanwhile

            grade_all(
                order,
                jobs,
                report=report,
                alive=SignOfLife(answer, every_s=_SILENT_S),
                digests=digests_of(order),
                ready=lambda servers: _try_walls(servers, answer, tells=message["trial"]),
                begun=begun,
            )
    except GraderError as err:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if jobs.have_begun:  # this process is of no use any more; the next one is asked the same again
            raise
        answer(kind=type(err).__name__, problem=err.message, remedy=err.remedy)
    except (BrokenPipeError, KeyboardInterrupt):
        with contextlib.suppress(OSError):
            answers.close()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _try_walls(servers: "Sequence[Server]", answer: Callable[..., None], *, tells: bool) -> None:
    """Try what is not known to work: each wall where this process `tells` that it can grade, and always each card's.

    Raises SandboxError if a tiny submission didn't run there.
    """
    from grader.sandbox.outside.trial import try_server

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


def _order_of(message: Mapping[str, Any]) -> Order:
    course = Path(message["course"])
    return Order(
        course,
        read_assignment(course, message["assignment"]),
        wall=message["wall"],
        tasks=_names(message["tasks"]),
        executed=Path(message["executed"]) if message["executed"] else None,
        device=message["device"],
        key=message["key"],
        apart=message["apart"],
    )


class _Jobs:
    """Yield the jobs that stdin asks for; `have_begun` tells whether there was one."""

    def __init__(self) -> None:
        self.have_begun = False

    def __iter__(self) -> Iterator[Job]:
        for line in sys.stdin:
            self.have_begun = True
            message = json.loads(line)
            parts = tuple(Part(_path(path), own) for path, own in message["parts"])
            found = Found(message["name"], _path(message["path"]), parts=parts, notes=tuple(message["notes"]))
            packed = Path(message["packed"]) if message["packed"] else None
            personal = Personal(*message["personal"])
            tasks, checks = _names(message["tasks"]), _names(message["checks"])
            yield Job(found, tasks, checks, packed, personal, patient=message["patient"])


def _names(listed: list[str] | None) -> tuple[str, ...] | None:
    """Return the tasks or checks of a message, None where all are meant."""
    return None if listed is None else tuple(listed)


def _path(spelled: str) -> Path:
    return Path(os.fsdecode(bytes.fromhex(spelled)))
