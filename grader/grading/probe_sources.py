"""An assignment's probe files: their sources by name, and what is wrong with how they are declared.

`grader.grading.opening` hands the sources to a sandbox; `grader.courses.assignment` finds the files. Nothing here
imports torch.
"""

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


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as err:
        raise CourseError(f"{file} can't be read: {err.strerror}.", remedy="An assignment needs its probes.") from err
