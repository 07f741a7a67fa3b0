"""Grade many submissions in parallel: several grading processes, one coordinator that stores each result at once.

`grader.batch_worker` is the other end of each process; `grader.cli` shows the progress.
"""

import collections
import contextlib
import hashlib
import importlib.metadata
import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grader
from grader.assignment import Assignment, grading_files
from grader.errors import CourseError, SandboxError, SubmissionError
from grader.points import failed_to_grade
from grader.results_file import RunInfo, unpack_result
from grader.sandbox.limits import guard_s, limits_from
from grader.store import Store
from grader.submission import Found, read_reference, read_submission
from grader.verdict import SubmissionResult

_ATTEMPTS = 2
_PATIENCE_S = 3.0
_AHEAD = 2  # submissions that a grading process is asked for at a time
_PLENTY = 4  # waiting submissions a process from which on none can run out of work by that
_FEW = 4  # submissions that are worth a process of their own


@dataclass(frozen=True, slots=True)
class Order:
    """Say what every grading process is to do: which course's assignment, behind which wall, which tasks.

    `checks` names, for single submissions, the only checks to run. `executed` is the folder for executed copies of
    notebooks, None where they are not run as a whole.
    """

    course: Path
    assignment: Assignment
    wall: str
    tasks: tuple[str, ...] = ()
    checks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    executed: Path | None = None


def processes_for(count: int, *, wanted: int | None) -> int:
    """Return how many grading processes to start: as wanted, else one for each core that has enough to do."""
    if wanted is not None:
        return max(1, min(wanted, count))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, count // _FEW))


