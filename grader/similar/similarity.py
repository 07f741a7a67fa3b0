"""Find submissions whose code is built alike: equal rows of tokens that neither the template nor many others have.

`grader.commands.similar` asks for it, `grader.similar.page` shows it. Files of students are data here, bounded
and never run. What is found is a list for a human, never a verdict.

Why: docs/decisions.md#own-search-for-similar-code
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.similar.code_tokens import tokens_of

ROW = 16  # tokens that have to be equal in a row: three lines or so
LEAST_SHARED = 48  # tokens that two submissions have to share before they are compared at all
MANY = 10  # submissions; a row that more of them share, and more than a quarter of all, is how the assignment is solved
MANY_SHARE = 0.25
MOST_TOKENS = 100_000  # of a submission
_BASE = np.uint64(0x9E3779B97F4A7C15)

Rows = NDArray[np.uint64]
Places = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CodePart:
    """Hold one file, or one cell, of a submission: its name on the page and its code."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Work:
    """Hold the code of one submission."""

    name: str
    parts: tuple[CodePart, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Name lines of a part, the first and the last; `part` counts from 0."""

    part: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Passage:
    """Show where the same row of `tokens` stands in both submissions, as places that follow each other."""

    left: tuple[Place, ...]
    right: tuple[Place, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class SimilarPair:
    """Say how much of their own code two submissions share, in percent of each and of both, and in tokens of `left`."""

    left: Work
    right: Work
    left_percent: float
    right_percent: float
    tokens: int
    passages: tuple[Passage, ...]

    @property
    def percent(self) -> float:
        """Return the mean of both percentages."""
        return (self.left_percent + self.right_percent) / 2


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Hold the tokens of a submission: where each stands, the row that begins at it, and whether that row is its own.

    Rows are numbers; from `_numbered` on, small ones, and -1 for rows that nobody else has.
    """

    work: Work
    parts: Places
    lines: Places
    rows: NDArray[Any]
    is_own: Flags


def similar_pairs(works: Sequence[Work], *, template: Work, least: float) -> tuple[SimilarPair, ...]:
    """Return the pairs that share at least `least` percent of their own code, most first.

    What the template holds is not their own, nor is a row that more than ten submissions and more than a quarter of all
    have.
    """
    read, count = _numbered([_read(work) for work in works], known=_read(template).rows)
    pairs = (_compare(read[i], read[j], count=count, least=least) for i, j in _candidates(read, least=least))
    found = [pair for pair in pairs if pair is not None]
    return tuple(sorted(found, key=lambda pair: (-pair.percent, pair.left.name, pair.right.name)))


def _read(work: Work) -> _Tokens:
    kinds: list[int] = []
    parts: list[int] = []
    lines: list[int] = []
    for number, part in enumerate(work.parts):
        tokens = tokens_of(part.code, most=MOST_TOKENS - len(kinds))
        kinds += tokens.kinds
        lines += tokens.lines
        parts += [number] * len(tokens.kinds)
    rows = _rows_of(np.array(kinds, dtype=np.int64).view(np.uint64))
    places = np.array(parts, dtype=np.intp), np.array(lines, dtype=np.intp)
    return _Tokens(work, *places, rows, np.ones(len(rows), dtype=bool))


def _rows_of(kinds: NDArray[np.uint64]) -> Rows:
    """Return a number for each row of tokens (N,): equal rows have equal numbers, others almost surely do not."""
    count = max(0, len(kinds) - ROW + 1)
    rows = np.zeros(count, dtype=np.uint64)
    for i in range(ROW):
        rows = rows * _BASE + kinds[i : i + count]  # modulo 2**64
    return rows


def _numbered(read: Sequence[_Tokens], *, known: Rows) -> tuple[list[_Tokens], int]:
    """Return the submissions with small numbers for the rows that several have, and how many such rows there are.

    Rows that the template or too many submissions have are not their own.
    """
    each = [np.unique(one.rows) for one in read]
    rows, counts = np.unique(np.concatenate([*each, np.zeros(0, np.uint64)]), return_counts=True)
    known = np.union1d(known, rows[counts > max(MANY, MANY_SHARE * len(read))])
    shared = np.setdiff1d(rows[counts > 1], known)
    return [_with_numbers(one, shared=shared, known=known) for one in read], len(shared)


def _with_numbers(one: _Tokens, *, shared: Rows, known: Rows) -> _Tokens:
    is_shared = np.isin(one.rows, shared)
    numbers = np.where(is_shared, np.searchsorted(shared, one.rows), -1)
    return _Tokens(one.work, one.parts, one.lines, numbers, ~np.isin(one.rows, known))


def _candidates(read: Sequence[_Tokens], *, least: float) -> Iterator[tuple[int, int]]:
    """Yield the pairs of submissions that have enough rows in common to be worth a closer look."""
    each = [np.unique(one.rows[one.rows >= 0]) for one in read]
    sizes = np.array([len(np.unique(one.rows)) for one in read], dtype=np.intp)
    rows = np.concatenate([*each, np.zeros(0, np.intp)])
    owners = np.repeat(np.arange(len(each)), [len(one) for one in each])
    order = np.argsort(rows, kind="stable")
    rows, owners = rows[order], owners[order]
    for i, one in enumerate(each):
        starts, ends = np.searchsorted(rows, one, "left"), np.searchsorted(rows, one, "right")
        shared = np.bincount(owners[_ranges(starts, ends)], minlength=len(each))
        needed = np.maximum(LEAST_SHARED, least / 100 * np.minimum(sizes[i], sizes))
        worth = np.flatnonzero(shared * ROW >= needed)  # a row that is shared makes at most so many tokens shared
        yield from ((i, int(j)) for j in worth[worth > i])


def _ranges(starts: Places, ends: Places) -> Places:
    """Return all numbers from each start up to its end."""
    lengths = ends - starts
    firsts = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) if len(starts) else starts
    return np.arange(len(firsts)) + firsts


