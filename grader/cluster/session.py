"""One connection to a scheduler: makes workers ready, gives them jobs, brings home the answers.

`grader.cluster.executor` opens a new one where the connection is lost; `grader.cluster.crew` decides who gets what.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from distributed import Client
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from grader.atomic import replace_bytes
from grader.cluster import node
from grader.cluster.bundle import Bundle
from grader.cluster.crew import Crew, Member, Workload
from grader.cluster.engines import Running
from grader.errors import SandboxError, SubmissionError
from grader.executor import ATTEMPTS, Answer, Order
from grader.job import Job
from grader.parcel import pack_submission
from grader.points import failed_to_grade, unreadable
from grader.results_file import unpack_result
from grader.submission import read_submission

_LOOK_EVERY_S = 0.5
_KEEP_UP_EVERY_S = 3.0
_TELL_AFTER_S = 15.0
_REFUSED_S = 10.0
_REFUSED_LATER_S = 60.0
_SILENT_S = 30.0
_GOODBYE_S = 10.0
_GOING = ("closing", "closing_gracefully", "closed")


class Disconnected(Exception):
    """Tell that the scheduler does not answer any more."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold what a worker is told of a run: its name, the course, the order, and what has to be the same there."""

    run: str
    order: Order
    bundle: Bundle
    settings: dict[str, Any]
    expected: dict[str, dict[str, str]]
    needs: dict[str, float]


