"""Which cluster grades: what `--cluster` and `--cluster-config` say.

`grader.cluster.engines` starts it or connects to it.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.courses.toml_table import (
    Table,
    fault,
    read_toml,
    refuse_unknown,
    take_flag,
    take_number,
    take_table,
    take_text,
)
from grader.errors import SandboxError, UsageError

LOCAL = "local"
SCHEDULER = "scheduler"
MEMORY = "memory"  # the name under which a worker declares how much it has, in bytes
JOB_QUEUES = {
    "htcondor": "HTCondorCluster",
    "lsf": "LSFCluster",
    "moab": "MoabCluster",
    "oar": "OARCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "slurm": "SLURMCluster",
}
_ADDRESSES = ("tcp://", "tls://")
_MODULES = {"distributed": "distributed", "dask_jobqueue": "dask-jobqueue", "cryptography": "cryptography"}


@dataclass(frozen=True, slots=True)
class ClusterChoice:
    """Name a cluster: `local`, a queue of jobs, or the address of a scheduler that runs.

    `options` are what the file passes to Dask's class by name. `jobs` is how many jobs a queue is asked for.
    `worker_ttl_s`: a worker that has been silent for that long counts as dead. `tls`: encrypt and authenticate what
    this run starts. `resources` are declared by each worker. `certificates` are the files for a scheduler's `tls://`.
    """

    engine: str
    address: str = ""
    jobs: int = 1
    worker_ttl_s: float = 60.0
    tls: bool = True
    resources: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        """Tell whether somebody else has started the cluster."""
        return bool(self.address)


def choose_cluster(name: str, config: Path | None) -> ClusterChoice:
    """Return the cluster that the options name.

    Raises UsageError for a name nobody knows, CourseError for a faulty file, SandboxError without Dask.
    """
    engine = SCHEDULER if name.startswith(_ADDRESSES) else name
    if engine not in (LOCAL, SCHEDULER, *JOB_QUEUES):
        known = ", ".join([LOCAL, "tcp://HOST:PORT", "tls://HOST:PORT", *JOB_QUEUES])
        raise UsageError(f"There is no cluster {name!r}.", remedy=f"Choose one of {known}.")
    if engine in JOB_QUEUES and config is None:
        raise UsageError(
            f"`--cluster {name}` needs a file that says what to ask {name} for.",
            remedy=f"Write one with a table [{name}] (docs/cluster.md) and name it with --cluster-config.",
        )
    need_dask(engine)
    settings = _settings(read_toml(config), engine) if config is not None else {}
    return ClusterChoice(engine, name if engine == SCHEDULER else "", **settings)


def need_dask(engine: str) -> None:
    """Raise SandboxError if the packages for a cluster are not installed."""
    wanted = [name for name in _MODULES if name != "dask_jobqueue" or engine in JOB_QUEUES]
    missing = [_MODULES[name] for name in wanted if importlib.util.find_spec(name) is None]
    if missing:
        raise SandboxError(
            f"Grading on a cluster needs {', '.join(missing)}, which is not installed.",
            remedy="`pip install 'torchgrade[cluster]'`",
        )


def _settings(table: Table, engine: str) -> dict[str, Any]:
    """Return the fields of a choice that the file sets; the tables of other engines may stand in it, too."""
    engines = (LOCAL, *JOB_QUEUES)
    refuse_unknown(table, ("jobs", "worker_ttl_s", "tls", "resources", "certificates", *engines))
    jobs, ttl_s = take_number(table, "jobs", default=1), take_number(table, "worker_ttl_s", default=60.0)
    if not isinstance(jobs, int) or jobs < 1:
        raise fault(table, "jobs", f"is {jobs}", remedy="It is how many jobs to ask for: a whole number above zero.")
    if ttl_s <= 0:
        raise fault(table, "worker_ttl_s", f"is {ttl_s:g}", remedy="It is a number of seconds above zero.")
    resources = take_table(table, "resources", default={})
    certificates = take_table(table, "certificates", default={})
    refuse_unknown(certificates, ("ca", "cert", "key"))
    return {
        "jobs": jobs,
        "worker_ttl_s": float(ttl_s),
        "tls": take_flag(table, "tls", default=True),
        "resources": {name: float(take_number(resources, name)) for name in resources.values},
        "certificates": {name: take_text(certificates, name) for name in certificates.values},
        "options": dict(take_table(table, engine, default={}).values) if engine in engines else {},
    }
