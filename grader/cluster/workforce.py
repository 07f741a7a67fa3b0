"""The jobs or processes that a run has started as workers: begun, counted, and begun again where they have ended.

`grader.cluster.engines` makes one for Dask's LocalCluster and for the classes of dask-jobqueue.
"""

import contextlib
import time
from collections.abc import Callable, Collection
from typing import Any

from distributed.core import Status

_AGAIN_S = 30.0


class Workforce:
    """Keep `count` jobs or processes of a `cluster`, one of Dask's that starts its workers by specification.

    A job is known by its workers, which bear its name: once all of them have been gone for `gone_s`, it has ended. One
    whose workers have never appeared is waiting in the queue.
    """

    def __init__(self, cluster: Any, *, count: int, gone_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._count = count
        self._gone_s = gone_s
        self._clock = clock
        self._seen: dict[Any, float] = {}
        self._not_before = 0.0

    async def start(self) -> None:
        """Start scheduler and workers. Raises RuntimeError with the words of a command that failed."""
        await self._cluster
        await self._begin()

    async def keep_up(self, present: Collection[str]) -> str:
        """Begin others in place of those that have ended; return what prevents that, or "" if nothing does.

        `present` are the names of the workers that are there.
        """
        now = self._clock()
        for name in list(self._cluster.workers):
            if any(worker == str(name) or worker.startswith(f"{name}-") for worker in present):
                self._seen[name] = now
            elif now - self._seen.get(name, now) > self._gone_s:
                await self._forget(name)
        if now < self._not_before:
            return ""
        try:
            await self._begin()
        except (OSError, RuntimeError, ValueError) as err:
            self._not_before = now + _AGAIN_S
            return " ".join(str(err).split())
        return ""

    async def _begin(self) -> None:
        """Begin as many as are missing."""
        cluster = self._cluster
        while len(cluster.worker_spec) < self._count:
            cluster.worker_spec.update(cluster.new_worker_spec())
        if set(cluster.worker_spec) <= set(cluster.workers):
            return
        try:
            await cluster
        except (OSError, RuntimeError, ValueError):
            for name in [name for name, one in cluster.workers.items() if one.status is not Status.running]:
                del cluster.workers[name]
            raise

    async def _forget(self, name: Any) -> None:
        """End one that has not been seen for long, in case it hangs; another one takes its place."""
        del self._seen[name]
        one = self._cluster.workers.pop(name)
        self._cluster.worker_spec.pop(name, None)
        with contextlib.suppress(OSError, RuntimeError):
            await one.close()
