"""Watch the memory of the grader's trusted processes over a long batch: it should be flat.

`scaling.py` looks at the peak over batches of different sizes; this looks at one batch as it goes on.
"""

from collections.abc import Iterator
from pathlib import Path

from figures import Figure
from grading import grade
from synthetic import perfect_class, write_class


def memory(folder: Path, *, count: int) -> Iterator[Figure]:
    """Yield the resident size of coordinator and grading process, early and late in a batch with one worker."""
    kinds = write_class(folder / "in", perfect_class(count))
    samples = grade(folder / "in", folder / "out", kinds).samples
    end = samples[-1][0]
    early = [mib for second, mib in samples if second <= end / 3]
    late = [mib for second, mib in samples if second >= end * 2 / 3]
    yield Figure("submissions in the batch", count, "")
    yield Figure("largest in the first third", max(early), "MiB")
    yield Figure("largest in the last third", max(late), "MiB")
    for tenth in range(1, 11):
        until = [mib for second, mib in samples if end * (tenth - 1) / 10 <= second <= end * tenth / 10]
        if until:
            yield Figure("largest by tenths of the time", max(until), "MiB", at=tenth)
