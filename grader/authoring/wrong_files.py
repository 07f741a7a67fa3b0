"""Make wrong prediction files of a right one: what a check that scores predictions has to fail over.

`grader.authoring.proving` has checks read them.
"""

from collections.abc import Iterator, Mapping

from grader.datasets.artifact_files import ArtifactFile
from grader.grading.artifacts import FindArtifact


class ListeningFinder:
    """Find artifacts, some of them replaced, and keep what was found, by name."""

    def __init__(self, find: FindArtifact, instead: Mapping[str, ArtifactFile] = {}) -> None:
        self._find = find
        self._instead = instead
        self.found: dict[str, ArtifactFile] = {}

    def __call__(self, name: str) -> ArtifactFile:
        """Return an artifact, or what stands in its place."""
        self.found[name] = self._instead.get(name) or self._find(name)
        return self.found[name]


def wrong_files(right: ArtifactFile) -> Iterator[tuple[str, ArtifactFile]]:
    """Yield wrong predictions, and in a few words what is wrong with each; none for weights, which probes load."""
    if not right.path.lower().endswith((".csv", ".txt")):
        return
    lines = right.content.splitlines(keepends=True)
    head, rest = lines[:1], lines[1:]
    ways = {
        "every other line is gone": lines[::2],
        "all predictions are the first": [*head, *rest[:1] * len(rest)],
        "the predictions are one line off": [*head, *rest[1:], *rest[:1]],
        "no line is a prediction": [b"no prediction\n"] * len(lines),
    }
    for how, wrong in ways.items():
        if wrong != lines:
            yield how, ArtifactFile(right.path, b"".join(wrong))
