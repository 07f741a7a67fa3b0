"""Tests of grader.cluster.session: what it does with a scheduler's answers, without a cluster."""

import asyncio
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from grader.cluster.session import ClusterSession


@pytest.mark.parametrize("ticks", range(5))
def test_ctrl_c_is_heeded_at_any_moment(ticks):
    """A cancellation that comes together with the scheduler's answer ends the session; it is never lost."""
    session = object.__new__(ClusterSession)
    session._looked = 0.0
    session._workforce = None
    session._ready = SimpleNamespace(workers={})
    session._admission = SimpleNamespace(look_at=lambda _present: None)

    async def run():
        answered = asyncio.Event()

        async def present():
            await answered.wait()
            return {}

        async def work():
            await session._look()
            await asyncio.sleep(60)

        session._present = present
        working = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        answered.set()
        for _tick in range(ticks):
            await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(working, timeout=5)

    asyncio.run(run())
