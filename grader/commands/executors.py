"""The choice of an executor: this machine's processes, or a cluster's workers.

`grader.commands.grade` has its submissions graded by what is chosen here.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.telling import tell
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.courses.assignment import Assignment
    from grader.runs.executor import Executor

ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        help="Grade on a cluster: local, tcp://HOST:PORT of a Dask scheduler, slurm, pbs, … (docs/cluster.md).",
        show_default="this machine's own processes",
    ),
]
ClusterConfigOption = Annotated[
    Path | None, typer.Option("--cluster-config", help="TOML file that says what to ask the cluster for.")
]


def choose_executor(
    cluster: str | None, config: Path | None, *, assignment: "Assignment", jobs: int | None, device: str
) -> "Callable[[int], Executor]":
    """Return a function that makes the executor for a number of jobs, each submission within the assignment's limits.

    Raises UsageError and CourseError for options that can't be used, SandboxError if Dask is not installed, or if a
    graphics card is wanted and none is here.
    """
    if cluster is None and config is not None:
        raise UsageError("`--cluster-config` is for a cluster.", remedy="Say which one with `--cluster`.")
    if cluster is None:
        from grader.runs.cards import seats, usable_cards
        from grader.runs.local_workers import LocalWorkers, processes_for
        from grader.sandbox.wire.limits import limits_from

        limits = limits_from(assignment.limits)
        cards = seats(usable_cards(), gpu_mib=limits.gpu_mib) if device == "cuda" else []

        def on_this_machine(count: int) -> "Executor":
            on_cards = len(cards) if cards else None
            processes = processes_for(count, wanted=jobs, memory_mib=limits.memory_mib, on_cards=on_cards)
            return LocalWorkers(processes, cards=cards)

        return on_this_machine
    from grader.cluster.choice import choose_cluster

    choice = choose_cluster(cluster, config)

    def on_cluster(_count: int) -> "Executor":
        from grader.cluster.executor import DaskExecutor

        return DaskExecutor(choice, processes=jobs, tell=tell)

    return on_cluster
