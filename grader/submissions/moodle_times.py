"""Take the times of hand-ins from Moodle's grading worksheet, which the names in Moodle's downloads don't hold.

`grader.submissions.intake` asks for what it has found; `grader.submissions.written_dates` reads the dates.

Why: docs/decisions.md#which-clock-tells
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.errors import SubmissionError
from grader.results.csv_lines import read_csv_lines
from grader.submissions.found import Found, Hits
from grader.submissions.lms_names import parse_lms_name
from grader.submissions.paths import printable
from grader.submissions.written_dates import read_date

_HEADER = "last modified (submission)"
_IDENTIFIER = re.compile(r"(\D+?)\s*(\d+)")
_PARENTHESES = re.compile(r"(?P<before>[^()]+?)\s*\([^()]+\)")
_NONE = frozenset({"", "-"})
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Hold the times of a worksheet by participant, and the cells that can't be read."""

    times: Mapping[str, float]
    unread: Mapping[str, str] = field(default_factory=dict)


def with_worksheets(hits: Hits, top: Path) -> Hits:
    """Return the hits with the times of the worksheets that lie in `top` or beside Moodle's uploads.

    A worksheet that was read is no longer among what was ignored. Whose cell can't be read for certain, or differs
    between worksheets, has no time at all, and a note says why.
    """
    if not any(hit.found.origin.lms == "moodle" for hit in hits.hits):
        return hits
    own = {hit.found.path for hit in hits.hits}
    folders = {top, *(hit.folder for hit in hits.hits if hit.found.holder is None)} - own
    sheets = {file.name: sheet for file in _csv_files(folders) if (sheet := _read(file)) is not None}
    if not sheets:
        return hits
    told = tuple(replace(hit, found=_timed(hit.found, sheets.values())) for hit in hits.hits)
    return Hits(told, tuple(name for name in hits.ignored if name not in sheets))


def _csv_files(folders: Iterable[Path]) -> list[Path]:
    """List the CSV files in folders that are nobody's own, without those that Moodle's marks make somebody's."""
    inside = (file for folder in folders if folder.is_dir() for file in folder.iterdir())
    files = (file for file in inside if file.suffix.lower() == ".csv" and parse_lms_name(file.name) is None)
    return sorted(file for file in files if file.is_file() and not file.is_symlink())


def _read(file: Path) -> _Sheet | None:
    """Return what a worksheet says, None for a file that is none."""
    try:
        rows = [cells for _line, cells in read_csv_lines(file, SubmissionError).rows]
    except SubmissionError:
        return None
    place = _column_in(rows[0]) if len(rows) > 1 else None
    if place is None:
        return None
    pairs = [
        (_IDENTIFIER.fullmatch(cells[0].strip()), cells[place].strip()) for cells in rows[1:] if len(cells) > place
    ]
    if len(pairs) < len(rows) - 1 or not all(found for found, _cell in pairs):
        return None
    told = {found[2]: cell for found, cell in pairs if found is not None and cell not in _NONE}
    times = {number: read_date(cell) for number, cell in told.items()}
    return _Sheet(
        {number: time for number, time in times.items() if time is not None},
        {number: told[number] for number, time in times.items() if time is None},
    )


def _column_in(header: tuple[str, ...]) -> int | None:
    """Return the column with the times of hand-ins: by its English name, or as the first of two that differ at the end.

    Moodle names the times of hand-in and of grading alike, with what was changed in parentheses, in this order.
    """
    names = [" ".join(name.split()).casefold() for name in header]
    if names.count(_HEADER) == 1:
        return names.index(_HEADER)
    starts = [found["before"] if (found := _PARENTHESES.fullmatch(name)) else "" for name in names]
    pairs = {start for start in starts if start and starts.count(start) == 2}
    return starts.index(pairs.pop()) if len(pairs) == 1 else None


def _timed(found: Found, sheets: Iterable[_Sheet]) -> Found:
    if found.origin.lms != "moodle" or found.handed_in or not found.origin.owners:
        return found
    number = found.origin.owners[0].number
    times = {sheet.times[number] for sheet in sheets if number in sheet.times}
    unread = [sheet.unread[number] for sheet in sheets if number in sheet.unread]
    if len(times) > 1:
        note = "Moodle's worksheets give several times for this hand-in: none counts."
        return replace(found, notes=(*found.notes, note), has_unread_time=True)
    if times:
        return replace(found, handed_in=times.pop(), is_local=True)
    if unread:
        cell = printable(unread[0][:_SHOWN])
        note = f"Moodle's worksheet has `{cell}` for the time of this hand-in, which can't be read for certain."
        return replace(found, notes=(*found.notes, note), has_unread_time=True)
    return found
