"""What runs on a worker of the cluster: looks whether it can grade, and grades submissions in processes of its own.

`grader.cluster.session` calls these functions through Dask. What crosses the wall stays between a grading process and
its sandbox: bytes, texts and numbers of the coordinator's are all that comes in here.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from grader.cluster.bundle import Bundle, unpack_bundle
from grader.cluster.choice import MEMORY
from grader.cluster.sameness import data_sets, explain_data, explain_versions, versions
from grader.cluster.slots import GradingProcesses
from grader.courses.course import read_assignment
from grader.courses.personal import Personal
from grader.errors import GraderError
from grader.grading.job import Job, Order
from grader.runs.grading_process import LOST
from grader.sandbox.outside.walls import is_in_view
from grader.submissions.submission import Found

_SAME_VERSIONS = "Install the same versions there as on the coordinator (a shared environment is the easiest)."
_OTHER_FOLDER = "Start it with --local-directory outside of Python's own folders, such as one below /tmp."
_SAME_DATA = "Put the same files there and set $GRADER_DATA before its worker starts (docs/cluster.md)."


async def install(
    run: str,
    *,
    bundle: tuple[str, bytes, str],
    settings: Mapping[str, Any],
    execute: bool,
    expected: Mapping[str, Mapping[str, str]],
    needs: Mapping[str, float],
    dask_worker: Worker,
) -> dict[str, Any]:
    """Make this worker ready for a run: then it has a resource of the run's name, one for each process.

    Returns `{"slots": …, "resources": …}` (what a task has to ask for), or `{"refused": …, "remedy": …}`.
    """
    declared = dict(dask_worker.state.total_resources)
    slots, resources, refusal = _slots_for(dask_worker.state.nthreads, needs=needs, declared=declared)
    if refusal:
        return {"refused": refusal, "remedy": "Start workers that have it (docs/cluster.md)."}
    folder = Path(tempfile.mkdtemp(prefix="torchgrade-", dir=dask_worker.local_directory))

    def prepare() -> GradingProcesses | dict[str, Any]:
        return _prepare(Bundle(*bundle), folder, settings=settings, execute=execute, expected=expected, slots=slots)

    prepared = await asyncio.to_thread(prepare)
    if isinstance(prepared, dict):
        shutil.rmtree(folder, ignore_errors=True)
        return prepared
    if run in dask_worker.plugins:  # the run ended meanwhile
        prepared.end()
        return {"refused": "the run is over.", "remedy": ""}
    for earlier in [name for name in dask_worker.plugins if _base(name) == _base(run)]:
        await dask_worker.plugin_remove(name=earlier)
    await dask_worker.plugin_add(plugin=prepared, name=run)
    await dask_worker.set_resources(**{run: slots})
    return {"slots": slots, "resources": {run: 1.0, **resources}}


def _slots_for(
    threads: int, *, needs: Mapping[str, float], declared: Mapping[str, float]
) -> tuple[int, dict[str, float], str]:
    """Return how many submissions fit on this worker, what each asks for, and what is missing where none fits.

    A worker that declares no memory is believed to have enough; one that declares no device has none.
    """
    slots, asked = threads, {}
    for name, amount in needs.items():
        if name == MEMORY and name not in declared:
            continue
        have = declared.get(name, 0.0)
        if have < amount:
            words = (
                f"it declares {have / 2**20:,.0f} MiB of memory, a submission needs {amount / 2**20:,.0f} MiB."
                if name == MEMORY
                else f"it declares {have:g} {name}, a submission needs {amount:g}."
            )
            return 0, {}, words
        slots = min(slots, int(have // amount))
        asked[name] = amount
    return slots, asked, ""


def _prepare(
    bundle: Bundle,
    folder: Path,
    *,
    settings: Mapping[str, Any],
    execute: bool,
    expected: Mapping[str, Mapping[str, str]],
    slots: int,
) -> GradingProcesses | dict[str, Any]:
    """Return the ready processes of this worker, or why it refuses."""
    if is_in_view(folder):
        return {"refused": f"submissions can read its folder {folder.parent}.", "remedy": _OTHER_FOLDER}
    if differs := explain_versions(ours=expected["versions"], theirs=versions()):
        return {"refused": differs, "remedy": _SAME_VERSIONS}
    grading = None
    try:
        course = unpack_bundle(bundle, folder / "course")
        assignment = read_assignment(course, bundle.slug)
        if differs := explain_data(ours=expected["data"], theirs=data_sets(assignment)):
            return {"refused": differs, "remedy": _SAME_DATA}
        executed = folder / "executed" if execute else None
        grading = GradingProcesses(Order(course, assignment, executed=executed, **settings), folder, slots=slots)
        grading.prepare()
    except GraderError as err:
        refusal = {"refused": err.message, "remedy": err.remedy}
    except LOST as err:
        refusal = {"refused": f"its grading process ended ({err}).", "remedy": "`grader doctor` there says more."}
    else:
        return grading
    if grading is not None:
        grading.end()
    return refusal


async def uninstall(run: str, *, dask_worker: Worker) -> None:
    """End what a run has left on this worker; if it is still being made ready, it ends as soon as it is."""
    if run not in dask_worker.plugins:
        await dask_worker.plugin_add(plugin=_Over(), name=run)
        return
    await dask_worker.plugin_remove(name=run)
    await dask_worker.set_resources(**{run: 0})


class _Over(WorkerPlugin):
    """Mark a run that has ended."""


def _base(run: str) -> str:
    """Return what a run's name has in common over all its connections to a scheduler."""
    return run.rpartition(".")[0]


def grade_packed(
    run: str,
    name: str,
    packed: bytes,
    tasks: tuple[str, ...] | None,
    checks: tuple[str, ...] | None,
    personal: tuple[str, str] = ("", ""),
    patient: bool = False,
) -> dict[str, Any]:
    """Grade one submission on the worker that this runs on; `personal` are the fields of `Personal`.

    Returns `{"result", "digest", "told", "executed"}`, `{"lost", "told"}` where it ended its grading process three
    times, `{"gone"}` where this worker has been started anew, or `{"refused", "remedy"}` where it can't grade any more.
    """
    plugin = get_worker().plugins.get(run)
    if not isinstance(plugin, GradingProcesses):
        return {"gone": True}
    job = Job(Found(name, Path(name)), tasks, checks, personal=Personal(*personal), patient=patient)
    return plugin.grade(job, packed)
