"""Start a cluster, or find the one that runs: Dask's own classes, with the options of the user's file.

`grader.cluster.executor` opens it for one run and closes it again.
"""

import contextlib
import inspect
import logging
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
from grader.cluster.workforce import Workforce
from grader.errors import SandboxError, UsageError
from grader.runs.capacity import usable_cores

_OURS = {
    "asynchronous": "The grader sets it.",
    "loop": "The grader sets it.",
    "n_workers": "Say `jobs` at the top of the file, or -j for a local cluster.",
    "security": "Say `tls = true` or `tls = false` at the top of the file.",
    "protocol": "Say `tls = true` or `tls = false` at the top of the file.",
    "processes": "The workers of a local cluster are always processes.",
}
_GONE_S = 5.0
_GONE_LOCAL_S = 120.0  # a local worker is started again by its own nanny, slowly where the machine is busy


@dataclass(frozen=True, slots=True)
class Running:
    """Hold a running cluster: where its scheduler is, how to talk to it, how many workers to expect.

    `workforce` replaces workers that have ended; it is None if that is somebody else's business.
    """

    address: str
    security: Security | None
    expected: int
    workforce: Workforce | None = None


@contextlib.asynccontextmanager
async def open_cluster(choice: ClusterChoice, *, processes: int) -> AsyncIterator[Running]:
    """Start the chosen cluster, and end it afterwards; one that is already running is left alone.

    Raises UsageError for options that its class doesn't know, SandboxError where it can't be started.
    """
    if choice.is_running:
        yield Running(choice.address, _certificates(choice), 1)
        return
    with dask.config.set(_settings(choice)):
        async with contextlib.AsyncExitStack() as stack:
            try:
                running = await _start(choice, stack, processes=processes)
            except (OSError, RuntimeError, TypeError, ValueError) as err:
                raise SandboxError(
                    f"The cluster could not be started: {' '.join(str(err).split())}",
                    remedy="docs/cluster.md says what it needs.",
                ) from err
            yield running


async def _start(choice: ClusterChoice, stack: contextlib.AsyncExitStack, *, processes: int) -> Running:
    """Start a cluster, and let the stack end it."""
    security = Security.temporary() if choice.tls else None
    build = _local(choice, security, processes) if choice.engine == LOCAL else _queue(choice, security)
    cluster = build()
    stack.push_async_callback(_close, cluster)
    is_local = choice.engine == LOCAL
    count = processes if is_local else choice.jobs
    workforce = Workforce(cluster, count=count, gone_s=_GONE_LOCAL_S if is_local else _GONE_S)
    await workforce.start()
    expected = count if is_local else count * int(choice.options.get("processes", 1))
    return Running(cluster.scheduler_address, security, expected, workforce)


async def _close(cluster: Any) -> None:
    with contextlib.suppress(Exception):
        await cluster.close()


def _settings(choice: ClusterChoice) -> dict[str, Any]:
    return {
        "distributed.scheduler.worker-ttl": f"{choice.worker_ttl_s}s",
        "distributed.scheduler.allowed-failures": 0,  # this side counts deaths, and knows which job to blame
        "distributed.deploy.lost-worker-timeout": "1 day",  # the workforce looks after that
        "distributed.worker.resources": dict(choice.resources),
    }


def _certificates(choice: ClusterChoice) -> Security | None:
    """Return what authenticates this side to a scheduler; without files of ours Dask's own configuration applies."""
    if not choice.certificates:
        return None
    files = choice.certificates
    return Security(
        tls_ca_file=files.get("ca"),
        tls_client_cert=files.get("cert"),
        tls_client_key=files.get("key"),
        require_encryption=True,
    )


def _local(choice: ClusterChoice, security: Security | None, processes: int) -> Callable[[], Any]:
    """Return what makes a cluster of this machine's processes."""
    _refuse_unknown(choice.options, LocalCluster, known=_parameters(LocalCluster))
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
    return lambda: LocalCluster(**{**ours, **choice.options})


def _queue(choice: ClusterChoice, security: Security | None) -> Callable[[], Any]:
    """Return what makes a cluster of a batch system's jobs, none of them submitted yet."""
    import dask_jobqueue

    options: dict[str, Any] = dict(choice.options)
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
    if declared := _declared(choice):
        texts = " ".join(f"{name}={amount:.12g}" for name, amount in declared.items())
        options["worker_extra_args"] = [*options.get("worker_extra_args", ()), "--resources", texts]
    return lambda: kind(security=security, asynchronous=True, **options)


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
    from grader.courses.toml_table import suggest

    names = sorted({*known} - {"self", *_OURS} | ({"processes"} if kind is not LocalCluster else set()))
    for key in options:
        if key not in names:
            remedy = _OURS.get(key) or suggest(key, names)
            raise UsageError(f"`{key}` in --cluster-config is not an option of {kind.__name__}.", remedy=remedy)


def default_processes(count: int) -> int:
    """Return how many workers a local cluster has for so many jobs: one a core at most."""
    return max(1, min(usable_cores(), count))
