"""The executor of one machine: several grading processes, each fed by a thread of the coordinator.

`grader.commands.executors` chooses it; each thread talks to one `grader.runs.grading_process`.
"""

import collections
import queue
import threading
from collections.abc import Callable, Sequence

from grader.grading.job import Job, Order
from grader.grading.points import failed_to_grade
from grader.results.verdict import SubmissionResult
from grader.runs.capacity import GRADING_MIB, free_memory_mib, usable_cores
from grader.runs.executor import ATTEMPTS, At, FinishedJob, tell_nobody
from grader.runs.grading_process import LOST, GradingProcess
from grader.sandbox.wire.limits import Limits, limits_from

_AHEAD = 2  # submissions that a grading process is asked for at a time
_PLENTY = 4  # waiting submissions per process; with fewer, one that asks ahead could leave another without work
_FEW = 4  # submissions that are worth a process of their own
_DEFAULT_MIB = Limits().memory_mib


def processes_for(
    count: int, *, wanted: int | None, memory_mib: float = _DEFAULT_MIB, on_cards: int | None = None
) -> int:
    """Return how many grading processes to start for so many jobs.

    As many as `wanted`. Without that, one for each core that has enough to do, but no more than fit into free memory if
    each submission uses all of its `memory_mib`, and no more than the submissions that fit `on_cards`.
    """
    if wanted is not None:
        return max(1, min(wanted, count))
    free_mib = free_memory_mib()
    fitting = count if free_mib is None else int(free_mib // (memory_mib + GRADING_MIB))
    return max(1, min(usable_cores(), count // _FEW, fitting, count if on_cards is None else on_cards))


_Message = FinishedJob | BaseException | tuple[str, Job | None] | None
"""What the thread of a grading process reports: an answer, an error, the job it begins (None: no more), its end."""


class LocalProcesses:
    """Grade with `wanted` processes of this machine (None: as many as fit), which take the `cards` in turn.

    A process that dies is replaced; a submission whose process dies for the third time is `not_graded`.
    """

    def __init__(self, wanted: int | None = None, *, cards: Sequence[str] = ()) -> None:
        self._wanted = wanted
        self._cards = cards
        self._at: At = tell_nobody

    def watch(self, at: At) -> None:
        """Call `at` whenever a grading process begins a job or has none; see `grader.runs.executor.Watched`."""
        self._at = at

    def grade(
        self, order: Order, jobs: Sequence[Job], *, report: Callable[[FinishedJob], None], alone: bool = False
    ) -> None:
        """Grade all jobs and report each answer in this thread; see `grader.runs.executor.Executor`."""
        count = processes_for(
            len(jobs),
            wanted=1 if alone else self._wanted,
            memory_mib=limits_from(order.assignment.limits).memory_mib,
            on_cards=len(self._cards) or None,
        )
        cards = self._cards or ("",)
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        feeders = [
            _ProcessFeeder(
                GradingProcess(order, card=cards[number % len(cards)]),
                order,
                waiting,
                messages,
                plenty=_PLENTY * count,
                name=f"process {number + 1}",
            )
            for number in range(count)
        ]
        for feeder in feeders:
            feeder.start()
        running = len(feeders)
        try:
            while running:
                match messages.get():
                    case None:
                        running -= 1
                    case BaseException() as error:
                        raise error
                    case FinishedJob() as finished:
                        report(finished)
                    case (where, begun):
                        self._at(where, begun)
        finally:
            for feeder in feeders:
                feeder.stop()


class _ProcessFeeder(threading.Thread):
    """Feed one grading process with submissions, replacing it when it dies."""

    def __init__(
        self,
        process: GradingProcess,
        order: Order,
        waiting: "queue.SimpleQueue[Job]",
        messages: "queue.SimpleQueue[_Message]",
        *,
        plenty: int,
        name: str,
    ) -> None:
        super().__init__(daemon=True, name=name)
        self._order = order
        self._waiting = waiting
        self._messages = messages
        self._plenty = plenty
        self._process = process
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
                self._messages.put((self.name, self._asked[0]))
                self._messages.put(self._answer())
        except BaseException as error:
            if not self._stopped:
                self._messages.put(error)
        self.stop()
        self._messages.put((self.name, None))
        self._messages.put(None)

    def _take(self) -> None:
        """Take a submission to ask for, and a second one while there are plenty: the process then never waits."""
        while not self._asked or (len(self._asked) < _AHEAD and self._waiting.qsize() > self._plenty):
            try:
                self._asked.append(self._waiting.get_nowait())
            except queue.Empty:
                return

    def _answer(self) -> FinishedJob:
        """Return the answer to the first job asked for; if that fails, the jobs behind it are asked for again."""
        problem = ""
        told: list[str] = []
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result, digest = self._ask()
            except LOST as err:
                problem = f"its grading process ended ({err})."
                self._process.end()
                self._sent = 0
                told += [f"attempt {attempt} of {ATTEMPTS}: {problem}", *self._process.take_written()]
            else:
                self._sent -= 1
                told += self._process.take_written()
                return FinishedJob(self._asked.popleft(), result, digest, where=self.name, told=tuple(told))
        job = self._asked.popleft()
        failed = failed_to_grade(job.found.name, self._order.assignment, problem=problem, wall=self._order.wall)
        return FinishedJob(job, failed, "", where=self.name, told=tuple(told))

    def _ask(self) -> tuple[SubmissionResult, str]:
        """Ask for what has not been asked for yet and wait for the first answer."""
        for job in list(self._asked)[self._sent :]:
            self._process.ask(job)
            self._sent += 1
        return self._process.answer()

    def stop(self) -> None:
        """End the grading process, in the middle of a submission if need be."""
        self._stopped = True
        self._process.end_for_good()
