"""An assignment's probe files: their sources, and what a fork server imports beforehand for those who run them.

`grader.grading.opening` hands the sources to a sandbox, `grader.grading.early` the modules to a fork server. Nothing
here imports torch.

Why: docs/decisions.md#what-is-imported-beforehand-is-learned
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.courses.assignment import Assignment, check_files, helper_files, probe_files
from grader.errors import CourseError
from grader.grading.job import Order
from grader.probes import places_of_probes

_FIRST_GRADIENT = "torch.fx.experimental.symbolic_shapes"
_OF_OPTIMIZERS = "torch._dynamo"
_OPTIMIZER = re.compile(rb"\boptim\b")


@dataclass(frozen=True, slots=True)
class Preload:
    """Hold the modules that a fork server imports at once, and those that it imports when they were needed once."""

    at_once: tuple[str, ...]
    offered: tuple[str, ...]


def modules_to_preload(assignment: Assignment) -> tuple[str, ...]:
    """Return the modules that a fork server may import for all of an assignment's submissions.

    These are its `preload` and, if a probe may need it, what torch imports for the first gradient of anything but a
    loss, which takes half a second.
    """
    asks = any(word in source for source in read_probes(assignment).values() for word in (b"backward", b"autograd"))
    return (*assignment.sandbox.preload, *([_FIRST_GRADIENT] if asks else []))


def preload_for(order: Order) -> Preload:
    """Return what a fork server imports for an order: at once what the first optimizer takes a second to import.

    That is only where probes mention optimizers that the order's checks ask for: in a probe it would cost its time.
    """
    offered = modules_to_preload(order.assignment)
    has_optimizers = _OF_OPTIMIZERS in offered and any(map(_OPTIMIZER.search, _probes_asked_for(order).values()))
    return Preload((_OF_OPTIMIZERS,) if has_optimizers else (), offered)


def _probes_asked_for(order: Order) -> Mapping[str, bytes]:
    """Return the probe files that the files of the order's checks name a probe of, and those that these import."""
    sources = read_probes(order.assignment)
    checks = {file.name: file.read_bytes() for file in check_files(order.assignment)}
    helpers = {file.name: file.read_bytes() for file in helper_files(order.assignment)}
    tasks = [_quoted(task.name, after=rb"task\s*=\s*") for task in order.assignment.tasks if order.includes(task.name)]
    named = {file for file, source in checks.items() if any(task.search(source) for task in tasks)}
    if not all(any(task.search(checks[file]) for file in named) for task in tasks):
        return sources  # a task is named in another way: its checks may ask for any probe
    text = b"".join(source for _file, source in _with_imported(named, checks | helpers).items())
    asked = {
        file
        for file, source in sources.items()
        if any(_quoted(name).search(text) for name, _line in places_of_probes(source))
    }
    return _with_imported(asked, sources)


def _quoted(name: str, *, after: bytes = b"") -> re.Pattern[bytes]:
    return re.compile(after + b"[\"']" + re.escape(name).encode() + b"[\"']")


def _with_imported(files: Collection[str], sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files and those that they import, directly or not."""
    waiting = list(files)
    reached: dict[str, bytes] = {}
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached[file] = sources[file]
            waiting += [other for other in sources if re.search(rb"\b%b\b" % other[:-3].encode(), sources[file])]
    return reached


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
