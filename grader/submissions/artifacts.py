"""Find the artifacts of a submission: files such as trained weights that an assignment asks for beside the code.

`grader.submissions.submission` widens its limits here, and has what was found put under the paths that checks know.

Why: docs/decisions.md#handed-in-artifacts
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.courses.assignment import Artifact, ArtifactKind, Assignment
from grader.submissions.contents import IntakeLimits
from grader.submissions.lms_names import plain_name
from grader.submissions.paths import list_names, printable


@dataclass(frozen=True, slots=True)
class PlacedArtifacts:
    """Hold a submission's files with artifacts under their own paths, and notes on where they were found.

    `too_large` has the sizes, by those paths, of artifacts that were left out since they are over their limits.
    """

    files: Mapping[str, bytes]
    notes: tuple[str, ...]
    too_large: Mapping[str, int]


def with_artifacts(limits: IntakeLimits, artifacts: Sequence[Artifact]) -> IntakeLimits:
    """Return limits that hold for the artifacts as well, wherever in an upload they lie: there is room for all."""
    sizes = {PurePosixPath(artifact.path).name.lower(): artifact.most_bytes for artifact in artifacts}
    more = sum(sizes.values())
    total, inner = limits.total_bytes + more, limits.inner_bytes + more
    return replace(limits, artifacts=sizes, total_bytes=total, inner_bytes=inner)


def without_artifacts(
    files: Mapping[str, bytes], assignment: Assignment, *, kind: ArtifactKind | None = None
) -> dict[str, bytes]:
    """Return the files without artifacts, or without those of a kind: what has made nothing hands nothing in."""
    paths = {one.path for one in assignment.handed_in.artifacts if kind is None or one.kind is kind}
    return {path: content for path, content in files.items() if path not in paths}


def place_artifacts(
    files: Mapping[str, bytes],
    artifacts: Sequence[Artifact],
    *,
    uploaded: Mapping[str, bytes],
    too_large: Mapping[str, int],
) -> PlacedArtifacts:
    """Put each artifact under its own path: the file that lies there, else the only one of its name in the upload.

    `files` are those that have found their places already, `uploaded` all that were handed in. Where several that
    differ have the name, none is taken, and a note says so.
    """
    placed, notes, over = dict(files), [], dict[str, int]()
    for artifact in artifacts:
        if artifact.path in placed:
            continue
        found = sorted(path for path in uploaded if _is_like(path, artifact))
        if len({uploaded[path] for path in found}) == 1:
            placed = {path: content for path, content in placed.items() if not _is_like(path, artifact)}
            placed[artifact.path] = uploaded[found[0]]
            notes.append(
                f"Read `{printable(found[0])}` as `{artifact.path}`: hand in the files under the paths asked for."
            )
        elif found:
            notes.append(
                f"It is unclear which file is meant by `{artifact.path}`: {list_names(found)} differ. None is used."
            )
        elif sizes := [too_large[path] for path in too_large if _is_like(path, artifact)]:
            over[artifact.path] = max(sizes)
    return PlacedArtifacts(placed, tuple(notes), over)


def _is_like(path: str, artifact: Artifact) -> bool:
    """Say whether a file is called as an artifact is, but for what an LMS or a browser adds."""
    return plain_name(PurePosixPath(path).name) == PurePosixPath(artifact.path).name.lower()
