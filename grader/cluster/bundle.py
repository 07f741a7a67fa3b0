"""The part of a course that grades one assignment, as bytes: what every worker of a cluster needs once.

`grader.cluster.node` unpacks it on a worker; known mistakes and their variants stay at home.
"""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grader.courses.assignment import Assignment, grading_files
from grader.errors import ProtocolError
from grader.submissions.packing import FilesWithFacts, pack_with_facts, unpack_with_facts
from grader.submissions.submission import read_reference

MOST_BYTES = 256 << 20
_LEFT_OUT = ("variants", "__pycache__")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Hold the packed files of an assignment, their sha256, and the assignment's slug."""

    slug: str
    content: bytes
    digest: str


def make_bundle(assignment: Assignment) -> Bundle:
    """Pack what grading reads."""
    content = pack_with_facts(FilesWithFacts(course_files(assignment)))
    return Bundle(assignment.slug, content, hashlib.sha256(content).hexdigest())


def course_files(assignment: Assignment) -> dict[str, bytes]:
    """Return what grading reads, where it lies in a course: checks and probes with helpers, assets, the reference."""
    own = {path.relative_to(assignment.folder).as_posix(): path for path in _own_files(assignment)}
    home = f"tests/assignments/{assignment.slug}"
    files = {f"{home}/{name}": path.read_bytes() for name, path in own.items()}
    files |= {f"assets/{assignment.slug}/{path.name}": path.read_bytes() for path in _assets(assignment)}
    if assignment.reference is not None:
        reference = read_reference(assignment.reference)
        files |= {f"reference/{assignment.slug}/{path}": content for path, content in reference.items()}
    return dict(sorted(files.items()))


def unpack_bundle(bundle: Bundle, folder: Path) -> Path:
    """Write a bundle's files into a new folder of that name, which appears as a whole or not at all.

    Only this user may read it. Raises ProtocolError for other bytes than the bundle's, and where they
    can't be written.
    """
    if hashlib.sha256(bundle.content).hexdigest() != bundle.digest:
        raise ProtocolError("The course was damaged on its way to the worker.")
    packed = unpack_with_facts(bundle.content, most_bytes=MOST_BYTES)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix="unpacking-", dir=folder.parent))
        for name, content in packed.files.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return beside.rename(folder)
    except OSError as err:
        raise ProtocolError(
            f"The course can't be written there: {err}.", remedy="Start the worker with another --local-directory."
        ) from err


def _own_files(assignment: Assignment) -> list[Path]:
    folders = [path for path in assignment.folder.glob("*") if path.is_dir()]
    wanted = [path for path in folders if path.name not in _LEFT_OUT and not path.name.startswith(".")]
    inside = [path for folder in wanted for path in folder.rglob("*")]
    return [
        *grading_files(assignment),
        *(path for path in inside if path.is_file() and "__pycache__" not in path.parts),
    ]


def _assets(assignment: Assignment) -> list[Path]:
    return [path for path in assignment.assets.glob("*") if path.is_file()] if assignment.assets.is_dir() else []
