"""Start a cluster, or find the one that runs: Dask's own classes, with the options of the user's file.

`grader.cluster.executor` opens it for one run and closes it again.
"""

import contextlib
import inspect
import logging
import os
import shlex
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
from dask.utils import parse_bytes
from distributed import LocalCluster
from distributed.security import Security

from grader.cluster.choice import JOB_QUEUES, LOCAL, MEMORY, ClusterChoice
from grader.errors import SandboxError, UsageError

_OURS = {
    "asynchronous": "The grader sets it.",
    "loop": "The grader sets it.",
    "n_workers": "Say `jobs` at the top of the file, or -j for a local cluster.",
    "security": "Say `tls = true` or `tls = false` at the top of the file.",
    "protocol": "Say `tls = true` or `tls = false` at the top of the file.",
    "processes": "The workers of a local cluster are always processes.",
}
_LOST_JOB_S = 5.0


@dataclass(frozen=True, slots=True)
class Running:
    """Hold a cluster that runs: where its scheduler is, how to talk to it, how many workers are to come.

    `keep_up` asks for workers again where some have ended.
    """

    address: str
    security: Security | None
    expected: int
    keep_up: Callable[[], None]


@contextlib.asynccontextmanager
async def open_cluster(choice: ClusterChoice, *, processes: int) -> AsyncIterator[Running]:
    """Start the chosen cluster, and end it afterwards; one that runs already is left as it is.

    Raises UsageError for options that its class doesn't know, SandboxError where it can't be started.
    """
    if choice.is_running:
        yield Running(choice.address, _certificates(choice), 1, _do_nothing)
        return
    with dask.config.set(_settings(choice)):
        build, expected = _builder(choice, processes=processes)
        try:
            cluster = await build()
        except (OSError, RuntimeError, TypeError, ValueError) as err:
            raise SandboxError(
                f"The cluster could not be started: {err}".strip(), remedy="docs/cluster.md says what it needs."
            ) from err
        try:
            yield Running(cluster.scheduler_address, cluster.security, expected, _scaler(cluster, expected))
        finally:
            with contextlib.suppress(Exception):
                await cluster.close()


def _do_nothing() -> None:
    pass


def _scaler(cluster: Any, expected: int) -> Callable[[], None]:
    def keep_up() -> None:
        cluster.scale(expected)

    return keep_up


def _settings(choice: ClusterChoice) -> dict[str, Any]:
    return {
        "distributed.scheduler.worker-ttl": f"{choice.worker_ttl_s}s",
        "distributed.scheduler.allowed-failures": 0,  # this side counts, and knows whom to blame
        "distributed.deploy.lost-worker-timeout": f"{_LOST_JOB_S}s",
        "distributed.worker.resources": dict(choice.resources),
    }


def _certificates(choice: ClusterChoice) -> Security | None:
    """Return what authenticates this side to a scheduler; without files of ours Dask's own configuration holds."""
    if not choice.certificates:
        return None
    files = choice.certificates
    return Security(
        tls_ca_file=files.get("ca"),
        tls_client_cert=files.get("cert"),
        tls_client_key=files.get("key"),
        require_encryption=True,
    )


def _builder(choice: ClusterChoice, *, processes: int) -> tuple[Callable[[], Any], int]:
    """Return what starts the cluster when it is awaited, and how many workers will come."""
    options: dict[str, Any] = dict(choice.options)
    security = Security.temporary() if choice.tls else None
    if choice.engine == LOCAL:
        _refuse_unknown(options, LocalCluster, known=_parameters(LocalCluster))
        ours: dict[str, Any] = {
            "n_workers": processes,
            "threads_per_worker": 1,
            "processes": True,
            "memory_limit": 0,
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:8787",
            "silence_logs": logging.CRITICAL,
            "security": security,
            "asynchronous": True,
        }
        return lambda: LocalCluster(**{**ours, **options}), processes
    import dask_jobqueue

    kind = getattr(dask_jobqueue, JOB_QUEUES[choice.engine])
    _refuse_unknown(options, kind, known={*_parameters(kind), *_parameters(kind.job_cls)})
    command = shlex.split(kind.job_cls.submit_command)[0]
    if shutil.which(command) is None:
        raise SandboxError(
            f"`{command}`, which submits jobs to {choice.engine}, is not on this machine.",
            remedy="Start the run where jobs are submitted, such as a login node.",
        )
    if security is not None and "shared_temp_directory" not in options:
        options["shared_temp_directory"] = str(_own_folder())
    expected = choice.jobs * int(options.get("processes", 1))
    if declared := _declared(choice):
        texts = " ".join(f"{name}={amount:.12g}" for name, amount in declared.items())
        options["worker_extra_args"] = [*options.get("worker_extra_args", ()), "--resources", texts]
    return lambda: kind(n_workers=expected, security=security, asynchronous=True, **options), expected


def _declared(choice: ClusterChoice) -> dict[str, float]:
    """Return what each worker of a queue's job declares: its share of the job's memory, in bytes, and what is asked."""
    options = choice.options
    own: dict[str, float] = {}
    if "memory" in options:
        own[MEMORY] = parse_bytes(options["memory"]) / int(options.get("processes", 1))
    return {**own, **choice.resources}


def _own_folder() -> Path:
    """Return a folder in the user's home, which jobs see, too, and nobody else: keys of a run lie there."""
    folder = Path.home() / ".cache" / "torchgrade"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _parameters(kind: type) -> Iterator[str]:
    """Yield the names that a class and those it is made of take when they are called."""
    for one in kind.__mro__:
        if "__init__" in vars(one):
            for parameter in inspect.signature(one.__init__).parameters.values():  # type: ignore[misc]
                if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                    yield parameter.name


def _refuse_unknown(options: Mapping[str, Any], kind: type, *, known: Any) -> None:
    from grader.toml_table import suggest

    names = sorted({*known} - {"self", *_OURS} | ({"processes"} if kind is not LocalCluster else set()))
    for key in options:
        if key not in names:
            remedy = _OURS.get(key) or suggest(key, names)
            raise UsageError(f"`{key}` in --cluster-config is no option of {kind.__name__}.", remedy=remedy)


def default_processes(count: int) -> int:
    """Return how many workers a local cluster has for so many jobs: one a core at most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, count))
