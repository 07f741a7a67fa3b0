"""The executor of one machine: several grading processes, each fed by a thread of the coordinator.

`grader.batch` chooses it; `grader.grading_process` is what each thread talks to.
"""

import collections
import os
import queue
import threading
from collections.abc import Callable, Sequence

from grader.executor import ATTEMPTS, Answer, Order
from grader.grading_process import LOST, GradingProcess
from grader.job import Job
from grader.points import failed_to_grade
from grader.verdict import SubmissionResult

_AHEAD = 2  # submissions that a grading process is asked for at a time
_PLENTY = 4  # waiting submissions a process from which on none can run out of work by that
_FEW = 4  # submissions that are worth a process of their own


def processes_for(count: int, *, wanted: int | None) -> int:
    """Return how many grading processes to start: as wanted, else one for each core that has enough to do."""
    if wanted is not None:
        return max(1, min(wanted, count))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, count // _FEW))


class LocalWorkers:
    """Grade with `count` processes of this machine.

    A process that dies is replaced; a submission whose process dies for the third time is `not_graded`.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def grade(self, order: Order, jobs: Sequence[Job], *, report: Callable[[Answer], None]) -> None:
        """Grade all jobs and report each answer in this thread; see `grader.executor.Executor`."""
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        answers: queue.SimpleQueue[Answer | BaseException | None] = queue.SimpleQueue()
        lanes = [
            _Lane(order, waiting, answers, plenty=_PLENTY * self._count, name=f"worker {number}")
            for number in range(1, self._count + 1)
        ]
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
                    case answer:
                        report(answer)
        finally:
            for lane in lanes:
                lane.stop()


class _Lane(threading.Thread):
    """Feed one grading process with submissions, replacing it when it dies."""

    def __init__(
        self,
        order: Order,
        waiting: "queue.SimpleQueue[Job]",
        answers: "queue.SimpleQueue[Answer | BaseException | None]",
        *,
        plenty: int,
        name: str,
    ) -> None:
        super().__init__(daemon=True, name=name)
        self._order = order
        self._waiting = waiting
        self._answers = answers
        self._plenty = plenty
        self._process = GradingProcess(order)
        self._stopped = False
        self._asked: collections.deque[Job] = collections.deque()
        self._sent = 0

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

    def _answer(self) -> Answer:
        """Return the answer to the first job asked for; those behind it are asked for again where it failed."""
        problem = ""
        for _attempt in range(ATTEMPTS):
            try:
                result, digest = self._ask()
            except LOST as err:
                problem = f"its grading process ended ({err})."
                self._process.end()
                self._sent = 0
            else:
                self._sent -= 1
                return Answer(self._asked.popleft(), result, digest, worker=self.name)
        job = self._asked.popleft()
        failed = failed_to_grade(job.found.name, self._order.assignment, problem=problem, wall=self._order.wall)
        return Answer(job, failed, "", worker=self.name)

    def _ask(self) -> tuple[SubmissionResult, str]:
        """Ask for what was not asked for yet and wait for the first answer."""
        for job in list(self._asked)[self._sent :]:
            self._process.ask(job)
            self._sent += 1
        return self._process.answer()

    def stop(self) -> None:
        """End the grading process, in the middle of a submission if need be."""
        self._stopped = True
        self._process.end_for_good()
