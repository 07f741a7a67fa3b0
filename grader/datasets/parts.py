"""Split data sets into training, validation and test rows, the same way for the same seeds.

`grader.datasets.load` presents the parts; `grader.datasets.files` and `grader.datasets.point_sets` supply the rows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from grader.datasets.files import LabelledImages, read_files
from grader.datasets.places import find_files
from grader.datasets.point_sets import draw_moons, draw_spirals

DRAWN = {"moons": draw_moons, "spirals": draw_spirals}
_DRAWN_ROWS = 1000

Labelled = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Limit:
    """Bound the rows of each part; None keeps all there are, and draws 1000 of a generated set."""

    train: int | None = None
    valid: int | None = None
    test: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Hold inputs and classes of each part, images as their files have them; `where` names their origin."""

    train: Labelled
    valid: Labelled
    test: Labelled
    where: str


def read_parts(name: str, *, data: Path | None, limit: Limit, seeds: tuple[int, int]) -> Parts:
    """Return the three parts of a data set that is there, cut to their limits.

    The first seed decides what the student may see, the second the test part.
    """
    if name in DRAWN:
        return _draw(name, limit=limit, seeds=seeds)
    if name == "digits":
        x, y = _read_digits()
        order = _shuffled(len(y), seeds[0])
        fifth = len(y) // 5
        known, hidden = _take((x, y), order[fifth:]), _take((x, y), order[:fifth])
        return _split(known, hidden, valid_rows=fifth, limit=limit, seeds=seeds, where="scikit-learn")
    paths = find_files(name, data) or []
    known, hidden = (_pair(part) for part in read_files(name, paths))
    where = str(paths[0].parent)
    return _split(known, hidden, valid_rows=len(known[1]) // 10, limit=limit, seeds=seeds, where=where)


def _draw(name: str, *, limit: Limit, seeds: tuple[int, int]) -> Parts:
    """Draw the three parts from generators of their own."""
    rows = [_DRAWN_ROWS if n is None else n for n in (limit.train, limit.valid, limit.test)]
    draw = DRAWN[name]
    # The first number tells the streams apart, even where both seeds are equal.
    train, valid, test = (
        draw(rows[part], seed=(part, seed)) for part, seed in enumerate((seeds[0], seeds[0], seeds[1]))
    )
    return Parts(train, valid, test, "generated")


def _split(
    known: Labelled, hidden: Labelled, *, valid_rows: int, limit: Limit, seeds: tuple[int, int], where: str
) -> Parts:
    """Shuffle both, and set `valid_rows` of the training rows apart, however few of those are kept."""
    order = _shuffled(len(known[1]), seeds[0])
    test = _shuffled(len(hidden[1]), seeds[1])[: limit.test]
    valid, train = order[:valid_rows][: limit.valid], order[valid_rows:][: limit.train]
    return Parts(_take(known, train), _take(known, valid), _take(hidden, test), where)


def _take(labelled: Labelled, rows: torch.Tensor) -> Labelled:
    return labelled[0][rows], labelled[1][rows]


def _pair(part: LabelledImages) -> Labelled:
    return part.images, part.labels


def _shuffled(count: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).permutation(count))


def _read_digits() -> Labelled:
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    bunch = load_digits()
    return torch.from_numpy(bunch.images).unsqueeze(1), torch.from_numpy(bunch.target).long()
