"""How much memory processes hold, read from /proc: the watchdog's eyes.

`grader.sandbox.inside.supervisor` asks it twenty times a second for each running submission.

Why: docs/decisions.md#memory-by-watchdog
"""

import os
from pathlib import Path

_PROC = Path("/proc")
_PAGES_PER_MIB = (1 << 20) / os.sysconf("SC_PAGE_SIZE")


def exceeds(limit_mib: float, *, descendants_of: int | None = None) -> bool:
    """Tell whether processes hold more than `limit_mib` MiB: all but pid 1 in /proc, or only a process' descendants.

    The cheap sum counts pages shared with the fork server once for each process; only if it is over the limit are the
    exact shares read, which takes milliseconds.
    """
    pids = [pid for pid in _all_pids() if pid != 1] if descendants_of is None else descendants(descendants_of)
    if sum(map(_resident_mib, pids)) <= limit_mib:
        return False
    return sum(map(_share_mib, pids)) > limit_mib


def _all_pids() -> list[int]:
    try:
        return [int(entry.name) for entry in os.scandir(_PROC) if entry.name.isdecimal()]
    except OSError:
        return []


def _resident_mib(pid: int) -> float:
    """Return all resident pages; 0 for a process that has just ended."""
    try:
        return int((_PROC / str(pid) / "statm").read_bytes().split()[1]) / _PAGES_PER_MIB
    except (OSError, IndexError):
        return 0.0


def _share_mib(pid: int) -> float:
    """Return a process' proportional share of the memory that it maps, or its resident size if that is unknown."""
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return _resident_mib(pid)


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
