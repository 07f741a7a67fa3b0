"""Check what a notebook's kernel holds right now, with the public checks of the students' kit.

`grader.live.in_notebook` calls it and shows the result. The checks are collected once and run again and again.
"""

import functools
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from grader.courses.assignment import Assignment, SubmissionKind
from grader.courses.course import read_kit
from grader.courses.globs import is_matched
from grader.courses.manifest import version_note
from grader.courses.personal import personal_of_kit
from grader.courses.toml_table import suggest
from grader.errors import CourseError
from grader.grading import plugin
from grader.grading.artifacts import artifacts_beside
from grader.grading.check_session import in_session
from grader.grading.forbidden import ForbiddenUses, find_uses
from grader.grading.grade import run_checks
from grader.grading.notebook_notes import ON_PROCESSOR
from grader.grading.opening import limits_of
from grader.grading.points import add_up
from grader.grading.probe_sources import read_probes
from grader.grading.session import RecordedAssets, Subject
from grader.live.owners import lent, owners_named
from grader.live.sandbox import LiveKernel, LiveSandbox
from grader.live.source import Cells, definitions_in
from grader.live.state import unharmed
from grader.notebooks.document import Notebook, write_notebook
from grader.notebooks.plan import NotebookPlan, NotebookState, module_of_task
from grader.results.verdict import SubmissionResult
from grader.sandbox.inside.cuda_on_cpu import has_used_processor, watch_for_cuda
from grader.sandbox.inside.notebook_modules import NotebookFinder
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable
from grader.sandbox.wire.protocol import Sandbox
from grader.sandbox.wire.shims import shims_named

_NOTEBOOK = "notebook.ipynb"


@dataclass(frozen=True, slots=True)
class _Opened:
    assignment: Assignment
    session: pytest.Session


def check_live(kit: Path, tasks: Sequence[str] | None, *, module: ModuleType, cells: Cells) -> SubmissionResult:
    """Check tasks (None: all but the long ones) against the names in `module`, and leave the kernel as it was.

    Raises CourseError for a task that the kit doesn't have, and KeyboardInterrupt where the user stopped it.
    """
    opened = _open(kit, _stamp(kit / "checks"))
    assignment = opened.assignment
    _refuse_unknown(assignment, tasks or ())
    chosen = replace(
        assignment,
        tasks=tuple(task for task in assignment.tasks if (not task.long if tasks is None else task.name in tasks)),
    )
    probes = read_probes(assignment)
    make_torchvision_importable()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-live-")))
        kernel = _kernel(assignment, kit, module=module, cells=cells, folder=folder)
        stack.enter_context(unharmed(kernel.namespace, root=kernel.root, owners=owners_named(probes)))
        stack.enter_context(lent(shims_named(assignment.sandbox.shims)))
        torch.set_num_threads(1)  # as when the submission is graded
        sandbox = LiveSandbox(kernel, probes=probes, limits=limits_of(assignment))
        stack.callback(sandbox.close)
        stack.callback(watch_for_cuda())
        forbidden = _find_uses(sandbox, chosen, kit, namespace=kernel.namespace, cells=cells)
        subject = Subject(
            sandbox,
            RecordedAssets(assignment.assets).expect,
            forbidden=forbidden,
            artifacts=artifacts_beside(kit, assignment),
            personal=personal_of_kit(assignment),
        )
        try:
            results = run_checks(opened.session, subject, only=_checks_of(opened, chosen))
        except BaseException:  # stopped in the middle of a check: pytest would not begin another
            _open.cache_clear()
            raise
        notes = (*_notes(assignment, chosen, tasks), *([ON_PROCESSOR] if has_used_processor() else []))
    return add_up(kit.name, chosen, results, notes=notes, seconds=0.0, wall="inline")


def _notes(assignment: Assignment, chosen: Assignment, tasks: Sequence[str] | None) -> tuple[str, ...]:
    left_out = [task for task in assignment.tasks if tasks is None and task not in chosen.tasks]
    long = [f'`grader.check("{task.name}")`' for task in left_out]
    told = f"Not checked, since it takes long: {', '.join(long)}." if long else ""
    return tuple(filter(None, (version_note(assignment.assets), told)))