def _compare(left: _Tokens, right: _Tokens, *, count: int, least: float) -> SimilarPair | None:
    """Return a pair, or None if it shares too little; `count` is how many rows have a number."""
    in_left, in_right = _found(left, right, count), _found(right, left, count)
    percents = _percent(in_left, left.is_own), _percent(in_right, right.is_own)
    tokens = int(_covered(in_left).sum())
    if sum(percents) / 2 < least or tokens < LEAST_SHARED:
        return None
    passages = [_passage(left, right, run) for run in _runs(in_left)]
    return SimilarPair(
        left.work,
        right.work,
        left_percent=percents[0],
        right_percent=percents[1],
        tokens=tokens,
        passages=tuple(sorted(passages, key=lambda passage: -passage.tokens)),
    )


def _found(tokens: _Tokens, other: _Tokens, count: int) -> Flags:
    """Return for each row of a submission whether the other one has it."""
    is_there = np.zeros(count + 1, dtype=bool)
    is_there[other.rows] = True
    is_there[-1] = False  # rows that nobody else has
    return np.asarray(is_there[tokens.rows])


def _percent(shared: Flags, own: Flags) -> float:
    return 100.0 * float(_covered(shared).sum()) / max(1.0, float(_covered(own).sum()))


def _covered(begins: Flags) -> Flags:
    """Return for each token whether it lies in one of the rows that begin where `begins` says."""
    steps = np.zeros(len(begins) + ROW, dtype=np.intp)
    steps[: len(begins)] += begins
    steps[ROW:] -= begins
    return np.cumsum(steps)[:-1] > 0


def _runs(begins: Flags) -> Iterator[range]:
    """Yield the tokens of rows that begin one after another.

    If code of two places meets in one, no row begins for the length of a row, and the run ends there.
    """
    places = np.flatnonzero(begins)
    ends = np.flatnonzero(np.diff(places) >= ROW)
    firsts, lasts = places[[0, *(ends + 1)]], places[[*ends, -1]]
    return (range(int(first), int(last) + ROW) for first, last in zip(firsts, lasts, strict=True))


def _passage(left: _Tokens, right: _Tokens, run: range) -> Passage:
    """Return a run of the left submission with the longest run of the right one that is made of its rows."""
    rows = left.rows[run.start : run.stop - ROW + 1]
    twin = max(_runs(np.isin(right.rows, rows[rows >= 0])), key=len)
    return Passage(_places(left, run), _places(right, twin), tokens=len(run))


def _places(tokens: _Tokens, run: range) -> tuple[Place, ...]:
    """Return the lines of a run of tokens, part by part."""
    parts, lines = tokens.parts[run.start : run.stop], tokens.lines[run.start : run.stop]
    return tuple(
        Place(int(part), int(lines[parts == part].min()), int(lines[parts == part].max())) for part in np.unique(parts)
    )
