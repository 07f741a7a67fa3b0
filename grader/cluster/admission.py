"""Who may grade: asks each worker that appears to prove itself, and keeps those that refuse, with their words.

`grader.cluster.session` looks which workers there are; `grader.cluster.node` is what they are asked.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from distributed import Client
from distributed.client import FutureCancelledError

from grader.cluster import node
from grader.cluster.bundle import Bundle
from grader.cluster.dispatch import ReadyWorker, ReadyWorkers
from grader.errors import SandboxError
from grader.grading.job import Order

_REFUSED_S = 10.0
_REFUSED_LATER_S = 60.0
_TELL_AFTER_S = 15.0
_SAME_VERSION = "Install the coordinator's version there."


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """Hold what a worker is told of a run: its name, the course, the order, and what has to be the same there."""

    run: str
    order: Order
    bundle: Bundle
    settings: dict[str, Any]
    expected: dict[str, dict[str, str]]
    needs: dict[str, float]


class Admission:
    """Make workers ready, each as soon as it appears; `expected` is how many may appear."""

    def __init__(
        self, client: Client, setup: WorkerSetup, ready: ReadyWorkers, *, expected: int, tell: Callable[[str], None]
    ) -> None:
        self._client = client
        self._setup = setup
        self._ready = ready
        self._expected = expected
        self._tell = tell
        self._asked: dict[asyncio.Task[Any], tuple[str, str]] = {}
        self._refused: dict[str, tuple[str, str]] = {}
        self._told: set[str] = set()
        self._idle_since = time.monotonic()
        self._has_begun = False

    @property
    def tasks(self) -> list[asyncio.Task[Any]]:
        """Return the Dask tasks that run until a worker has answered."""
        return [*self._asked]

    @property
    def addresses(self) -> list[str]:
        """Return the workers that have been asked and did not answer yet."""
        return [address for address, _name in self._asked.values()]

    def look_at(self, present: dict[str, str]) -> None:
        """Ask the workers that are new; `present` maps addresses to names."""
        for address in self._refused.keys() - present.keys():
            del self._refused[address]
        known = {*self._ready.workers, *self._refused, *self.addresses}
        for address, name in present.items():
            if address not in known:
                self._asked[asyncio.create_task(self._ask(address))] = (address, name)

    async def _ask(self, address: str) -> Any:
        setup = self._setup
        answers = await self._client.run(
            node.install,
            setup.run,
            bundle=(setup.bundle.slug, setup.bundle.content, setup.bundle.digest),
            settings=setup.settings,
            execute=setup.order.executed is not None,
            expected=setup.expected,
            needs=setup.needs,
            workers=[address],
            on_error="return",
        )
        return answers.get(address)

    def settle(self) -> None:
        """Take on the workers that are ready now. Raises what no worker is to blame for."""
        for task in [task for task in self._asked if task.done()]:
            address, name = self._asked.pop(task)
            if not task.cancelled():
                self._take_on(address, name, task)

    def _take_on(self, address: str, name: str, task: asyncio.Task[Any]) -> None:
        error = task.exception()
        match error or task.result():
            case OSError() | TimeoutError() | FutureCancelledError():
                return  # it left while it was being asked; if it comes back, it is asked again
            case {"slots": int(slots), "resources": dict(resources)}:
                self._ready.workers[address] = ReadyWorker(address, name, slots, resources)
                self._has_begun = True
            case {"refused": str(problem), "remedy": str(remedy)}:
                self.refuse(address, name, problem, remedy)
            case Exception() as odd:
                problem = f"torchgrade does not run there ({type(odd).__name__}: {str(odd)[:200]})."
                self.refuse(address, name, problem, _SAME_VERSION)

    def refuse(self, address: str, name: str, problem: str, remedy: str) -> None:
        """Give a worker no work, and say why where nobody has said it yet."""
        self._refused[address] = (problem, remedy)
        if problem not in self._told:
            self._told.add(problem)
            where = address if name == address else f"{name} ({address})"
            self._tell(f"Worker {where} gets no work: {problem} {remedy}".strip())

    def watch(self) -> None:
        """Say once that no worker is ready; raise SandboxError if every worker that can appear refuses."""
        now = time.monotonic()
        if self._ready.workers or self._asked:
            self._idle_since = now
            return
        waited_s = now - self._idle_since
        patience_s = _REFUSED_LATER_S if self._has_begun else _REFUSED_S
        if len(self._refused) >= max(1, self._expected) and waited_s > patience_s:
            problem, remedy = next(iter(self._refused.values()))
            count = len(self._refused)
            raise SandboxError(
                f"None of the cluster's {count} workers can grade. The first says: {problem}", remedy=remedy
            )
        if waited_s > _TELL_AFTER_S:
            self.say_once("No worker is ready yet; the run goes on as soon as one is. Ctrl-C ends it.")

    def say_once(self, text: str) -> None:
        """Tell the user something that would otherwise be told again and again."""
        if text not in self._told:
            self._told.add(text)
            self._tell(text)


async def dismiss(client: Client, run: str, addresses: Collection[str]) -> None:
    """Have workers end what a run has left there."""
    await client.run(node.uninstall, run, workers=[*addresses], on_error="ignore")
