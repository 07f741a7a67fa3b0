"""A submission's share of the processors: all its processes together weigh as much as one.

`grader.sandbox.inside.supervisor` keeps one for each submission and calls it while it watches. Many busy processes get
so low a priority that their weights add up to that of one: then a neighbour runs as fast as beside a single process.
Priorities can't be raised again without rights that no submission has.

Why: docs/decisions.md#a-fair-share-by-priority
"""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Self

_EVERY_S = 0.1
_CROWD = 1.5  # tasks that want to run at a time, for each that may
_BUSY_S = 0.001
_WEIGHTS = (
    1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
)  # fmt: skip
"""The kernel's weights of priorities 0 to 19."""


class FairShare:
    """Lower the priority of the descendants of a process where more of them want to run than may.

    `proc` is an open /proc in which this process sees them under the numbers by which it can name them; `tasks` is how
    many threads may be busy.
    """

    def __init__(self, proc: int, *, tasks: float) -> None:
        self._proc = proc
        self._tasks = max(1.0, tasks)
        self._looked = time.monotonic()
        self._wanted: dict[int, float] | None = None  # by task, at the last look
        self._priorities: dict[int, int] = {}

    @classmethod
    def of_own(cls, *, tasks: float) -> Self | None:
        """Return one for processes that this process' own /proc shows, None where there is no /proc."""
        try:
            return cls(os.open("/proc", os.O_RDONLY | os.O_DIRECTORY), tasks=tasks)
        except OSError:
            return None

    def keep(self, root: int) -> None:
        """Look at the descendants of `root`, ten times a second at most, and lower their priority if need be."""
        now = time.monotonic()
        if now - self._looked < _EVERY_S:
            return
        passed, self._looked = now - self._looked, now
        before, tasks = self._wanted, {task: (total, runs) for task, total, runs in self._all_tasks(root)}
        self._wanted = {task: total for task, (total, _runs) in tasks.items()}
        if before is None:
            return
        shares = {  # a task that still waits for a processor does not show for how long
            task: 1.0 if runs else min(passed, total - before.get(task, 0.0)) / passed
            for task, (total, runs) in tasks.items()
        }
        demand = sum(shares.values())
        if demand <= _CROWD * self._tasks:
            return
        own = os.getpriority(os.PRIO_PROCESS, 0)  # who has the grader run at a low priority gets no less of it
        priority = min(own + priority_for(demand / self._tasks), len(_WEIGHTS) - 1)
        for task, share in shares.items():
            if share * passed >= _BUSY_S and priority > self._priorities.get(task, own):
                with contextlib.suppress(OSError):  # it has ended
                    os.setpriority(os.PRIO_PROCESS, task, priority)
                self._priorities[task] = priority

    def _all_tasks(self, root: int) -> Iterator[tuple[int, float, bool]]:
        """Yield the threads of all descendants: how long each has run or waited in seconds, and whether it wants to."""
        for pid in self._descendants(root):
            for task in self._numbers(f"{pid}/task"):
                try:
                    ran, waited, *_ = self._read(f"{pid}/task/{task}/schedstat").split()
                    state = self._read(f"{pid}/task/{task}/stat").rpartition(b")")[2].split()[0]
                    yield task, (int(ran) + int(waited)) / 1e9, state == b"R"
                except (OSError, ValueError, IndexError):
                    continue

    def _descendants(self, root: int) -> list[int]:
        children: dict[int, list[int]] = {}
        for pid in self._numbers("."):
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int(self._read(f"{pid}/stat").rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(pid)
        found, frontier = [], [root]
        while frontier:
            frontier = [child for parent in frontier for child in children.get(parent, ())]
            found += frontier
        return found

    def _numbers(self, folder: str) -> list[int]:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._proc)
        except OSError:
            return []
        try:
            return [int(name) for name in os.listdir(descriptor) if name.isdecimal()]  # noqa: PTH208 - no path leads there
        except OSError:
            return []
        finally:
            os.close(descriptor)

    def _read(self, file: str) -> bytes:
        descriptor = os.open(file, os.O_RDONLY, dir_fd=self._proc)
        try:
            return os.read(descriptor, 4096)
        finally:
            os.close(descriptor)


def priority_for(demand: float) -> int:
    """Return the priority (0 to 19) at which so many busy tasks weigh as much as one of priority 0."""
    fitting = (priority for priority, weight in enumerate(_WEIGHTS) if demand * weight <= _WEIGHTS[0])
    return next(fitting, len(_WEIGHTS) - 1)
