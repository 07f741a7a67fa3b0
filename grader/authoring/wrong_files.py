"""Make wrong prediction files of a right one: what a check that scores predictions has to fail over.

`grader.authoring.proving` has checks read them.
"""

from collections.abc import Iterator, Mapping, Sequence

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
    ids, said = _parted(rest)
    ways = {
        "every other line is gone": lines[::2],
        "all predictions are the first": [*head, *_joined(ids, said[:1] * len(rest))],
        "the predictions are one line off": [*head, *_joined(ids, [*said[1:], *said[:1]])],
        "no line is a prediction": [b"no prediction\n"] * len(lines),
    }
    for how, wrong in ways.items():
        if wrong != lines:
            yield how, ArtifactFile(right.path, b"".join(wrong))


def _parted(lines: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return what each line is about and what it says of it: in a table, the first column is taken for ids.

    Where two lines begin alike it holds no ids, and the lines are predictions as a whole.
    """
    for separator in (b",", b";", b"\t"):
        parts = [line.partition(separator) for line in lines]
        ids = [before + middle for before, middle, _after in parts]
        if all(middle for _before, middle, _after in parts) and len(set(ids)) == len(lines):
            return ids, [after for _before, _middle, after in parts]
    return [b""] * len(lines), list(lines)


def _joined(ids: Sequence[bytes], said: Sequence[bytes]) -> list[bytes]:
    return [before + after for before, after in zip(ids, said, strict=True)]
