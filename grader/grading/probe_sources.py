"""An assignment's probe files: their sources by name, what is wrong with how they are declared, what they import.

`grader.grading.opening` hands the sources to a sandbox; `grader.courses.assignment` finds the files. Nothing here
imports torch.

Why: docs/decisions.md#what-is-imported-beforehand-is-learned
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from grader.courses.assignment import Assignment, probe_files
from grader.errors import CourseError
from grader.probes import places_of_probes


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


def needed_by_probes(assignment: Assignment) -> tuple[str, ...]:
    """Return those names of `preload` that probe files import where they begin: every submission needs these.

    A submission's process executes all probe files. Raises CourseError as `read_probes` does.
    """
    imported = {name for source in read_probes(assignment).values() for name in _imported_by(source)}
    return tuple(
        name
        for name in assignment.sandbox.preload
        if any(one == name or one.startswith(f"{name}.") for one in imported)
    )


def _imported_by(source: bytes) -> Iterator[str]:
    """Yield the modules, and what may be one, that the statements of a file import; nothing for what is no Python."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):
        return
    for statement in statements:
        match statement:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                yield from (f"{module}.{alias.name}" for alias in aliases)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as err:
        raise CourseError(f"{file} can't be read: {err.strerror}.", remedy="An assignment needs its probes.") from err
