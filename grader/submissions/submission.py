"""Read one submission into memory: the student's files, with everything that isn't theirs to change restored.

`grader.submissions.intake` finds submissions; `grader.grading.grade` sends what is read here into the sandbox.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.courses.assignment import Assignment, SubmissionKind
from grader.courses.globs import is_matched
from grader.errors import CourseError, UnclearError
from grader.submissions.artifacts import place_artifacts, with_artifacts
from grader.submissions.contents import Contents, IntakeLimits, is_junk
from grader.submissions.editions import respell
from grader.submissions.evidence import with_evidence_files
from grader.submissions.found import Found
from grader.submissions.intake import Intake, find_submissions
from grader.submissions.lfs_pointers import refuse_pointers
from grader.submissions.lms_names import plain_name
from grader.submissions.notebook_intake import Chosen, choose_notebook, convert_scripts, strip_notebook
from grader.submissions.package_root import place_files
from grader.submissions.paths import list_names, printable
from grader.submissions.reading import read_upload, unopened
from grader.submissions.rivals import Rivals
from grader.submissions.uploads import marked_students

__all__ = ["Found", "Intake", "IntakeLimits", "Submission", "find_submissions", "read_submission"]

DEFAULT_LIMITS = IntakeLimits()
KIT_FOLDER = "checks/"
REFERENCE_README = "README.md"


@dataclass(frozen=True, slots=True)
class Submission:
    """Hold what is graded: POSIX paths to bytes (sorted), notes for the student, required paths missing.

    `digest` is the sha256 over all paths and contents. `written` is the time of the last change of a file that the
    student handed in, in seconds as the files have it, 0 where they don't. `too_large` has the sizes in bytes of
    artifacts that were left out. `evidence` is what a notebook's cells showed, which is no file of the sandbox.
    """

    name: str
    files: Mapping[str, bytes]
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    digest: str
    written: float = field(default=0.0, compare=False)
    too_large: Mapping[str, int] = field(default_factory=dict)
    evidence: str = ""


def read_submission(found: Found, assignment: Assignment, *, limits: IntakeLimits = DEFAULT_LIMITS) -> Submission:
    """Read a submission; raise SubmissionError if it can't be read or holds no required file.

    A required file that is missing is never filled from the reference.
    """
    try:
        return _read(found, assignment, limits=limits)
    except OSError as err:
        raise unopened(found.path.name, err) from err


def _read(found: Found, assignment: Assignment, *, limits: IntakeLimits) -> Submission:
    if found.unclear:
        raise UnclearError(found.unclear, remedy="Put what all students handed in side by side, without sections.")
    artifacts = assignment.handed_in.artifacts
    contents = read_upload(found, assignment.handed_in, with_artifacts(limits, artifacts))
    _refuse_class(found, contents)
    chosen = _choose_notebook(contents, assignment)
    rivals = Rivals(contents.written, lambda: read_kit_template(assignment))
    placed = place_files(chosen.files, assignment.handed_in, rivals)
    refuse_pointers(placed.files, assignment.handed_in.required)
    beside = place_artifacts(placed.files, artifacts, uploaded=contents.files, too_large=contents.too_large)
    files, notes = _restore(with_evidence_files(beside.files, contents.files, assignment), assignment)
    files, respellings = respell(files, assignment)
    stripped = _strip_notebook(files, assignment)
    ordered = dict(sorted(stripped.files.items()))
    told = (*found.notes, *contents.notes, *chosen.notes, *placed.notes, *beside.notes)
    return Submission(
        name=found.name,
        files=ordered,
        notes=(*told, *notes, *respellings, *stripped.notes),
        missing=placed.missing,
        too_large=beside.too_large,
        digest=files_digest(ordered, evidence=stripped.evidence),
        evidence=stripped.evidence,
        written=max(contents.written.values(), default=0.0),
    )


def _refuse_class(found: Found, contents: Contents) -> None:
    """Raise UnclearError where one student's upload holds code that an LMS has marked as that of several."""
    code = (path for path in contents.files if plain_name(path.rpartition("/")[2]).endswith((".py", ".ipynb")))
    students = marked_students(code)
    if len(students) > 1:
        raise UnclearError(
            f"`{printable(found.path.name)}` holds what several students handed in: {list_names(students.values())}.",
            remedy="Each hands in only their own; a class's download is given by itself.",
        )


