"""The choice of an executor: this machine's processes, or a cluster's workers.

`grader.commands.grade` has its submissions graded by what is chosen here.
"""

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
) -> "Executor":
    """Return where to grade, with each submission within the assignment's limits.

    Raises UsageError and CourseError for options that can't be used, SandboxError if Dask is not installed, or if a
    graphics card is wanted and none is here.
    """
    if cluster is None and config is not None:
        raise UsageError("`--cluster-config` is for a cluster.", remedy="Say which one with `--cluster`.")
    if cluster is None:
        from grader.runs.cards import seats, usable_cards
        from grader.runs.local_processes import LocalProcesses
        from grader.sandbox.wire.limits import limits_from

        gpu_mib = limits_from(assignment.limits).gpu_mib
        return LocalProcesses(jobs, cards=seats(usable_cards(), gpu_mib=gpu_mib) if device == "cuda" else ())
    from grader.cluster.choice import choose_cluster

    choice = choose_cluster(cluster, config)
    from grader.cluster.executor import DaskExecutor

    return DaskExecutor(choice, processes=jobs, tell=tell)
