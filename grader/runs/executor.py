"""What every executor offers: it takes jobs, and answers each with a result.

`grader.runs.local_processes` are processes of this machine; the coordinator alone writes the store.

Why: docs/decisions.md#executors
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from grader.grading.job import Job, Order
from grader.results.verdict import SubmissionResult

ATTEMPTS = 3  # how often a submission may end the process that grades it


@dataclass(frozen=True, slots=True)
class FinishedJob:
    """Hold the result of a job, the digest of what was graded ("" if nothing was), and where it was done.

    `told` are lines for the log: the ends of grading processes, and what they wrote to stderr.
    """

    job: Job
    result: SubmissionResult
    digest: str
    where: str = ""
    told: tuple[str, ...] = ()


At = Callable[[str, Job | None], None]
"""Called with a worker's name and the job that it begins, or None once it has nothing to do."""


def tell_nobody(_worker: str, _job: Job | None) -> None:
    """Be what an executor calls until somebody watches it."""


class Executor(Protocol):
    """Grade jobs somewhere, several at a time.

    An executor that can say what is under way is also `Watched`; one that can be looked at in a browser has an
    attribute `dashboard` with the address.
    """

    def grade(
        self, order: Order, jobs: Sequence[Job], *, report: Callable[[FinishedJob], None], alone: bool = False
    ) -> None:
        """Grade all jobs, in this order as far as possible, and report each answer in this thread as it comes.

        With `alone` one is graded at a time, so that no other can be in its way.
        Raises the course's or the sandbox's error where nothing can be graded at all. Ctrl-C ends all processes.
        """


@runtime_checkable
class Watched(Protocol):
    """Say what is under way while jobs are graded."""

    def watch(self, at: At) -> None:
        """Call `at`, in the thread that calls `grade`, whenever a job begins somewhere or none is done there."""
