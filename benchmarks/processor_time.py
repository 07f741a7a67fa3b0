"""Measure what a command costs: wall seconds, CPU seconds of its whole process tree, and memory.

Every other benchmark runs its commands with `cost_of`. Children of a sandbox are not in anybody's rusage, so CPU
seconds come from a control group of their own (as root, cgroup v1 or v2); elsewhere from rusage, which misses some.
"""

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_V1 = Path("/sys/fs/cgroup/cpuacct")
_V2 = Path("/sys/fs/cgroup")
_JOIN = 'echo $$ > "$0" && exec "$@"'
_BETWEEN_SAMPLES_S = 0.25
_TAIL = 4000


@dataclass(frozen=True)
class Cost:
    """Hold what one command cost.

    `samples` are (second, MiB): the resident size of the command's process and its direct children. For `grader grade`
    these are the trusted processes; the sandboxes below them are not the grader's to keep small. `exit_code` is None
    when the command was stopped at its limit. `output` is the end of what it printed.
    """

    wall_s: float
    cpu_s: float
    samples: tuple[tuple[float, float], ...]
    exit_code: int | None
    output: str

    @property
    def peak_mib(self) -> float:
        """Return the largest sample."""
        return max((mib for _, mib in self.samples), default=0.0)


class CommandFailed(Exception):
    """Say which command failed and how its output ended."""


def cost_of(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    limit_s: float | None = None,
    may_fail: bool = False,
) -> Cost:
    """Run a command to its end, or kill it and all that it started after `limit_s`; return its cost.

    Raises CommandFailed for an exit code other than 0, unless it `may_fail`.
    """
    before = _children_s()
    with _control_group() as group, tempfile.TemporaryFile() as sink:
        joined = command if group is None else ["sh", "-c", _JOIN, str(_members(group)), *command]
        started = time.perf_counter()
        process = subprocess.Popen(
            joined,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is ours to pass on, after which nothing is left running
        )
        try:
            samples = list(_samples(process, limit_s=limit_s))
            wall_s, exit_code = time.perf_counter() - started, process.poll()
        finally:
            _end(process, group)
        cpu_s = _children_s() - before if group is None else _cpu_s(group)
        sink.seek(max(0, sink.seek(0, os.SEEK_END) - _TAIL))
        output = sink.read().decode(errors="replace")
    if exit_code != 0 and not may_fail:
        how_it_ended = f"went on for more than {limit_s} s" if exit_code is None else f"ended with {exit_code}"
        raise CommandFailed(f"`{' '.join(command)}` {how_it_ended}; its last words:\n{output}")
    return Cost(wall_s, cpu_s, tuple(samples), exit_code, output)


def how() -> str:
    """Say where CPU seconds come from on this machine."""
    with _control_group() as group:
        return "rusage, which misses sandboxes" if group is None else "a control group"


def _samples(process: subprocess.Popen[bytes], *, limit_s: float | None) -> Iterator[tuple[float, float]]:
    """Yield (second, MiB) until the process has ended or its time is up."""
    started = time.perf_counter()
    while limit_s is None or time.perf_counter() - started < limit_s:
        pids = [process.pid, *_children(process.pid)]
        yield time.perf_counter() - started, sum(map(_resident_mib, pids))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_BETWEEN_SAMPLES_S)
            return


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in threads for child in _read(path).split()]


def _resident_mib(pid: int) -> float:
    lines = _read(Path(f"/proc/{pid}/status")).splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def _read(path: Path) -> str:
    """Return the text of a file in /proc, nothing where the process is gone or there is no /proc."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _end(process: subprocess.Popen[bytes], group: Path | None) -> None:
    """Kill what still runs of a command, its orphans too where a control group knows them."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for _attempt in range(50):
        pids = [] if group is None else [int(pid) for pid in _read(_members(group)).split()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            break
        time.sleep(0.1)
    process.wait()


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


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


def _members(group: Path) -> Path:
    return group / "cgroup.procs"


def _cpu_s(group: Path) -> float:
    if (group / "cpuacct.usage").exists():
        return int((group / "cpuacct.usage").read_text()) / 1e9
    for line in (group / "cpu.stat").read_text().splitlines():
        if line.startswith("usage_usec "):
            return int(line.split()[1]) / 1e6
    raise LookupError("this control group counts no CPU time")
