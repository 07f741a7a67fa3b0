"""Measure what a command costs: wall seconds, and CPU seconds of its whole process tree, sandboxes included.

`benchmarks/overhead.py` compares commands with it. Children of a sandbox are not in anybody's rusage, so the figures
come from a control group of their own (as root, cgroup v1 or v2); elsewhere from rusage, which then misses some.
"""

import contextlib
import os
import resource
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_V1 = Path("/sys/fs/cgroup/cpuacct")
_V2 = Path("/sys/fs/cgroup")
_JOIN = 'echo $$ > "$0" && exec "$@"'


@dataclass(frozen=True)
class Cost:
    """Hold seconds, and the largest resident size of a single process in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def cost_of(command: Sequence[str], *, cwd: Path | None = None) -> Cost:
    """Run a command to its end and return its cost; its output is dropped. Raises CalledProcessError."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with _control_group() as group:
        joined = command if group is None else ["sh", "-c", _JOIN, str(_tasks(group)), *command]
        started = time.perf_counter()
        subprocess.run(joined, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wall_s = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        cpu_s = own if group is None else _cpu_s(group)
    return Cost(wall_s, cpu_s, after.ru_maxrss / 1024)


def how() -> str:
    """Say where CPU seconds come from on this machine."""
    with _control_group() as group:
        return "rusage, which misses sandboxes" if group is None else "a control group"


@contextlib.contextmanager
def _control_group() -> Iterator[Path | None]:
    parent = _V1 if _V1.is_dir() else _V2
    group = parent / f"torchgrade-benchmark-{os.getpid()}"
    try:
        group.mkdir()
        _cpu_s(group)
    except (OSError, LookupError):
        with contextlib.suppress(OSError):
            group.rmdir()
        yield None
        return
    try:
        yield group
    finally:
        for _attempt in range(50):
            try:
                group.rmdir()
                break
            except OSError:  # the last processes are still ending
                time.sleep(0.1)


def _tasks(group: Path) -> Path:
    return group / ("tasks" if (group / "tasks").exists() else "cgroup.procs")


def _cpu_s(group: Path) -> float:
    if (group / "cpuacct.usage").exists():
        return int((group / "cpuacct.usage").read_text()) / 1e9
    for line in (group / "cpu.stat").read_text().splitlines():
        if line.startswith("usage_usec "):
            return int(line.split()[1]) / 1e6
    raise LookupError("this control group counts no CPU time")
