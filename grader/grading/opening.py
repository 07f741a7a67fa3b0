"""How an assignment's submissions are opened: with which files, probes and limits.

`grader.grading.grade`, `grader.grading.plugin` and `grader.authoring.record` open them, and run checks against what is
open.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from grader.courses.assignment import Assignment, SubmissionKind
from grader.errors import CourseError
from grader.grading.artifacts import with_weights_kept
from grader.grading.probe_sources import read_probes
from grader.sandbox.outside.host import ByDevice
from grader.sandbox.outside.inline import InlineSandbox
from grader.sandbox.outside.servers import Server, open_in
from grader.sandbox.wire.limits import Limits, limits_from, patient
from grader.sandbox.wire.protocol import Sandbox
from grader.sandbox.wire.shims import shims_named, shims_used
from grader.submissions.paths import list_names
from grader.submissions.submission import Submission

_MOST_NAMED = 5


@contextlib.contextmanager
def open_sandbox(
    assignment: Assignment,
    submission: Submission,
    *,
    server: Server | None,
    on_cards: Server | None = None,
    folder: Path | None = None,
    limits: Limits | None = None,
) -> Iterator[Sandbox]:
    """Open a submission behind a server's wall, or inline in `folder` where there is no server.

    `on_cards` is the server for probes on graphics cards. `limits` are the assignment's where none are given.
    """
    files = with_weights_kept(submission.files, assignment)
    probes = read_probes(assignment)
    limits = limits or limits_of(assignment)
    sandbox: Sandbox
    with contextlib.ExitStack() as stack:
        if server is not None:
            walled = [
                open_in(one, files=files, probes=probes, limits=limits, shims=assignment.sandbox.shims)
                for one in (server, on_cards)
                if one is not None
            ]
            sandbox = ByDevice(*walled) if on_cards is not None else walled[0]
        else:
            is_notebook = assignment.handed_in.kind is SubmissionKind.NOTEBOOK
            own = stack.enter_context(_written(files)) if is_notebook else folder or Path.cwd()
            sandbox = InlineSandbox(own, probes=probes, limits=limits, shims=assignment.sandbox.shims)
        stack.callback(sandbox.close)
        yield sandbox


@contextlib.contextmanager
def _written(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Write files into a temporary folder: what a notebook is imported from is made by the grader."""
    with tempfile.TemporaryDirectory(prefix="grader-notebook-") as name:
        for path, content in files.items():
            file = Path(name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield Path(name)


def refuse_failed_preload(server: Server, assignment: Assignment) -> None:
    """Raise CourseError if a module that the assignment preloads can't be imported: students' code may need it too."""
    if server.problems and assignment.reference is None:  # a student's kit
        raise CourseError(
            f"The assignment needs what is not installed: {server.problems[0].rstrip('.')}.",
            remedy="Install what its README.md names under “Set up”.",
        )
    if server.problems:
        raise CourseError(
            f"`preload` in assignment.toml: {server.problems[0].rstrip('.')}.",
            remedy="Install it on this machine, or take it out of `preload`.",
        )


def shims_note(assignment: Assignment, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Say which names that the student's code uses are gone from the installed versions and were given back."""
    used = shims_used(shims_named(assignment.sandbox.shims), [*files.values()])
    if not used:
        return ()
    names = list_names(used, most=_MOST_NAMED)
    return (f"Newer versions no longer have {names}: given back here, for code written for older ones.",)


def limits_of(assignment: Assignment) -> Limits:
    """Return the assignment's limits."""
    return limits_from(assignment.limits)


def with_patience(assignment: Assignment) -> Assignment:
    """Return the assignment with the limits for what timed out beside others, its tasks' own limits included."""
    base = limits_of(assignment)

    def stretched(own: Mapping[str, float]) -> dict[str, float | int]:
        limits = patient(replace(base, **own))
        return {**own, "wall_s": limits.wall_s, "import_s": limits.import_s, "cpu_s": limits.cpu_s}

    tasks = tuple(replace(task, limits=stretched(task.limits)) if task.limits else task for task in assignment.tasks)
    return replace(assignment, limits=stretched(assignment.limits), tasks=tasks)


def widest_limits(assignment: Assignment) -> Limits:
    """Return limits within which every task's probes may run."""
    limits = limits_of(assignment)
    all_limits = [replace(limits, **task.limits) for task in assignment.tasks]
    return replace(limits, wall_s=max(one.wall_s for one in all_limits), cpu_s=max(one.cpu_s for one in all_limits))
