"""What submissions are opened in on this system: a fork server where there is fork, else processes of their own.

`grader.grading.opening` opens submissions; `grader.grading.grade` and others start what they are opened in.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from grader.sandbox.outside.forkserver_client import ForkServer, can_fork
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.outside.spawned import SpawnedSandbox
from grader.sandbox.outside.spawner import Spawner
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.limits import Limits

Server = ForkServer | Spawner


def start_server(
    wall: Wall, *, preload: Sequence[str] = (), offered: Sequence[str] = (), device: str = "cpu"
) -> AbstractContextManager[Server]:
    """Return what submissions are opened in on this system; it starts when the context is entered.

    Args:
        wall: what stands between the submissions and this machine.
        preload: modules that are imported before the first submission.
        offered: modules that a fork server imports once a submission has needed them, and new processes at once.
        device: `cpu`, or `cuda` for checks that need a graphics card.
    """
    if can_fork():
        return ForkServer(wall, preload=preload, offered=offered, device=device)
    return Spawner(wall, preload=[*preload, *(name for name in offered if name not in preload)], device=device)


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
