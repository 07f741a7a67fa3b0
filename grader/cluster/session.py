"""One connection to a scheduler: gives its workers jobs, brings home the answers, notices who is gone.

`grader.cluster.executor` opens a new one where the connection is lost; `grader.cluster.admission` makes workers ready,
`grader.cluster.dispatch` decides who gets what.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from distributed import Client
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from grader.cluster import node
from grader.cluster.admission import Admission, WorkerSetup, dismiss
from grader.cluster.dispatch import ReadyWorker, ReadyWorkers, Workload
from grader.cluster.engines import Running
from grader.cluster.finished_jobs import read_finished_job
from grader.errors import GraderError, SubmissionError, UnclearError
from grader.grading.job import Job, Order
from grader.runs.executor import ATTEMPTS, FinishedJob
from grader.submissions.packing import pack_submission
from grader.submissions.submission import read_submission

_LOOK_EVERY_S = 0.5
_KEEP_UP_EVERY_S = 3.0
_SILENT_S = 30.0
_GOODBYE_S = 15.0
_GOING = ("closing", "closing_gracefully", "closed")
_LOST = f"{ATTEMPTS} workers of the cluster ended while they graded it."


class Disconnected(Exception):
    """Tell that the scheduler does not answer any more."""


class ClusterSession:
    """Work through a workload as long as the connection holds."""

    def __init__(
        self,
        client: Client,
        running: Running,
        setup: WorkerSetup,
        load: Workload,
        *,
        report: Callable[[FinishedJob], None],
        tell: Callable[[str], None],
        at: Callable[[str, Job | None], None],
    ) -> None:
        self._client = client
        self._workforce = running.workforce
        self._setup = setup
        self._load = load
        self._report = report
        self._tell = tell
        self._at = at
        self._ready = ReadyWorkers(load)
        self._admission = Admission(client, setup, self._ready, expected=running.expected, tell=tell)
        self._working: dict[asyncio.Task[dict[str, Any]], tuple[ReadyWorker, int]] = {}
        self._keeping: asyncio.Task[str] | None = None
        self._shown: dict[str, int] = {}
        self._count = 0
        self._looked = self._kept_up = 0.0

    async def work(self) -> None:
        """Return when every job has its answer. Raises Disconnected, and SandboxError where every worker refuses."""
        try:
            while self._load.unanswered:
                await self._look()
                for worker, number in self._ready.assign():
                    self._working[asyncio.create_task(self._attempt(worker, number))] = (worker, number)
                self._show()
                self._admission.watch()
                tasks = [*self._admission.tasks, *self._working] or [asyncio.create_task(asyncio.sleep(_LOOK_EVERY_S))]
                await asyncio.wait(tasks, timeout=_LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                self._admission.settle()
                self._settle()
            self._show()
        finally:
            await self._leave()

    async def _look(self) -> None:
        """Find out which workers there are now, and take back the jobs of those that are gone."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S:
            return
        self._looked = now
        try:
            async with asyncio.timeout(_SILENT_S):
                present = await self._present()
        except (OSError, TimeoutError) as err:
            raise Disconnected from err
        for address, worker in list(self._ready.workers.items()):
            facts = present.get(address)
            if facts is None or not facts["resources"].get(self._setup.run):
                self._dismiss(worker, has_ended=not worker.leaving)
            else:
                worker.leaving = facts["status"] in _GOING
        staying = {address: facts for address, facts in present.items() if facts["status"] not in _GOING}
        self._admission.look_at({address: _label(facts["name"]) for address, facts in staying.items()})
        if self._workforce is not None and now - self._kept_up > _KEEP_UP_EVERY_S:
            self._kept_up = now
            self._keep_up({str(facts["name"]) for facts in present.values()})

    async def _present(self) -> dict[str, Any]:
        """Return what the scheduler knows of its workers, by address."""
        if self._client.scheduler is None:
            raise ConnectionError("the connection is closed")
        identity = await self._client.scheduler.identity()
        return dict(identity["workers"])

    def _keep_up(self, names: set[str]) -> None:
        """Start others in place of workers that have ended, without waiting for them."""
        assert self._workforce is not None
        if self._keeping is not None and self._keeping.done() and (problem := self._keeping.result()):
            self._admission.say_once(f"No worker can be started in place of one that has ended: {problem}")
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._workforce.keep_up(names))

    async def _attempt(self, worker: ReadyWorker, number: int) -> dict[str, Any]:
        """Return a worker's message about one job."""
        job = self._load.jobs[number]
        try:
            packed = await asyncio.to_thread(_pack, job, self._setup.order)
        except SubmissionError as err:
            return {"unreadable": str(err), "unclear": isinstance(err, UnclearError)}
        except Exception as err:  # one submission never ends the run of all others
            return {"lost": f"{type(err).__name__}: {err}".rstrip(".") + "."}
        self._count += 1
        future = self._client.submit(
            node.grade_packed,
            self._setup.run,
            job.found.name,
            packed,
            job.tasks,
            job.checks,
            (job.personal.seed, job.personal.missing),
            job.patient,
            key=f"{self._setup.run}-{self._count}",  # no names of students: everybody sees a scheduler's page
            workers=[worker.address],
            allow_other_workers=False,
            resources=dict(worker.resources),
            pure=False,
        )
        try:
            message: dict[str, Any] = await future
        finally:
            future.release()
        return message

    def _show(self) -> None:
        """Report which workers begin another job, and which have none left."""
        now = {worker.name: min(worker.jobs) for worker in self._ready.workers.values() if worker.jobs}
        for name in self._shown.keys() - now.keys():
            self._at(name, None)
        for name, number in now.items():
            if self._shown.get(name) != number:
                self._at(name, self._load.jobs[number])
        self._shown = now

    def _settle(self) -> None:
        """Take in the answers that have come."""
        for task in [task for task in self._working if task.done()]:
            if task in self._working:  # an earlier answer may have dismissed its worker
                self._take_in(task)

    def _take_in(self, task: asyncio.Task[dict[str, Any]]) -> None:
        """Report a job's answer, or have it done again."""
        worker, number = self._working.pop(task)
        worker.jobs.discard(number)
        if task.cancelled():
            self._put_back(number)
            return
        match task.exception() or task.result():
            case GraderError() as error:  # the coordinator's own: the course can't be read any more
                raise error
            case FutureCancelledError() as error:
                self._put_back(number)
                raise Disconnected from error
            case KilledWorker() | {"gone": True}:
                self._put_back(number, ended=worker.name)
                self._dismiss(worker, has_ended=True)
            case BaseException() as error:
                self._put_back(number, ended=worker.name)
                problem = f"grading there fails ({type(error).__name__}: {str(error)[:200]})."
                self._retire(worker, problem, "Its log says more.")
            case {"refused": str(problem), "remedy": str(remedy)}:
                self._put_back(number, ended=worker.name)
                self._retire(worker, problem, remedy)
            case message:
                self._answer(number, message, where=worker.name)

    def _answer(self, number: int, message: dict[str, Any], *, where: str) -> None:
        finished = read_finished_job(message, self._load.jobs[number], self._setup.order, where=where)
        ends = [f"its worker ended: {name}" for name in self._load.ended[number]]
        self._load.answered(number)
        self._report(replace(finished, told=(*ends, *finished.told)))

    def _put_back(self, number: int, *, ended: str = "") -> None:
        """Put a job back to be done again, or give it up if it has ended its third worker."""
        if not self._load.put_back(number, ended=ended):
            self._answer(number, {"lost": _LOST}, where="")

    def _dismiss(self, worker: ReadyWorker, *, has_ended: bool) -> None:
        """Take a worker's jobs back, and forget the worker: if it reappears, it is made ready again."""
        self._ready.workers.pop(worker.address, None)
        for task, (owner, number) in list(self._working.items()):
            if owner is worker:
                del self._working[task]
                task.cancel()
                self._put_back(number, ended=worker.name if has_ended else "")

    def _retire(self, worker: ReadyWorker, problem: str, remedy: str) -> None:
        """Take a worker's jobs back and give it no others."""
        self._dismiss(worker, has_ended=False)
        self._admission.refuse(worker.address, worker.name, problem, remedy)

    async def _leave(self) -> None:
        """Let go of everything: jobs, workers' processes, the course on them."""
        addresses = [*self._ready.workers, *self._admission.addresses]
        tasks = [*self._admission.tasks, *self._working, *([self._keeping] if self._keeping is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _worker, number in self._working.values():
            self._load.put_back(number)
        self._working.clear()
        if self._client.status != "running" or not addresses:
            return
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await dismiss(self._client, self._setup.run, addresses)
        except (OSError, TimeoutError, ValueError, FutureCancelledError):
            self._tell("The workers could not be told that the run is over; their processes end when they are idle.")


def _label(name: object) -> str:
    """Return what a worker is called where people read it: Dask's local ones are numbers from 0."""
    return f"worker {name + 1}" if isinstance(name, int) else str(name)


def _pack(job: Job, order: Order) -> bytes:
    return pack_submission(read_submission(job.found, order.assignment))
