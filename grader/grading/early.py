"""Begin the fork server before this process reads a check: torch is imported once, or on both sides at the same time.

`grader.commands.check` and `grader.runs.grading_process_main` do so, and import what grades meanwhile.

Why: docs/decisions.md#one-import-of-torch
"""

import contextlib
import os
import sys
from collections.abc import Iterator

from grader.errors import CourseError
from grader.grading.job import Order
from grader.grading.probe_sources import needed_by_probes
from grader.sandbox.outside.forkserver_client import ForkServer, can_fork
from grader.sandbox.outside.walls import OF_LIBRARIES, Launched, Wall, launch


@contextlib.contextmanager
def begun_server(order: Order, *, forks: bool = False) -> Iterator[ForkServer | None]:
    """Begin a fork server for an order, and end it in the end; None where it has to begin later, or not at all.

    It is started, and imports torch while this process does. With `forks`, and behind the wall `process`, it is forked
    from this process, which has imported torch and read nothing of the course but assignment.toml. Raises SandboxError
    where that can't be done.
    """
    wall = Wall(order.wall)
    if wall is Wall.INLINE or not can_fork() or "torch" in sys.modules:
        yield None
        return
    server = ForkServer(wall, first=_forked_from_here if forks and wall is Wall.PROCESS else None)
    with contextlib.closing(server):
        server.begin()
        with contextlib.suppress(CourseError):  # told once probes are read to be used
            server.prepare(preload=needed_by_probes(order.assignment), offered=order.assignment.sandbox.preload)
        yield server


def _forked_from_here(wall: Wall, control: int, *, device: str = "cpu") -> Launched:
    """Import torch, as a fork server of its own would, and fork; start one where that can't be done."""
    ours = frozenset(sys.modules)
    with _settings_of_libraries():
        from grader.sandbox.outside.forked import can_be_forked, fork_server
    if not can_be_forked():
        return launch(wall, control, device=device)
    return fork_server(wall, control, device=device, ours=ours)


@contextlib.contextmanager
def _settings_of_libraries() -> Iterator[None]:
    """Let libraries find the settings with which they are imported for students' code."""
    before = {name: os.environ.get(name) for name in OF_LIBRARIES}
    os.environ.update(OF_LIBRARIES)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