def _choose_notebook(contents: Contents, assignment: Assignment) -> Chosen:
    if assignment.handed_in.kind is not SubmissionKind.NOTEBOOK:
        return Chosen(contents.files)
    files = convert_scripts(contents.files, assignment, is_reference=False)
    rivals = Rivals(contents.written, lambda: read_kit_template(assignment))
    return choose_notebook(files, assignment, reference=reference_notebook(assignment), rivals=rivals)


def _strip_notebook(files: Mapping[str, bytes], assignment: Assignment) -> Chosen:
    if assignment.handed_in.kind is not SubmissionKind.NOTEBOOK:
        return Chosen(files)
    return strip_notebook(files, assignment, reference=reference_notebook(assignment))


def reference_notebook(assignment: Assignment) -> bytes | None:
    """Return the reference's notebook, None in the students' kit."""
    if assignment.reference is None:
        return None
    files = convert_scripts(read_reference(assignment.reference), assignment)
    return next((files[path] for path in assignment.handed_in.required if path in files), None)


def read_kit_template(assignment: Assignment) -> dict[str, bytes]:
    """Return the required files as students get them, none where the course has no generated template."""
    folder = assignment.folder.parent.parent.parent / "student_template" / assignment.slug
    files = {path: folder / path for path in assignment.handed_in.required}
    return {path: file.read_bytes() for path, file in files.items() if file.is_file()}


def _restore(files: Mapping[str, bytes], assignment: Assignment) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the files with the course's own ones in place, and notes on what was replaced or left out."""
    editable = assignment.handed_in.editable
    own = {path: content for path, content in files.items() if is_matched(path, editable)}
    other = {path: content for path, content in files.items() if path not in own}
    if assignment.reference is None:
        return own | {path: other[path] for path in other if not path.startswith(KIT_FOLDER)}, ()
    reference = convert_scripts(read_reference(assignment.reference), assignment)
    support = {path: content for path, content in reference.items() if not is_matched(path, editable)}
    kept = {path for path in own if not _collides(path, support)}
    kept |= {path for path in other if _is_free(path, support, reference)}
    changed = [path for path in support if path in files and not _is_same(files[path], support[path])]
    left_out = [path for path in files if path not in kept and path not in support]
    left_out = [path for path in left_out if not path.startswith(KIT_FOLDER)]
    notes = []
    if changed:
        notes.append(f"Replaced by the course's own, which may not be changed: {list_names(changed)}.")
    if left_out:
        notes.append(f"Left out {list_names(left_out)}: that place belongs to the course.")
    return {path: files[path] for path in kept} | support, tuple(notes)


def read_reference(folder: Path) -> dict[str, bytes]:
    """Read the files of a reference, without junk and its own README, which speaks to instructors."""
    if not folder.is_dir():
        raise CourseError(f"{folder} is missing.", remedy="Add a reference: a submission that earns every point.")
    files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    return {path: file.read_bytes() for path, file in files.items() if not is_junk(path) and path != REFERENCE_README}


def _is_free(path: str, support: Mapping[str, bytes], reference: Mapping[str, bytes]) -> bool:
    """Say whether a student's other file lies in a place that is not the course's own."""
    if path.startswith(KIT_FOLDER) or path in support or _collides(path, support):
        return False
    top = path.split("/")[0] + "/"
    beside = [other for other in reference if other.startswith(top)]
    return "/" not in path or not beside or any(other not in support for other in beside)


def _collides(path: str, support: Mapping[str, bytes]) -> bool:
    """Say whether a path is a folder of the course, or lies below one of its files."""
    parents = [folder.as_posix() for folder in PurePosixPath(path).parents]
    return any(folder in support for folder in parents) or any(other.startswith(f"{path}/") for other in support)


def _is_same(actual: bytes, expected: bytes) -> bool:
    return actual.replace(b"\r\n", b"\n") == expected.replace(b"\r\n", b"\n")


def files_digest(files: Mapping[str, bytes], *, evidence: str = "") -> str:
    """Return the sha256 over all paths and contents, in the files' order, and over what cells showed."""
    total = hashlib.sha256()
    for path, content in files.items():
        total.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
    total.update(evidence.encode())
    return total.hexdigest()
