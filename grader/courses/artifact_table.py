"""Read `[submission.artifacts]` of `assignment.toml`: files that students make and hand in, with limits of their own.

`grader.courses.assignment_file` reads the rest of the file.

Why: docs/decisions.md#handed-in-artifacts
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from grader.courses.assignment import Artifact, ArtifactKind
from grader.courses.globs import find_glob_fault
from grader.courses.toml_table import Table, fault, refuse_unknown, take_number, take_table, take_text
from grader.sandbox.wire.limits import limits_from

_KINDS = {
    ".safetensors": ArtifactKind.WEIGHTS,
    ".pt": ArtifactKind.WEIGHTS,
    ".pth": ArtifactKind.WEIGHTS,
    ".csv": ArtifactKind.PREDICTIONS,
    ".txt": ArtifactKind.PREDICTIONS,
}
_KIT_FOLDER = "checks/"
_MOST_MIB = 256  # of one and of all: a submission is read into memory, on both sides of the wall
_EXAMPLE = 'Write `weights = { path = "weights/best.safetensors", mib = 40 }`.'


def read_artifacts(table: Table, *, required: Sequence[str], limits: Mapping[str, float | int]) -> tuple[Artifact, ...]:
    """Return the artifacts by the names that checks use. Raises CourseError for the first mistake.

    Files of these sizes have to fit what the assignment's `limits` let lie in the sandbox.
    """
    found: list[Artifact] = []
    for name in table.values:
        own = take_table(table, name)
        refuse_unknown(own, ("path", "mib"))
        if not name.isidentifier():
            raise fault(table, name, "is no name that a check can ask for", remedy=_EXAMPLE)
        path = _read_path(own, required)
        for other in found:
            _refuse_same(own, path, other)
        kind = _KINDS[PurePosixPath(path).suffix.lower()]
        found.append(Artifact(name, path, kind, _read_size(own, limits)))
    _refuse_sum(table, found, limits)
    return tuple(found)


def _read_path(table: Table, required: Sequence[str]) -> str:
    path = take_text(table, "path")
    problem = find_glob_fault(path)
    if any(letter in path for letter in "*?["):
        problem = "is a glob; an artifact is one file"
    if not path.isprintable():
        problem = "can't be printed"
    if path.startswith(_KIT_FOLDER):
        problem = f"lies in `{_KIT_FOLDER}`, which belongs to the grader in a students' kit"
    if PurePosixPath(path).suffix.lower() not in _KINDS:
        problem = f"has none of the suffixes {', '.join(_KINDS)}"
    if problem:
        raise fault(table, "path", f"is `{path}`, which {problem}", remedy=_EXAMPLE)
    if path in required:
        problem = f"is `{path}`, which is `required` as well"
        raise fault(table, "path", problem, remedy="Take it out of `required`: its check says when it is missing.")
    return path


def _refuse_same(table: Table, path: str, other: Artifact) -> None:
    """Raise CourseError where two artifacts could not be told apart in an upload."""
    if path.lower() == other.path.lower():
        raise fault(table, "path", f"is `{path}`, as that of `{other.name}`", remedy="Give each a path of its own.")
    name = PurePosixPath(path).name
    if name.lower() == PurePosixPath(other.path).name.lower():
        problem = f"is `{path}`, and `{other.name}` is called `{name}` as well"
        raise fault(table, "path", problem, remedy="Give each a file name of its own: some hand in bare files.")


def _read_size(table: Table, limits: Mapping[str, float | int]) -> float:
    size = take_number(table, "mib")
    if not 0 < size <= _MOST_MIB:
        problem = f"is {size:g}; expected more than 0 and at most {_MOST_MIB}"
        raise fault(table, "mib", problem, remedy="Write `mib = 40`.")
    most = limits_from(limits).file_mib
    if size > most:
        problem = f"is {size:g}, and the sandbox holds no file of over {most:g} MiB"
        raise fault(table, "mib", problem, remedy=f"Write `file_mib = {size:g}` in `[limits]`, or make it smaller.")
    return float(size)


def _refuse_sum(table: Table, found: Sequence[Artifact], limits: Mapping[str, float | int]) -> None:
    """Raise CourseError where all artifacts, weights twice, leave no room for what the code itself writes."""
    total, room = sum(artifact.most_mib for artifact in found), limits_from(limits).tmp_mib / 3
    if total > min(room, _MOST_MIB):
        problem = f"sum up to {total:g} MiB; expected at most {math.floor(min(room, _MOST_MIB))}"
        wider = f", or write `tmp_mib = {3 * total:g}` in `[limits]`" if total <= _MOST_MIB else ""
        raise fault(table, "", problem, remedy=f"Make them smaller{wider}.")
