"""Limits on what a student's code may use, and how a process puts them on itself.

`grader.sandbox.inside.forkserver` applies them; `docs/security.md` says which hold where.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

MIB = 1 << 20
_PATIENCE = 4  # times the seconds by the clock


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound one probe (times) and one submission (the rest).

    `wall_s`, `cpu_s`: one probe; `import_s`: importing the student's modules. `memory_mib`: resident memory of all the
    submission's processes, and the data of each. `file_mib`: largest file; `tmp_mib`: all files together.
    `output_kib`: printed text kept per probe. `reply_mib`: returned tensors. `gpu_mib`: what torch may take of a card.
    `threads`: those that may be busy at a time. `sessions`: above 0, processes may begin sessions of their own.
    """

    wall_s: float = 10.0
    import_s: float = 30.0
    cpu_s: float = 30.0
    memory_mib: float = 2048
    processes: float = 64
    open_files: float = 256
    file_mib: float = 64
    tmp_mib: float = 256
    output_kib: float = 64
    reply_mib: float = 64
    gpu_mib: float = 2048
    threads: float = 1
    sessions: float = 0


def limits_from(overrides: Mapping[str, float]) -> Limits:
    """Return the default limits with the given ones replaced; the names are the fields'."""
    known = {field.name for field in fields(Limits)}
    unknown = sorted(set(overrides) - known)
    if unknown:
        raise ValueError(f"unknown limit {unknown[0]!r}; known: {', '.join(sorted(known))}")
    return replace(Limits(), **overrides)


def apply_to_submission(limits: Limits, *, private_users: bool) -> None:
    """Bound this process and its children for good: memory, files, core dumps and, in a namespace, processes.

    RLIMIT_NPROC counts all processes of a user, so it is only set where the user namespace is the submission's own.
    """
    import resource  # there is none on Windows, where no limit is put on a process from within

    data = int(limits.memory_mib * MIB)
    _lower(resource.RLIMIT_DATA, data)
    _lower(resource.RLIMIT_FSIZE, int(limits.file_mib * MIB))
    _lower(resource.RLIMIT_NOFILE, int(limits.open_files))
    _lower(resource.RLIMIT_CORE, 0)
    if private_users:
        _lower(resource.RLIMIT_NPROC, int(limits.processes))


def apply_to_probe(*, cpu_s: float) -> None:
    """Bound the CPU seconds of this process from now on; at the end the kernel kills it."""
    import resource

    _lower(resource.RLIMIT_CPU, int(_spent_s() + cpu_s) + 1)


class SharedTime:
    """Bound the CPU seconds of a process that runs several probes: those of each one, and with them of all.

    A hard limit can't be raised again. So the kernel kills the process for good at twice the seconds of one probe, and
    a process that has spent more than those of one must not begin another (`has_enough`).
    """

    def __init__(self, cpu_s: float) -> None:
        self._cpu_s = cpu_s
        self._began = self._probe_began = _spent_s()
        self._most = int(self._began + 2 * cpu_s) + 2

    def begin_probe(self) -> None:
        """Give the next probe its seconds: from the soft limit on the kernel signals, which ends a process."""
        import resource

        self._probe_began = _spent_s()
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        most = self._most if hard == resource.RLIM_INFINITY else min(hard, self._most)
        resource.setrlimit(resource.RLIMIT_CPU, (min(int(self._probe_began + self._cpu_s) + 1, most), most))

    def probe_s(self) -> float:
        """Return the CPU seconds that this process has spent since the last probe began."""
        return _spent_s() - self._probe_began

    def has_enough(self) -> bool:
        """Tell whether another probe would have all its seconds."""
        return _spent_s() - self._began <= self._cpu_s


def _spent_s() -> float:
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def patient(limits: Limits) -> Limits:
    """Return limits for what timed out beside others: more time by the clock, and no more computing than it allowed.

    What endless loops compute is bounded as before; who only waited for a processor has four times as long.
    """
    return replace(
        limits,
        wall_s=_PATIENCE * limits.wall_s,
        import_s=_PATIENCE * limits.import_s,
        cpu_s=min(limits.cpu_s, limits.wall_s * max(limits.threads, 1.0)),
    )


def guard_s(limits: Limits) -> float:
    """Return how long a check whose probes have these limits may take before the grader counts as hanging."""
    return 60 + 10 * (limits.wall_s + limits.import_s)


def _lower(kind: int, value: int) -> None:
    """Set soft and hard limit, never above the hard limit that is there."""
    import resource

    hard = resource.getrlimit(kind)[1]
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (bound, bound))