@functools.lru_cache(maxsize=4)
def _open(kit: Path, _stamp: object) -> _Opened:
    """Read a kit and collect its checks; kept for as long as its files stay as they are."""
    assignment = read_kit(kit)
    if assignment is None:
        raise CourseError(f"{kit} is no longer a kit.", remedy="Is its folder `checks` complete?")
    found: list[pytest.Session] = []
    in_session(assignment, found.append)
    for item in found[0].items:  # who has waited enough interrupts the kernel, and a breakpoint may take any time
        item.own_markers[:] = [marker for marker in item.own_markers if marker.name != "timeout"]
    return _Opened(assignment, found[0])


def _stamp(checks: Path) -> tuple[tuple[str, int, int], ...]:
    files = ((file.name, file.stat()) for file in sorted(checks.iterdir()) if file.is_file())
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in files)


def _refuse_unknown(assignment: Assignment, tasks: Sequence[str]) -> None:
    known = [task.name for task in assignment.tasks]
    for name in tasks:
        if name not in known:
            raise CourseError(f"{assignment.slug} has no task `{name}`.", remedy=suggest(name, known))


def _kernel(assignment: Assignment, kit: Path, *, module: ModuleType, cells: Cells, folder: Path) -> LiveKernel:
    """Return the kernel as what the probes import: under a name for each state of the notebook, all the same here.

    `folder` is what the cells are said to lie in where a probe runs statements of theirs.
    """

    def place_of(file: str) -> str:
        path = Path(file)
        if path.parent == folder:
            return f"cell In[{path.name.removeprefix('cell ')}]"
        inside = path.is_absolute() and path.is_relative_to(kit) and "site-packages" not in path.parts
        return cells.name(file) or (path.relative_to(kit).as_posix() if inside else "")

    if assignment.handed_in.kind is not SubmissionKind.NOTEBOOK:
        return LiveKernel(module, place_of, kit)
    name = assignment.notebook.module
    states = [
        NotebookState(name),
        *(NotebookState(module_of_task(t.name, module=name), t.name) for t in assignment.tasks if t.cell),
    ]
    (folder / _NOTEBOOK).write_bytes(write_notebook(Notebook(cells.executed())))
    finder = NotebookFinder(folder, NotebookPlan(_NOTEBOOK, tuple(states)), import_s=limits_of(assignment).import_s)
    return LiveKernel(module, place_of, kit, finder, tuple(state.module for state in states))


def _find_uses(
    sandbox: Sandbox, assignment: Assignment, kit: Path, *, namespace: Mapping[str, Any], cells: Cells
) -> ForbiddenUses:
    """Return where forbidden names are used: in the definitions that hold, or in the files of a package."""
    if not any(task.forbidden for task in assignment.tasks):
        return ForbiddenUses()
    handed_in = assignment.handed_in
    if handed_in.kind is SubmissionKind.NOTEBOOK:
        sources = definitions_in(namespace, cells)
        files = {handed_in.required[0]: write_notebook(Notebook(sources))}
    else:
        found = {path.relative_to(kit).as_posix(): path for glob in handed_in.editable for path in kit.glob(glob)}
        files = {
            name: path.read_bytes() for name, path in sorted(found.items()) if is_matched(name, handed_in.editable)
        }
    forbidden = find_uses(sandbox, assignment=assignment, files=files)
    by_task = {
        task: tuple(replace(use, file=f"cell In[{use.cell}]", cell=0) if use.cell else use for use in uses)
        for task, uses in forbidden.by_task.items()
    }
    return replace(forbidden, by_task=by_task)


def _checks_of(opened: _Opened, assignment: Assignment) -> set[str]:
    tasks = {task.name for task in assignment.tasks}
    checks = opened.session.config.stash[plugin.CHECKS]
    return {name for name, check in checks.items() if check.task in tasks}
