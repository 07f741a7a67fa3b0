"""The trusted end of one grading process: starts it, has submissions graded, replaces it when it dies.

`grader.runs.grading_process_main` is the other end; `grader.runs.local_processes` feeds several of them.

Why: docs/decisions.md#grading-processes-speak-json-lines
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from grader.errors import CourseError, SandboxError
from grader.grading.job import Job, Order
from grader.results.results_file import unpack_result
from grader.results.verdict import SubmissionResult
from grader.runs.cards import VISIBLE
from grader.sandbox.outside.bubblewrap import remedy_for_wall
from grader.sandbox.outside.scratch import remove_stale
from grader.sandbox.outside.walls import Wall, temporary_folder
from grader.sandbox.wire.child_python import python_command
from grader.sandbox.wire.limits import guard_s, limits_from

_PATIENCE_S = 3.0
_MOST_WRITTEN = 16 * 1024
LOST = (OSError, EOFError, TimeoutError, ValueError)
"""What is raised when a grading process has died, hangs or sends nonsense."""


class GradingProcess:
    """Talk to a grading process, which is started when there is something to ask and again after `end`.

    `card` is the graphics card that it uses, as CUDA_VISIBLE_DEVICES names it; "" leaves the choice to CUDA.
    Only `end_for_good` may be called from another thread.
    """

    def __init__(self, order: Order, *, card: str = "") -> None:
        self._order = order
        self._card = card
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        self._stopped = False
        self._received = bytearray()
        self._written = bytearray()
        self._left_out = 0

    @property
    def pid(self) -> int:
        """Return the process' number, or 0 if there is none."""
        return self._process.pid if self._process is not None else 0

    def prepare(self) -> None:
        """Start the process and wait until a trial of its wall went well.

        Raises one of LOST, or the error with which nothing can be graded.
        """
        self._read_message(self._start(trial=True))

    def ask(self, job: Job) -> None:
        """Ask for a job, to be done after those asked for before. Raises one of LOST."""
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(
            _line(
                name=job.found.name,
                path=_spelled(job.found.path),
                parts=[[_spelled(part.path), part.own] for part in job.found.parts],
                notes=job.found.notes,
                tasks=job.tasks,
                checks=job.checks,
                packed=str(job.packed or ""),
                personal=[job.personal.seed, job.personal.missing],
                patient=job.patient,
            )
        )
        process.stdin.flush()

    def answer(self) -> tuple[SubmissionResult, str]:
        """Return the result of the first job that has none yet, and the digest of what was graded.

        Waits as long as there are signs of life. Raises one of LOST, or the error with which nothing can be graded.
        """
        assert self._process is not None
        message = self._read_message(self._process)
        return unpack_result(message["result"]), message["digest"]

    def _start(self, *, trial: bool = False) -> subprocess.Popen[bytes]:
        if sys.platform == "win32":
            raise SandboxError("Grading and auditing many submissions needs Linux.", remedy=remedy_for_wall())
        with self._starting:
            if self._stopped:
                raise EOFError("the run was stopped")
            process = self._process = subprocess.Popen(
                python_command("grader.runs.grading_process_main", isolated=False),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | ({VISIBLE: self._card} if self._card else {}),
                start_new_session=True,  # Ctrl-C is ours to handle
            )
        assert process.stdin is not None
        order = self._order
        process.stdin.write(
            _line(
                course=str(order.course),
                assignment=order.assignment.slug,
                wall=order.wall,
                tasks=order.tasks,
                executed=str(order.executed or ""),
                device=order.device,
                apart=order.apart,
                key=order.key,
                trial=trial,
            )
        )
        process.stdin.flush()
        return process

    def _read_message(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        """Return the next message that is more than a sign of life; raise the error that it reports."""
        message = self._read_line(process)
        while "alive" in message:
            message = self._read_line(process)
        if "problem" in message:
            kind = SandboxError if message["kind"] == SandboxError.__name__ else CourseError
            raise kind(message["problem"], remedy=message["remedy"])
        return message

    def _read_line(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        longest_s = longest_silence_s(self._order)
        deadline = time.monotonic() + longest_s
        while b"\n" not in self._received:
            pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None and not pipe.closed]
            ready = select.select(pipes, [], [], max(0.0, deadline - time.monotonic()))[0]
            if process.stderr in ready:
                self._keep_written(process)
            if process.stdout not in ready:
                if time.monotonic() >= deadline:  # what it writes to stderr is not a sign of life
                    raise TimeoutError(f"no sign of life for {longest_s:g} s")
                continue
            part = os.read(process.stdout.fileno(), 1 << 20)
            if not part:
                raise EOFError(f"exit status {process.wait()}")
            self._received += part
        line, _, rest = self._received.partition(b"\n")
        self._received = rest
        message: dict[str, Any] = json.loads(line)
        return message

    def _keep_written(self, process: subprocess.Popen[bytes]) -> None:
        """Keep the end of what the process has written to stderr."""
        assert process.stderr is not None
        part = os.read(process.stderr.fileno(), 1 << 16)
        if not part:
            process.stderr.close()
        self._written += part
        surplus = max(0, len(self._written) - _MOST_WRITTEN)
        self._left_out += surplus
        del self._written[:surplus]

    def _keep_last_words(self, process: subprocess.Popen[bytes]) -> None:
        """Keep what a process that has ended left in the pipe, which holds 64 KiB as a rule."""
        with contextlib.suppress(OSError, ValueError):
            for _part in range(2):
                if process.stderr is not None and select.select([process.stderr], [], [], 0)[0]:
                    self._keep_written(process)

    def take_written(self) -> list[str]:
        """Return the lines that the process has written to stderr since this was asked, at most their last 16 KiB."""
        lines = self._written.decode("utf-8", "replace").splitlines()
        if self._left_out:
            lines.insert(0, f"({self._left_out:,} bytes before this were left out)")
        self._written, self._left_out = bytearray(), 0
        return lines

    def end(self, *, patience_s: float = 0.0) -> None:
        """End the process; whatever it was asked for has to be asked again."""
        process, self._process = self._process, None
        self._received = bytearray()
        if process is None:
            return
        if patience_s:
            process.terminate()  # it ends its fork server and removes its files
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience_s)
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()
        remove_stale(temporary_folder(Wall(self._order.wall)))  # what it had no time to remove
        self._keep_last_words(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def end_for_good(self) -> None:
        """End the process, in the middle of a submission if need be, and start none again."""
        with self._starting:
            self._stopped = True
        self.end(patience_s=_PATIENCE_S)


def longest_silence_s(order: Order) -> float:
    """Return how long a grading process may be silent: as long as one check, or a whole notebook, may take."""
    assignment = order.assignment
    limits = [limits_from({**assignment.limits, **task.limits}) for task in assignment.tasks]
    longest_s = 2 * max(guard_s(one) for one in limits)
    return longest_s + (2 * assignment.notebook.execute_s + 300 if order.executed is not None else 0)


def _spelled(path: Path) -> str:
    """Return a path as letters that any message can hold."""
    return os.fsencode(path.absolute()).hex()


def _line(**message: Any) -> bytes:
    return json.dumps(message).encode() + b"\n"
