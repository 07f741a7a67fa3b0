"""The executor of many machines: Dask starts workers and carries messages; only this process has the store.

`grader.commands.executors` chooses it; `grader.cluster.session` does the work.
"""

import asyncio
import contextlib
import itertools
import logging
import secrets
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from distributed import Client

from grader.cluster.admission import WorkerSetup
from grader.cluster.bundle import make_bundle
from grader.cluster.choice import MEMORY, ClusterChoice
from grader.cluster.dispatch import Workload
from grader.cluster.engines import Running, default_processes, open_cluster
from grader.cluster.sameness import data_sets, versions
from grader.cluster.session import ClusterSession, Disconnected
from grader.errors import SandboxError
from grader.grading.job import Job, Order
from grader.runs.capacity import GRADING_MIB
from grader.runs.executor import At, FinishedJob, tell_nobody
from grader.sandbox.wire.limits import limits_from

PATIENCE_S = 300.0
_CONNECT_S = 10.0
_CLOSE_S = 10.0
_LONGEST_PAUSE_S = 10.0


class DaskExecutor:
    """Grade on the workers of a Dask cluster; `processes` are those of a local one, None for one a core.

    `dashboard` is the address of Dask's own page once the scheduler runs, or "" if it has none.
    """

    def __init__(self, choice: ClusterChoice, *, processes: int | None, tell: Callable[[str], None]) -> None:
        self.dashboard = ""
        self._at: At = tell_nobody
        self._choice = choice
        self._processes = processes
        self._tell = tell

    def watch(self, at: At) -> None:
        """Call `at` whenever a worker begins a job or has none any more; see `grader.runs.executor.Watched`."""
        self._at = at

    def grade(
        self, order: Order, jobs: Sequence[Job], *, report: Callable[[FinishedJob], None], alone: bool = False
    ) -> None:
        """Grade all jobs and report each answer in this thread; see `grader.runs.executor.Executor`.

        Raises SandboxError if no scheduler answers, the cluster can't be started, or all workers refuse.
        """
        with _quiet():
            for some in [[job] for job in jobs] if alone else [jobs]:
                asyncio.run(self._grade(order, some, report))

    async def _grade(self, order: Order, jobs: Sequence[Job], report: Callable[[FinishedJob], None]) -> None:
        load = Workload(jobs)
        setup = make_setup(order)
        processes = self._processes or default_processes(len(jobs))
        async with open_cluster(self._choice, processes=processes) as running:
            for count in itertools.count():
                own = replace(setup, run=f"{setup.run}.{count}")
                async with self._connected(running, patience_s=PATIENCE_S if count else _CONNECT_S) as client:
                    with contextlib.suppress(Disconnected):
                        session = ClusterSession(
                            client, running, own, load, report=report, tell=self._tell, at=self._at
                        )
                        await session.work()
                if not load.unanswered:
                    return
                self._tell(
                    f"The scheduler at {running.address} is gone; trying to reach it again for "
                    f"{PATIENCE_S / 60:g} minutes. What was graded is stored."
                )

    @contextlib.asynccontextmanager
    async def _connected(self, running: Running, *, patience_s: float) -> AsyncIterator[Client]:
        client = await _connect(running, patience_s=patience_s)
        try:
            link = client.dashboard_link
            if link and link != self.dashboard:
                self._tell(f"Dask's dashboard: {link}")
            self.dashboard = link or ""
            yield client
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_S):
                    await client.close(timeout=_CLOSE_S / 2)


async def _connect(running: Running, *, patience_s: float) -> Client:
    """Connect to the scheduler, trying again with growing pauses. Raises SandboxError after `patience_s`."""
    end = time.monotonic() + patience_s
    pause_s = 0.5
    while True:
        client = Client(
            running.address,
            asynchronous=True,
            set_as_default=False,
            timeout=min(5.0, patience_s),
            security=running.security,
        )
        try:
            await client
        except (OSError, TimeoutError, RuntimeError, ValueError) as err:
            with contextlib.suppress(Exception):
                await client.close(timeout=1)
            if time.monotonic() + pause_s > end:
                raise SandboxError(
                    f"No scheduler answers at {running.address}: {str(err)[:300]}",
                    remedy="Is it running, and reachable from here? What was graded is stored: run the same command "
                    "again.",
                ) from err
        else:
            return client
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def make_setup(order: Order) -> WorkerSetup:
    """Return what a worker has to know of an order."""
    assignment = order.assignment
    apart = ("course", "assignment", "executed")
    settings: dict[str, Any] = {
        field.name: getattr(order, field.name) for field in fields(order) if field.name not in apart
    }
    limits = [limits_from({**assignment.limits, **task.limits}) for task in assignment.tasks]
    needs = {MEMORY: (max(one.memory_mib for one in limits) + GRADING_MIB) * 2**20}
    if order.device == "cuda":
        needs["GPU"] = 1.0
    return WorkerSetup(
        run=f"torchgrade-{secrets.token_hex(6)}",
        order=order,
        bundle=make_bundle(assignment),
        settings=settings,
        expected={"versions": versions(), "data": data_sets(assignment)},
        needs=needs,
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own messages off the terminal: the session reports what matters."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
