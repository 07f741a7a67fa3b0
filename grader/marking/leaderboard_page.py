"""Writes leaderboard-TASK.html and .csv: a place, a nickname, a score, and the cut-offs between them.

`grader.marking.leaderboard` has ranked; `grader.report.html` has the templates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.marking.leaderboard import Leaderboard, Placing
from grader.report.html import report_templates
from grader.results.atomic import replace_file
from grader.results.cells import csv_text, text_cell
from grader.results.plain_text import number
from grader.results.results_file import RunInfo

_COLUMNS = ("rank", "name", "score", "points", "parameters", "cpu_seconds")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """Show one place, or a cut-off where `target` says what it earns."""

    rank: str = ""
    name: str = ""
    score: str = ""
    points: str = ""
    parameters: str = ""
    cpu_s: str = ""
    target: str = ""


def write_leaderboard(folder: Path, run: RunInfo, board: Leaderboard) -> Path:
    """Write page and table into a folder; return the page."""
    page = folder / f"leaderboard-{board.task}.html"
    shown = {"run": run, "board": board, "rows": list(_rows(board))}
    replace_file(page, report_templates().get_template("leaderboard.html").render(page=shown))
    table = [
        (str(one.rank), text_cell(one.name), repr(one.score).removesuffix(".0"), number(one.points),
         "" if one.parameters is None else str(one.parameters), f"{one.cpu_s:.1f}")
        for one in board.entries
    ]  # fmt: skip
    replace_file(page.with_suffix(".csv"), csv_text([_COLUMNS, *table]))
    return page


def _rows(board: Leaderboard) -> Iterator[PlaceRow]:
    """Yield the entries, the best first, with each cut-off below those that reach it."""
    sign = -1 if board.falls else 1
    waiting = list(board.cutoffs)  # from the least to the most
    for entry in board.entries:
        while waiting and sign * entry.score < sign * waiting[-1][0] - 1e-9 * max(1.0, abs(waiting[-1][0])):
            yield _cutoff(*waiting.pop(), board)
        yield _entry(entry, board)
    for cutoff, part in reversed(waiting):
        yield _cutoff(cutoff, part, board)


def _cutoff(cutoff: float, part: float, board: Leaderboard) -> PlaceRow:
    what = "all points" if part == 1 else f"{number(100 * part)} % of the points"
    kind = "Target" if part == 1 else "Bonus" if part > 1 else "Cut-off"
    return PlaceRow(target=f"{kind}: {'at most' if board.falls else 'from'} {_score(cutoff, board)}, {what}")


def _entry(entry: Placing, board: Leaderboard) -> PlaceRow:
    return PlaceRow(
        rank=str(entry.rank),
        name=entry.name,
        score=_score(entry.score, board),
        points=number(entry.points),
        parameters="–" if entry.parameters is None else f"{entry.parameters:,}",
        cpu_s=f"{entry.cpu_s:.1f}",
    )


def _score(value: float, board: Leaderboard) -> str:
    return f"{value:.6g} {board.unit}".strip()
