"""How much of this machine is ours: processor cores and free memory, also inside a container.

`grader.runs.local_processes` starts as many grading processes as fit.

Why: docs/decisions.md#control-groups-of-version-2
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_MIB = 1 << 20
GRADING_MIB = 1024.0  # what a grading process and its fork server hold, beside the submission


def usable_cores() -> int:
    """Return how many cores this process may keep busy: those it may run on, at most its container's share of time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for folder in _own_groups():
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit() and int(period) > 0:
            cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def free_memory_mib() -> float | None:
    """Return how much memory can still be used without swapping, or None if the system doesn't say."""
    found = [_available_mib()]
    for folder in _own_groups():
        most, used = _read(folder / "memory.max"), _read(folder / "memory.current")
        if most.isdigit() and used.isdigit():
            idle = _field(_read(folder / "memory.stat"), "inactive_file")  # a cache, given back when memory is needed
            found.append(max(0.0, (int(most) - int(used) + idle) / _MIB))
    known = [value for value in found if value is not None]
    return min(known) if known else None


def _available_mib() -> float | None:
    text = _read(Path("/proc/meminfo"))
    return _field(text, "MemAvailable:") / 1024 if "MemAvailable:" in text else None


def _field(text: str, name: str) -> int:
    """Return the number behind a name in lines of names and numbers, or 0 if it is not there."""
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return 0


def _own_groups() -> Iterator[Path]:
    """Yield the folders of this process' control group (version 2) and of those above it: all their limits hold."""
    _, found, path = _read(Path("/proc/self/cgroup")).strip().rpartition("0::/")
    if not found:
        return
    folder = _CGROUPS / path.split("\n")[0]
    while folder.is_relative_to(_CGROUPS):
        yield folder
        folder = folder.parent


def _read(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8").strip()
    return ""
