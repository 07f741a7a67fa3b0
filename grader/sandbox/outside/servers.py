"""What submissions are opened in on this system: a fork server where there is fork, else processes of their own.

`grader.grading.opening` opens submissions; `grader.grading.grade` starts what they are opened in.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.outside.spawned import SpawnedSandbox
from grader.sandbox.outside.spawner import Spawner
from grader.sandbox.wire.limits import Limits

Server = ForkServer | Spawner
StartServer = Callable[..., AbstractContextManager[Server]]


def open_in(
    server: Server,
    *,
    files: Mapping[str, bytes],
    probes: Mapping[str, bytes],
    limits: Limits,
    shims: Sequence[str] = (),
) -> WalledSandbox | SpawnedSandbox:
    """Open a submission in what the system has."""
    if isinstance(server, Spawner):
        return SpawnedSandbox(server, files=files, probes=probes, limits=limits, shims=shims)
    return WalledSandbox(server, files=files, probes=probes, limits=limits, shims=shims)
