"""The grading processes of one worker for one run: as many as submissions fit there, each with a thread of its own.

`grader.cluster.node` makes them ready and asks them.
"""

import asyncio
import queue
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin

from grader.errors import GraderError
from grader.grading.job import Job, Order
from grader.results.results_file import pack_record
from grader.runs.executor import ATTEMPTS
from grader.runs.grading_process import LOST, GradingProcess

IDLE_S = 600.0
_LOOK_EVERY_S = 30.0


class GradingProcesses(WorkerPlugin):
    """Hold a worker's grading processes for one run, and end them with the run or the worker.

    A process that nobody has asked anything for `IDLE_S` ends as well: then its coordinator has probably been killed.
    """

    def __init__(self, order: Order, folder: Path, *, slots: int) -> None:
        self._folder = folder
        self._slots = [_Slot(order, folder / f"slot{number}") for number in range(slots)]
        self._free: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        for slot in self._slots:
            self._free.put(slot)
        self._watch: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Start a grading process and wait for a trial of its wall. Raises GraderError or one of LOST."""
        self._slots[0].prepare()

    def setup(self, worker: Worker) -> None:
        """Begin to look for processes that are idle."""
        self._watch = asyncio.create_task(self._end_idle())

    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for slot in self._slots:
                slot.rest(after_s=IDLE_S)

    def grade(self, job: Job, packed: bytes) -> dict[str, Any]:
        """Grade a submission in the next process that is free, and return plain values."""
        slot = self._free.get()
        try:
            return slot.grade(job, packed)
        finally:
            self._free.put(slot)

    async def teardown(self, worker: Worker) -> None:
        """End all grading processes, in the middle of a submission if need be, and remove the course."""
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.to_thread(self.end)

    def end(self) -> None:
        """End all grading processes at once and remove their files."""
        with ThreadPoolExecutor(len(self._slots)) as pool:
            list(pool.map(_Slot.end, self._slots))
        shutil.rmtree(self._folder, ignore_errors=True)


class _Slot:
    """Keep one grading process, and a thread that starts it: the process dies with the thread that started it."""

    def __init__(self, order: Order, folder: Path) -> None:
        folder.mkdir()
        self._packed = folder / "packed"
        self._executed = folder / "executed"
        own = self._executed if order.executed is not None else None
        self._process = GradingProcess(replace(order, executed=own))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="grading")
        self._used = time.monotonic()

    def prepare(self) -> None:
        self._thread.submit(self._process.prepare).result()

    def grade(self, job: Job, packed: bytes) -> dict[str, Any]:
        return self._thread.submit(self._grade, job, packed).result()

    def _grade(self, job: Job, packed: bytes) -> dict[str, Any]:
        self._packed.write_bytes(packed)
        shutil.rmtree(self._executed, ignore_errors=True)
        problem = ""
        told: list[str] = []
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._process.ask(replace(job, packed=self._packed))
                result, digest = self._process.answer()
            except LOST as err:
                problem = f"its grading process ended ({err})."
                self._process.end()
                told += [f"attempt {attempt} of {ATTEMPTS}: {problem}", *self._process.take_written()]
            except GraderError as err:
                self._process.end()
                return {"refused": err.message, "remedy": err.remedy}
            else:
                told += self._process.take_written()
                return {
                    "result": pack_record(result),
                    "digest": digest,
                    "told": told,
                    "executed": self._executed_files(),
                }
            finally:
                self._used = time.monotonic()
        return {"lost": problem, "told": told}

    def _executed_files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self._executed.glob("*") if path.is_file()}

    def rest(self, *, after_s: float) -> None:
        if self._process.pid and time.monotonic() - self._used > after_s:
            self._thread.submit(self._rest, after_s)

    def _rest(self, after_s: float) -> None:
        if time.monotonic() - self._used > after_s:
            self._process.end()

    def end(self) -> None:
        self._process.end_for_good()
        self._thread.shutdown(wait=False, cancel_futures=True)