class Session:
    """Work off a workload as long as the connection holds."""

    def __init__(
        self,
        client: Client,
        running: Running,
        terms: Terms,
        load: Workload,
        *,
        report: Callable[[Answer], None],
        tell: Callable[[str], None],
        at: Callable[[str, Job | None], None],
    ) -> None:
        self._client = client
        self._running = running
        self._terms = terms
        self._load = load
        self._report = report
        self._tell = tell
        self._at = at
        self._shown: dict[str, int] = {}
        self._crew = Crew(load)
        self._hiring: dict[asyncio.Task[Any], tuple[str, str]] = {}
        self._working: dict[asyncio.Task[dict[str, Any]], tuple[Member, int]] = {}
        self._refused: dict[str, tuple[str, str]] = {}
        self._told: set[str] = set()
        self._count = 0
        self._looked = self._kept_up = 0.0
        self._idle_since = time.monotonic()
        self._has_begun = False

    async def work(self) -> None:
        """Return when every job has its answer. Raises Disconnected, and SandboxError where every worker refuses."""
        try:
            while self._load.unanswered:
                await self._look()
                for member, number in self._crew.assign():
                    self._working[asyncio.create_task(self._attempt(member, number))] = (member, number)
                self._show()
                tasks = [*self._hiring, *self._working]
                if self._crew.members:
                    self._idle_since = time.monotonic()
                if not tasks:
                    self._wait_for_workers()
                    await asyncio.sleep(_LOOK_EVERY_S)
                    continue
                await asyncio.wait(tasks, timeout=_LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                self._settle()
            self._show()
        finally:
            await self._leave()

    async def _look(self) -> None:
        """Find out which workers there are now: make new ones ready, and take back the jobs of those that are gone."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S:
            return
        self._looked = now
        try:
            present = await asyncio.wait_for(self._present(), timeout=_SILENT_S)
        except (OSError, TimeoutError) as err:
            raise Disconnected from err
        for address, member in list(self._crew.members.items()):
            facts = present.get(address)
            if facts is None or not facts["resources"].get(self._terms.run):
                self._dismiss(member, is_blamed=not member.leaving)
            else:
                member.leaving = facts["status"] in _GOING
        for address in [address for address in self._refused if address not in present]:
            del self._refused[address]
        known = {*self._crew.members, *self._refused, *(address for address, _name in self._hiring.values())}
        for address, facts in present.items():
            if address not in known and facts["status"] not in _GOING:
                self._hiring[asyncio.create_task(self._hire(address))] = (address, _label(facts["name"]))
        if now - self._kept_up > _KEEP_UP_EVERY_S:
            self._kept_up = now
            self._running.keep_up()

    async def _present(self) -> dict[str, Any]:
        """Return what the scheduler knows of its workers, by address."""
        if self._client.scheduler is None:
            raise ConnectionError("the connection is closed")
        identity = await self._client.scheduler.identity()
        return dict(identity["workers"])

    async def _hire(self, address: str) -> Any:
        terms = self._terms
        bundle = (terms.bundle.slug, terms.bundle.content, terms.bundle.digest)
        answers = await self._client.run(
            node.install,
            terms.run,
            bundle=bundle,
            settings=terms.settings,
            execute=terms.order.executed is not None,
            expected=terms.expected,
            needs=terms.needs,
            workers=[address],
            on_error="return",
        )
        return answers.get(address)

    async def _attempt(self, member: Member, number: int) -> dict[str, Any]:
        """Return a worker's message about one job."""
        job = self._load.jobs[number]
        try:
            parcel = await asyncio.to_thread(_pack, job, self._terms.order)
        except SubmissionError as err:
            return {"unreadable": str(err)}
        self._count += 1
        future = self._client.submit(
            node.grade_parcel,
            self._terms.run,
            job.found.name,
            parcel,
            job.tasks,
            job.checks,
            key=f"{self._terms.run}-{self._count}",  # no names of students: everybody sees a scheduler's page
            workers=[member.address],
            allow_other_workers=False,
            resources=dict(member.resources),
            pure=False,
        )
        try:
            message: dict[str, Any] = await future
        finally:
            future.release()
        return message

    def _show(self) -> None:
        """Tell which workers begin another job, and which have none any more."""
        now = {member.name: min(member.jobs) for member in self._crew.members.values() if member.jobs}
        for name in self._shown.keys() - now.keys():
            self._at(name, None)
        for name, number in now.items():
            if self._shown.get(name) != number:
                self._at(name, self._load.jobs[number])
        self._shown = now

    def _settle(self) -> None:
        """Take in what has ended."""
        for hired in [task for task in self._hiring if task.done()]:
            address, name = self._hiring.pop(hired)
            if not hired.cancelled():
                self._take_on(address, name, hired)
        for worked in [task for task in self._working if task.done()]:
            if worked in self._working:  # an earlier one may have dismissed its worker
                self._take_in(worked)

    def _take_on(self, address: str, name: str, task: asyncio.Task[Any]) -> None:
        error = task.exception()
        if error is not None:
            if isinstance(error, OSError | TimeoutError | FutureCancelledError):
                return  # it went while it was asked; where it is still there, it is asked again
            raise error
        match task.result():
            case {"slots": int(slots), "resources": dict(resources)}:
                self._crew.members[address] = Member(address, name, slots, resources)
                self._has_begun = True
            case {"refused": str(problem), "remedy": str(remedy)}:
                self._refuse(address, name, problem, remedy)
            case OSError():
                return
            case Exception() as odd:
                problem = f"torchgrade does not run there ({type(odd).__name__}: {str(odd)[:200]})."
                self._refuse(address, name, problem, "Install the coordinator's version there.")
            case _:
                return

    def _refuse(self, address: str, name: str, problem: str, remedy: str) -> None:
        self._refused[address] = (problem, remedy)
        if problem not in self._told:
            self._told.add(problem)
            where = address if name == address else f"{name} ({address})"
            self._tell(f"Worker {where} gets no work: {problem} {remedy}".strip())

    def _take_in(self, task: asyncio.Task[dict[str, Any]]) -> None:
        """Report a job's answer, or have it done again."""
        member, number = self._working.pop(task)
        member.jobs.discard(number)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, FutureCancelledError):
            self._put_back(number, is_blamed=False)
            raise Disconnected from error
        if isinstance(error, KilledWorker):
            self._put_back(number, is_blamed=True)
            self._dismiss(member, is_blamed=True)
            return
        if error is not None:
            problem = f"grading there fails ({type(error).__name__}: {str(error)[:200]})."
            self._put_back(number, is_blamed=True)
            self._retire(member, problem, "Its log says more.")
            return
        match task.result():
            case {"refused": str(problem), "remedy": str(remedy)}:
                self._put_back(number, is_blamed=False)
                self._retire(member, problem, remedy)
            case {"gone": _}:
                self._put_back(number, is_blamed=True)
                self._dismiss(member, is_blamed=True)
            case message:
                self._answer(number, message, worker=member.name)

    def _answer(self, number: int, message: dict[str, Any], *, worker: str) -> None:
        job, order = self._load.jobs[number], self._terms.order
        name, digest = job.found.name, ""
        match message:
            case {"unreadable": str(problem)}:
                result = unreadable(name, order.assignment, problem=problem, wall=order.wall)
            case {"lost": str(problem)}:
                result = failed_to_grade(name, order.assignment, problem=problem, wall=order.wall)
            case _:
                result, digest = unpack_result(message["result"]), message["digest"]
                for file, content in message["executed"].items():
                    if order.executed is not None and PurePath(file).name == file:
                        replace_bytes(order.executed / file, content)
        self._load.answered(number)
        self._report(Answer(job, result, digest, worker=worker))

    def _put_back(self, number: int, *, is_blamed: bool) -> None:
        """Have a job done again, or give it up where it ended its third worker."""
        if not self._load.put_back(number, is_blamed=is_blamed):
            problem = f"{ATTEMPTS} workers of the cluster ended while they graded it."
            self._answer(number, {"lost": problem}, worker="")

    def _dismiss(self, member: Member, *, is_blamed: bool) -> None:
        """Take a worker's jobs back, and forget the worker: where it is there again, it is made ready again."""
        self._crew.members.pop(member.address, None)
        for task, (owner, number) in list(self._working.items()):
            if owner is member:
                del self._working[task]
                task.cancel()
                self._put_back(number, is_blamed=is_blamed)

    def _retire(self, member: Member, problem: str, remedy: str) -> None:
        """Take a worker's jobs back and give it no others."""
        self._dismiss(member, is_blamed=False)
        self._refuse(member.address, member.name, problem, remedy)

    def _wait_for_workers(self) -> None:
        """Say now and then that there are no workers; raise SandboxError where all that can come refuse."""
        waited_s = time.monotonic() - self._idle_since
        patience_s = _REFUSED_LATER_S if self._has_begun else _REFUSED_S
        if self._refused and len(self._refused) >= self._running.expected and waited_s > patience_s:
            problem, remedy = next(iter(self._refused.values()))
            count = len(self._refused)
            raise SandboxError(
                f"None of the cluster's {count} workers can grade. The first says: {problem}", remedy=remedy
            )
        if waited_s > _TELL_AFTER_S and "waiting" not in self._told:
            self._told.add("waiting")
            self._tell("No worker is ready yet; the run goes on as soon as one is. Ctrl-C ends it.")

    async def _leave(self) -> None:
        """Let go of everything: jobs, workers' processes, the course on them."""
        tasks = [*self._hiring, *self._working]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _task, (_member, number) in self._working.items():
            if number in self._load.unanswered:
                self._load.put_back(number, is_blamed=False)
        self._working.clear()
        workers = [*self._crew.members, *(address for address, _name in self._hiring.values())]
        if self._client.status != "running" or not workers:
            return
        goodbye = self._client.run(node.uninstall, self._terms.run, workers=workers, on_error="ignore")
        try:
            await asyncio.wait_for(goodbye, timeout=_GOODBYE_S)
        except (OSError, TimeoutError, ValueError, FutureCancelledError):
            self._tell("The workers could not be told that the run is over; their processes end when they are idle.")


def _label(name: object) -> str:
    """Return what a worker is called where people read it: Dask's local ones are numbers from 0."""
    return f"worker {name + 1}" if isinstance(name, int) else str(name)


def _pack(job: Job, order: Order) -> bytes:
    return pack_submission(read_submission(job.found, order.assignment))
