"""How an assignment's submissions are opened: its probes and limits, and what its fork server imports beforehand.

`grader.grading.grade`, `grader.grading.plugin` and `grader.authoring.record` open them, and run checks against what is
open.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from grader.courses.assignment import Assignment, SubmissionKind, probe_files
from grader.errors import CourseError
from grader.probes import places_of_probes
from grader.sandbox.outside.host import ByDevice
from grader.sandbox.outside.inline import InlineSandbox
from grader.sandbox.outside.servers import Server, open_in
from grader.sandbox.wire.limits import Limits, limits_from
from grader.sandbox.wire.protocol import Sandbox
from grader.sandbox.wire.shims import shims_named, shims_used
from grader.submissions.paths import list_names
from grader.submissions.submission import Submission

_MOST_NAMED = 5
_FIRST_GRADIENT = "torch.fx.experimental.symbolic_shapes"


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
    probes = read_probes(assignment)
    limits = limits or limits_of(assignment)
    sandbox: Sandbox
    with contextlib.ExitStack() as stack:
        if server is not None:
            walled = [
                open_in(one, files=submission.files, probes=probes, limits=limits, shims=assignment.sandbox.shims)
                for one in (server, on_cards)
                if one is not None
            ]
            sandbox = ByDevice(*walled) if on_cards is not None else walled[0]
        else:
            is_notebook = assignment.handed_in.kind is SubmissionKind.NOTEBOOK
            own = stack.enter_context(_written(submission.files)) if is_notebook else folder or Path.cwd()
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


def modules_to_preload(assignment: Assignment) -> tuple[str, ...]:
    """Return the modules that a fork server imports once for all of an assignment's submissions.

    These are its `preload` and, if a probe may need it, what torch imports for the first gradient of anything but a
    loss, which takes half a second.
    """
    asks = any(word in source for source in read_probes(assignment).values() for word in (b"backward", b"autograd"))
    return (*assignment.sandbox.preload, *([_FIRST_GRADIENT] if asks else []))


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


def read_probes(assignment: Assignment) -> dict[str, bytes]:
    """Return the sources of the assignment's probe files by name. Raises CourseError, also for a name used twice."""
    files = probe_files(assignment)
    if not files:
        raise CourseError(
            f"{assignment.folder} has no probes.", remedy="Add a file `probes.py`: the checks run what it declares."
        )
    sources: dict[str, bytes] = {}
    declared: dict[str, str] = {}
    for file in files:
        if not file.stem.isidentifier():
            raise CourseError(f"{file} can't be imported by its name.", remedy="Use letters, digits and `_` only.")
        sources[file.name] = _read(file)
        for name, line in places_of_probes(sources[file.name]):
            place = f"{file.name}, line {line}"
            if name in declared:
                places = f"{declared[name]}, and {place}"
                raise CourseError(f"Two probes are called `{name}`: {places}.", remedy="Give each a name of its own.")
            declared[name] = place
    return sources


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as err:
        raise CourseError(f"{file} can't be read: {err.strerror}.", remedy="An assignment needs its probes.") from err


def limits_of(assignment: Assignment) -> Limits:
    """Return the assignment's limits."""
    return limits_from(assignment.limits)


def widest_limits(assignment: Assignment) -> Limits:
    """Return limits within which every task's probes may run."""
    limits = limits_of(assignment)
    all_limits = [replace(limits, **task.limits) for task in assignment.tasks]
    return replace(limits, wall_s=max(one.wall_s for one in all_limits), cpu_s=max(one.cpu_s for one in all_limits))
