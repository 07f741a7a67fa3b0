"""Hand a submission's artifacts to its checks, or say in words why there is none: the fixture `artifact`.

`grader.grading.session` asks it; `grader.submissions.submission` has read the files.

Why: docs/decisions.md#handed-in-artifacts
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from grader.courses.assignment import Artifact, ArtifactKind, Assignment
from grader.courses.toml_table import suggest
from grader.datasets.artifact_files import ArtifactFile
from grader.errors import CourseError, ProtocolError
from grader.grading.outcome import ProbeFailed
from grader.probes import HANDED_IN
from grader.results.verdict import Feedback, Verdict
from grader.sandbox.wire.unpacking import checked_header
from grader.submissions.contents import explain_size
from grader.submissions.lfs_pointers import LFS_REMEDY, LFS_START, LFS_WORDS
from grader.submissions.submission import Submission

_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
FindArtifact = Callable[[str], ArtifactFile]
"""Return the artifact of this name; raise ProbeFailed where it can't be used, CourseError where there is none."""


def find_none(name: str) -> ArtifactFile:
    """Raise CourseError: nothing here was handed in."""
    raise CourseError(f"There is no artifact `{name}` here.", remedy="Run this on a submission.")


def artifacts_of(submission: Submission, assignment: Assignment) -> FindArtifact:
    """Return what finds the artifacts of a submission."""
    return _finder(assignment, submission.files, submission.too_large, absent="was not handed in.")


def with_weights_kept(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, bytes]:
    """Return the files with weights a second time, where nobody's code saves: probes load them as handed in.

    A notebook that saves its model, or a training that keeps its best one, writes over the file that lies in its place.
    """
    weights = [one.path for one in assignment.handed_in.artifacts if one.kind is ArtifactKind.WEIGHTS]
    return {**files, **{f"{HANDED_IN}/{path}": files[path] for path in weights if path in files}}


def artifacts_beside(kit: Path, assignment: Assignment) -> FindArtifact:
    """Return what finds artifacts in a user's own folder, as they are now."""
    files: dict[str, bytes] = {}
    too_large: dict[str, int] = {}
    for artifact in assignment.handed_in.artifacts:
        file = kit / artifact.path
        size = file.stat().st_size if file.is_file() else 0
        if size > artifact.most_bytes:
            too_large[artifact.path] = size
        elif file.is_file():
            files[artifact.path] = file.read_bytes()
    absent = "is not in the assignment's folder yet: let your code save it there."
    return _finder(assignment, files, too_large, absent=absent)


def _finder(
    assignment: Assignment, files: Mapping[str, bytes], too_large: Mapping[str, int], *, absent: str
) -> FindArtifact:
    named = {artifact.name: artifact for artifact in assignment.handed_in.artifacts}

    def find(name: str) -> ArtifactFile:
        if name not in named:
            raise CourseError(f"The assignment has no artifact `{name}`.", remedy=suggest(name, named))
        artifact = named[name]
        content = files.get(artifact.path)
        if content is None:
            raise ProbeFailed(Verdict.MISSING, Feedback(message=_explain_absence(artifact, too_large, absent=absent)))
        if content.startswith(LFS_START):
            raise ProbeFailed(Verdict.MISSING, Feedback(message=f"`{artifact.path}` is {LFS_WORDS} {LFS_REMEDY}"))
        if fault := _find_fault(artifact, content):
            raise ProbeFailed(Verdict.WRONG, Feedback(message=f"`{artifact.path}` {fault}"))
        return ArtifactFile(artifact.path, content)

    return find


def _explain_absence(artifact: Artifact, too_large: Mapping[str, int], *, absent: str) -> str:
    size = too_large.get(artifact.path)
    if size is None:
        return f"`{artifact.path}` {absent}"
    return f"`{artifact.path}` was not read: {explain_size(size, most_bytes=artifact.most_bytes)}."


def _find_fault(artifact: Artifact, content: bytes) -> str:
    """Return what is wrong with an artifact as far as that shows without opening it, "" where nothing is."""
    if not content.strip():
        return "is empty."
    if not artifact.path.lower().endswith(".safetensors"):
        return ""
    save = f'Save the weights with `safetensors.torch.save_file(model.state_dict(), "{artifact.path}")`.'
    try:
        checked_header(content, what="The file")
    except ProtocolError as err:
        if content.startswith(_PICKLES):
            return f"is a pickle, as `torch.save` writes it, and no safetensors file. {save}"
        return f"is no usable safetensors file. {err} {save}"
    return ""
