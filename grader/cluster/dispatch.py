"""Who does what: jobs without an answer, workers that are ready, and which of them gets which job next.

`grader.cluster.session` tells it what happens; nothing here knows of Dask.

Why: docs/decisions.md#the-coordinator-assigns-jobs
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.grading.job import Job
from grader.runs.executor import ATTEMPTS

_PLENTY = 4  # waiting jobs per slot; with as many or more, a worker gets one more than it can do at once


@dataclass(slots=True, eq=False)
class ReadyWorker:
    """Hold a worker that is ready: how many jobs it does at once, what each has to ask for, and those it has now.

    A worker that is `leaving` ends of its own accord, which is no job's fault.
    """

    address: str
    name: str
    slots: int
    resources: Mapping[str, float]
    jobs: set[int] = field(default_factory=set)
    leaving: bool = False


class Workload:
    """Keep the jobs that have no answer yet, in their order, and the workers that ended while they had one.

    `ended` holds the names of those workers for each job.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = tuple(jobs)
        self.unanswered = set(range(len(self.jobs)))
        self._waiting = deque(range(len(self.jobs)))
        self.ended: list[list[str]] = [[] for _job in self.jobs]

    @property
    def waiting(self) -> int:
        """Return how many jobs nobody is doing."""
        return len(self._waiting)

    def next_for(self, worker: ReadyWorker, *, is_alone: bool) -> int | None:
        """Take the next job for a member: a suspect one only where it is alone there."""
        for place, number in enumerate(self._waiting):
            if not self.is_suspect(number) or is_alone:
                del self._waiting[place]
                worker.jobs.add(number)
                return number
        return None

    def is_suspect(self, number: int) -> bool:
        """Tell whether a worker has ended while it had this job."""
        return bool(self.ended[number])

    def has_waiting_suspect(self) -> bool:
        """Tell whether a job waits that has to be alone on its worker."""
        return any(self.is_suspect(number) for number in self._waiting)

    def put_back(self, number: int, *, ended: str = "") -> bool:
        """Put a job back to be done again; return False if this was the third worker that ended while doing it.

        `ended` is that worker's name, or "" if the job is not to blame.
        """
        self.ended[number] += [ended] if ended else []
        if len(self.ended[number]) >= ATTEMPTS:
            return False
        self._waiting.appendleft(number)
        return True

    def answered(self, number: int) -> None:
        """Note that a job has its answer."""
        self.unanswered.remove(number)


class ReadyWorkers:
    """Keep the workers that are ready, by address.

    A job whose worker has ended is done again alone on a worker, so that it can't take others along, nor be blamed
    for what they do.
    """

    def __init__(self, load: Workload) -> None:
        self.workers: dict[str, ReadyWorker] = {}
        self._load = load

    def assign(self) -> list[tuple[ReadyWorker, int]]:
        """Give jobs to the workers that have room, and return which worker got which job."""
        given: list[tuple[ReadyWorker, int]] = []
        able = [worker for worker in self.workers.values() if not worker.leaving]
        if self._load.has_waiting_suspect() and able:
            emptiest = min(able, key=lambda worker: len(worker.jobs))
            able.remove(emptiest)
            if not emptiest.jobs and (number := self._load.next_for(emptiest, is_alone=True)) is not None:
                given.append((emptiest, number))
        slots = sum(worker.slots for worker in able)
        for extra in (0, 1):  # everybody first gets something to do
            for worker in able:
                while self._has_room(worker, extra=extra, slots=slots):
                    number = self._load.next_for(worker, is_alone=False)
                    if number is None:
                        break
                    given.append((worker, number))
        return given

    def _has_room(self, worker: ReadyWorker, *, extra: int, slots: int) -> bool:
        if any(self._load.is_suspect(number) for number in worker.jobs):
            return False
        if extra and self._load.waiting <= _PLENTY * slots:
            return False
        return len(worker.jobs) < worker.slots + extra
