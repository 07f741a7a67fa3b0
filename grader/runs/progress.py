"""How far a run has got: what is done, what is under way, and when the run will probably end.

`grader.runs.batch` feeds it; `grader.runs.progress_file` shows it to other processes, `grader.runs.view` to people.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from grader.grading.job import Job
from grader.results.cost import Cost, cost_of
from grader.results.verdict import Status, SubmissionResult
from grader.runs.executor import FinishedJob
from grader.runs.plan import Step


@dataclass(frozen=True, slots=True)
class JobUnderWay:
    """Say which submission is being graded and by whom, with which tasks (None: all), and for how long."""

    where: str
    submission: str
    tasks: tuple[str, ...] | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Say how far a run has got; `left_s` is how long it will probably take, or None if nobody can know yet.

    `reused` counts the submissions that had nothing left to grade; `not_graded` those on which the grader failed.
    `cpu_s` are the seconds that students' code has computed, `waited_s` those that it slept or waited, and `dearest` is
    the submission that took most of both, "" for none.
    """

    total: int
    done: int
    submissions: int
    reused: int
    not_graded: int
    elapsed_s: float
    left_s: float | None
    under_way: tuple[JobUnderWay, ...] = ()
    cpu_s: float = 0.0
    waited_s: float = 0.0
    dearest: str = ""


@dataclass(slots=True)
class _Begun:
    job: Job
    at: float


class RunProgress:
    """Count a run's jobs. Any thread may ask for a snapshot; `clock` returns seconds."""

    def __init__(
        self, steps: Sequence[Step], *, submissions: int, reused: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._total = len(steps)
        self._submissions = submissions
        self._reused = reused
        self._left = {_key(step.job): step.expected_s for step in steps}
        self._begun: dict[str, _Begun] = {}
        self._took: dict[tuple[str, ...] | None, list[float]] = {}
        self._failed: set[str] = set()
        self._most_busy = 0
        self._costs: dict[str, Cost] = {}

    def at(self, where: str, job: Job | None) -> None:
        """Note that a job begins somewhere, or None: that none is left there."""
        with self._lock:
            if job is None:
                self._begun.pop(where, None)
            else:
                self._begun[where] = _Begun(job, self._clock())
            self._most_busy = max(self._most_busy, len(self._begun))

    def finished(self, finished: FinishedJob, result: SubmissionResult) -> None:
        """Note a job's answer, and the whole result of its submission."""
        with self._lock:
            self._left.pop(_key(finished.job), None)
            begun = self._begun.get(finished.where)
            if begun is not None and begun.job == finished.job:
                del self._begun[finished.where]
            self._took.setdefault(finished.job.tasks, []).append(finished.result.seconds)
            self._costs[result.submission] = cost_of(result)
            if finished.result.status is Status.NOT_GRADED:
                self._failed.add(result.submission)
            else:
                self._failed.discard(result.submission)

    def snapshot(self) -> Snapshot:
        """Return how far the run has got."""
        with self._lock:
            now = self._clock()
            under_way = tuple(
                JobUnderWay(where, begun.job.found.name, begun.job.tasks, now - begun.at)
                for where, begun in sorted(self._begun.items(), key=lambda pair: (len(pair[0]), pair[0]))
            )
            return Snapshot(
                total=self._total,
                done=self._total - len(self._left),
                submissions=self._submissions,
                reused=self._reused,
                not_graded=len(self._failed),
                elapsed_s=now - self._started,
                left_s=self._left_s(now),
                under_way=under_way,
                cpu_s=round(sum(cost.cpu_s for cost in self._costs.values()), 3),
                waited_s=round(sum(cost.waited_s for cost in self._costs.values()), 3),
                dearest=max(self._costs, key=lambda name: _spent_s(self._costs[name]), default=""),
            )

    def _left_s(self, now: float) -> float | None:
        """Return the expected time of all jobs that are left, shared by as many as were busy."""
        total = 0.0
        running = {_key(begun.job): now - begun.at for begun in self._begun.values()}
        for key, expected_s in self._left.items():
            seconds = expected_s if expected_s is not None else self._usual_s(key[1])
            if seconds is None:
                return None
            total += max(0.0, seconds - running.get(key, 0.0))
        return total / max(1, self._most_busy)

    def _usual_s(self, tasks: tuple[str, ...] | None) -> float | None:
        """Return how long jobs with the same tasks took in this run: others may train, and tell nothing of these."""
        seconds = self._took.get(tasks)
        return median(seconds) if seconds else None


def _spent_s(cost: Cost) -> float:
    return cost.cpu_s + cost.waited_s


def _key(job: Job) -> tuple[str, tuple[str, ...] | None]:
    return job.found.name, job.tasks