def run_info(order: Order) -> RunInfo:
    """Describe the run, without importing torch."""
    return RunInfo(
        assignment=order.assignment.slug,
        title=order.assignment.title,
        course_digest=course_digest(order),
        grader_version=importlib.metadata.version("torchgrade"),
        torch_version=importlib.metadata.version("torch"),
        wall=order.wall,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def course_digest(order: Order) -> str:
    """Return a digest of all that decides a grade beside the submission: checks, probes, assets, support files, us."""
    assignment = order.assignment
    total = hashlib.sha256(json.dumps([sorted(set(order.tasks)), order.executed is not None]).encode())
    files = {f"checks/{path.name}": path.read_bytes() for path in grading_files(assignment)}
    files |= {f"assets/{path.name}": path.read_bytes() for path in _files_in(assignment.assets)}
    if assignment.reference is not None:
        files |= {f"reference/{name}": data for name, data in read_reference(assignment.reference).items()}
    for path in sorted(Path(grader.__file__).parent.rglob("*.py")):
        files[f"grader/{path.relative_to(Path(grader.__file__).parent)}"] = path.read_bytes()
    for name in sorted(files):
        total.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    total.update(importlib.metadata.version("torch").encode())
    return total.hexdigest()


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []


def still_to_grade(founds: Sequence[Found], *, assignment: Assignment, store: Store) -> list[Found]:
    """Return the submissions that have no result yet for what they hold now."""
    left = []
    for found in founds:
        try:
            digest = read_submission(found, assignment).digest
        except SubmissionError:
            digest = ""
        if not digest or not store.graded(found.name, digest=digest):
            left.append(found)
    return left


def grade_batch(
    order: Order, founds: Sequence[Found], *, jobs: int, report: Callable[[SubmissionResult, str], None]
) -> None:
    """Grade all submissions in `jobs` processes, reporting each result in this thread as it comes.

    A process that dies is replaced; a submission whose process dies twice is `not_graded`. Raises the course's or the
    sandbox's error where nothing can be graded at all. Ctrl-C ends all processes.
    """
    waiting: queue.SimpleQueue[Found] = queue.SimpleQueue()
    for found in founds:
        waiting.put(found)
    answers: queue.SimpleQueue[tuple[SubmissionResult, str] | BaseException | None] = queue.SimpleQueue()
    lanes = [_Lane(order, waiting, answers, plenty=_PLENTY * jobs) for _ in range(jobs)]
    for lane in lanes:
        lane.start()
    running = len(lanes)
    try:
        while running:
            match answers.get():
                case None:
                    running -= 1
                case BaseException() as error:
                    raise error
                case (result, digest):
                    report(result, digest)
    finally:
        for lane in lanes:
            lane.stop()


class _Lane(threading.Thread):
    """Feed one grading process with submissions, restarting it when it dies."""

    def __init__(
        self,
        order: Order,
        waiting: "queue.SimpleQueue[Found]",
        answers: "queue.SimpleQueue[tuple[SubmissionResult, str] | BaseException | None]",
        *,
        plenty: int,
    ) -> None:
        super().__init__(daemon=True)
        self._order = order
        self._waiting = waiting
        self._answers = answers
        self._plenty = plenty
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        self._stopped = False
        self._asked: collections.deque[Found] = collections.deque()
        self._sent = 0
        self._received = bytearray()

    def run(self) -> None:
        """Grade what is waiting until nothing is."""
        try:
            while not self._stopped:
                self._take()
                if not self._asked:
                    break
                self._answers.put(self._answer())
        except BaseException as error:
            if not self._stopped:
                self._answers.put(error)
        self.stop()
        self._answers.put(None)

    def _take(self) -> None:
        """Have a submission asked for, and a second one while there is plenty: then the process never waits for us."""
        while not self._asked or (len(self._asked) < _AHEAD and self._waiting.qsize() > self._plenty):
            try:
                self._asked.append(self._waiting.get_nowait())
            except queue.Empty:
                return

    def _answer(self) -> tuple[SubmissionResult, str]:
        """Return the result of the first submission asked for; those behind it are asked for again where it failed."""
        problem = ""
        for _attempt in range(_ATTEMPTS):
            try:
                message = self._ask()
                answer = unpack_result(message["result"]), message["digest"]
            except (OSError, EOFError, TimeoutError, ValueError) as err:
                problem = f"its grading process ended ({err})."
                self._end_process()
            else:
                self._asked.popleft()
                self._sent -= 1
                return answer
        found = self._asked.popleft()
        return failed_to_grade(found.name, self._order.assignment, problem=problem, wall=self._order.wall), ""

    def _ask(self) -> dict[str, Any]:
        """Send what was not sent yet and wait for the first answer."""
        process = self._process or self._start()
        assert process.stdin is not None
        for found in list(self._asked)[self._sent :]:
            process.stdin.write(_line(name=found.name, path=os.fsencode(found.path.absolute()).hex()))
            self._sent += 1
        process.stdin.flush()
        message = self._read(process)
        if "problem" in message:
            kind = SandboxError if message["kind"] == SandboxError.__name__ else CourseError
            raise kind(message["problem"], remedy=message["remedy"])
        return message

    def _start(self) -> subprocess.Popen[bytes]:
        with self._starting:
            if self._stopped:
                raise EOFError("the run was stopped")
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "grader.batch_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is ours to handle
            )
        assert process.stdin is not None
        order = self._order
        process.stdin.write(
            _line(
                course=str(order.course),
                assignment=order.assignment.slug,
                wall=order.wall,
                tasks=list(order.tasks),
                checks=dict(order.checks),
                executed=str(order.executed or ""),
            )
        )
        return process

    def _read(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        """Wait for the answer, as long as there are signs of life."""
        message = self._read_line(process)
        while "alive" in message:
            message = self._read_line(process)
        return message

    def _read_line(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        longest_s = _longest_silence_s(self._order)
        deadline = time.monotonic() + longest_s
        while b"\n" not in self._received:
            if not select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no sign of life for {longest_s:g} s")
            part = os.read(process.stdout.fileno(), 1 << 20)
            if not part:
                raise EOFError(f"exit status {process.wait()}")
            self._received += part
        line, _, rest = self._received.partition(b"\n")
        self._received = rest
        message: dict[str, Any] = json.loads(line)
        return message

    def _end_process(self, *, patience_s: float = 0.0) -> None:
        process, self._process = self._process, None
        self._sent, self._received = 0, bytearray()
        if process is None:
            return
        if patience_s:
            process.terminate()  # it ends its fork server and removes its files
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience_s)
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def stop(self) -> None:
        """End the grading process, in the middle of a submission if need be."""
        with self._starting:
            self._stopped = True
        self._end_process(patience_s=_PATIENCE_S)


def _longest_silence_s(order: Order) -> float:
    """Return how long a grading process may say nothing: as long as one check may take, or a notebook as a whole."""
    assignment = order.assignment
    limits = [limits_from({**assignment.limits, **task.limits}) for task in assignment.tasks]
    longest_s = 2 * max(guard_s(one) for one in limits)
    return longest_s + (2 * assignment.notebook.execute_s + 300 if order.executed is not None else 0)


def _line(**message: Any) -> bytes:
    return json.dumps(message).encode() + b"\n"
