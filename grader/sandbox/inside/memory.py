"""How much memory a submission holds, read from /proc and the kernel's own lists: the watchdog's eyes.

`grader.sandbox.inside.supervisor` asks it twenty times a second for each running submission;
`grader.sandbox.inside.kernel_memory` knows what no process maps.

Why: docs/decisions.md#memory-by-watchdog
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from grader.sandbox.inside.kernel_memory import KernelMemory

_PROC = Path("/proc")
_PAGES_PER_MIB = (1 << 20) / os.sysconf("SC_PAGE_SIZE") if sys.platform != "win32" else 256


def exceeds(limit_mib: float, *, descendants_of: int | None = None, beside: KernelMemory | None = None) -> bool:
    """Tell whether processes hold more than `limit_mib` MiB: all but pid 1 in /proc, or only a process' descendants.

    What the kernel holds `beside` them is added. The cheap sum counts pages shared with the fork server once for each
    process; only if it is over the limit are the exact shares read, which takes milliseconds.
    """
    pids = [pid for pid in _all_pids() if pid != 1] if descendants_of is None else descendants(descendants_of)
    sockets = beside.sockets_mib() if beside is not None else 0.0
    files = beside.files_mib() if beside is not None else 0.0
    tables = sum(map(_tables_mib, pids))
    if sum(map(resident_mib, pids)) + tables + sockets + files <= limit_mib:
        return False
    own, shared = map(sum, zip((0.0, 0.0), *map(_shares_mib, pids), strict=True))
    return own + max(shared, files) + tables + sockets > limit_mib  # a file may be mapped, too


def held_mib(pids: Iterable[int]) -> float:
    """Return how much memory processes hold together; pages that several of them share are counted once."""
    return sum(sum(_shares_mib(pid)) for pid in pids)


def _all_pids() -> list[int]:
    try:
        return [int(entry.name) for entry in os.scandir(_PROC) if entry.name.isdecimal()]
    except OSError:
        return []


def resident_mib(pid: int | Literal["self"]) -> float:
    """Return all resident pages of a process; 0 for one that has just ended, and where the system can't tell."""
    try:
        return int((_PROC / str(pid) / "statm").read_bytes().split()[1]) / _PAGES_PER_MIB
    except (OSError, IndexError):
        return 0.0


def _tables_mib(pid: int) -> float:
    """Return the tables in which the kernel keeps where a process' memory is: sparse memory is mostly that."""
    try:
        text = (_PROC / str(pid) / "status").read_bytes()
        return int(text.partition(b"VmPTE:")[2].split(maxsplit=1)[0]) / 1024
    except (OSError, IndexError, ValueError):
        return 0.0


def _shares_mib(pid: int) -> tuple[float, float]:
    """Return a process' proportional share of the memory that it maps, without shared memory and of shared memory.

    Where that is unknown it is its resident size.
    """
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines()
        rows = {row[0]: int(row[1]) / 1024 for row in map(bytes.split, lines[1:])}
        shared = rows.get(b"Pss_Shmem:", 0.0)
        return rows[b"Pss:"] - shared, shared
    except (OSError, IndexError, KeyError, ValueError):
        return resident_mib(pid), 0.0


def descendants(pid: int) -> list[int]:
    """Return the running descendants of a process, parents before children."""
    children: dict[int, list[int]] = {}
    for child in _all_pids():
        try:
            stat = (_PROC / str(child) / "stat").read_text(errors="replace")
            state, parent = stat.rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(child)
    found: list[int] = []
    frontier = [pid]
    while frontier:
        frontier = [child for parent in frontier for child in children.get(parent, [])]
        found += frontier
    return found
