"""Computes what the page of similar submissions shows, as data: bounded, worded, ready to print.

`grader.similar.page_file` hands it to the template, which escapes it; `grader.similar.similarity` has found the pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.report.task_view import bar_width
from grader.results.cells import csv_text, text_cell
from grader.results.plain_text import number

if TYPE_CHECKING:
    from grader.similar.similarity import Passage, Place, SimilarPair, Work

_PAIRS_SHOWN = 30
_PASSAGES_SHOWN = 6
_LINES_SHOWN = 30  # of one place
_LINE_LETTERS = 200


@dataclass(frozen=True, slots=True)
class About:
    """Name the assignment that was looked at, and by which version of the grader."""

    assignment: str
    title: str
    grader_version: str


@dataclass(frozen=True, slots=True)
class CodeLineView:
    """Show one line of code; `is_shared` where both submissions have it."""

    number: int
    text: str
    is_shared: bool


@dataclass(frozen=True, slots=True)
class PlaceView:
    """Show lines of one file or cell, and how many more there are."""

    title: str
    lines: tuple[CodeLineView, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class PassageView:
    """Show one passage side by side."""

    left: tuple[PlaceView, ...]
    right: tuple[PlaceView, ...]


@dataclass(frozen=True, slots=True)
class PairView:
    """Show one pair; the files are those of the instructor's pages, or empty if there is none."""

    anchor: str
    left: str
    right: str
    left_file: str
    right_file: str
    percent: str
    left_percent: str
    right_percent: str
    bar: float
    tokens: int
    passages: tuple[PassageView, ...]
    passages_left_out: int


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """Show the pairs that share most; `unread` are the submissions that could not be read, with the reason."""

    run: About
    compared: int
    count: int
    least: str
    pairs: tuple[PairView, ...]
    unread: tuple[tuple[str, str], ...]


def similar_page_of(
    pairs: "Sequence[SimilarPair]",
    *,
    about: About,
    compared: int,
    least: float,
    unread: Sequence[tuple[str, str]],
    files: Mapping[str, str],
) -> SimilarPage:
    """Return the page; `files` maps submissions to the file names of their instructor's pages, where there are any."""
    return SimilarPage(
        run=about,
        compared=compared,
        count=len(pairs),
        least=number(least),
        pairs=tuple(_pair(pair, anchor=f"pair-{i}", files=files) for i, pair in enumerate(pairs[:_PAIRS_SHOWN], 1)),
        unread=tuple(unread),
    )


def similar_csv(pairs: "Sequence[SimilarPair]") -> str:
    """Return all pairs as CSV, most similar first."""
    rows = [["left", "right", "percent", "left_percent", "right_percent", "tokens", "passages"]]
    for pair in pairs:
        shares = (number(round(share, 1)) for share in (pair.percent, pair.left_percent, pair.right_percent))
        names = (text_cell(pair.left.name), text_cell(pair.right.name))
        rows.append([*names, *shares, str(pair.tokens), str(len(pair.passages))])
    return csv_text(rows)


def _pair(pair: "SimilarPair", *, anchor: str, files: Mapping[str, str]) -> PairView:
    return PairView(
        anchor=anchor,
        left=pair.left.name,
        right=pair.right.name,
        left_file=files.get(pair.left.name, ""),
        right_file=files.get(pair.right.name, ""),
        percent=f"{pair.percent:.0f}",
        left_percent=f"{pair.left_percent:.0f}",
        right_percent=f"{pair.right_percent:.0f}",
        bar=bar_width(pair.percent),
        tokens=pair.tokens,
        passages=tuple(_passage(passage, pair) for passage in pair.passages[:_PASSAGES_SHOWN]),
        passages_left_out=max(0, len(pair.passages) - _PASSAGES_SHOWN),
    )


def _passage(passage: "Passage", pair: "SimilarPair") -> PassageView:
    return PassageView(
        left=tuple(_place(place, pair.left) for place in passage.left),
        right=tuple(_place(place, pair.right) for place in passage.right),
    )


def _place(place: "Place", work: "Work") -> PlaceView:
    """Return the lines of a place, with one before and one after it."""
    part = work.parts[place.part]
    lines = part.code.split("\n")
    last = min(place.last, place.first + _LINES_SHOWN - 1)
    shown = range(max(1, place.first - 1), min(len(lines), last + 1) + 1)
    spans = f"line {place.first}" if place.first == place.last else f"lines {place.first} to {place.last}"
    return PlaceView(
        title=f"{part.name[:_LINE_LETTERS]}, {spans}",
        lines=tuple(CodeLineView(i, _cut(lines[i - 1]), place.first <= i <= last) for i in shown),
        left_out=place.last - last,
    )


def _cut(line: str) -> str:
    return line if len(line) <= _LINE_LETTERS else f"{line[:_LINE_LETTERS]} …"
