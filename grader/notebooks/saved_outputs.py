"""Read what cells showed when a notebook was saved: printed text, errors and pictures, bounded, from a stranger's JSON.

`grader.submissions.evidence` keeps it; nothing is believed of it, and HTML, SVG and scripts are only counted.

Why: docs/decisions.md#evidence-of-runs
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.notebooks.document import cells_in
from grader.notebooks.picture_check import MOST_BYTES

MOST_PICTURES = 6  # of one cell
MOST_TEXT = 6_000  # characters of one cell
_MOST_BASE64 = MOST_BYTES * 4 // 3 + 100_000  # with line ends
_MOST_OUTPUTS = 2_000
_MOST_OF_ONE = 200_000  # characters of one output that are looked at
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PICTURES = ("image/png", "image/jpeg", "png", "jpeg")  # the last two in notebooks of version 3
_PLAIN = ("text/plain", "text")


@dataclass(frozen=True, slots=True)
class SavedCell:
    """Hold what one cell showed: whether it was run, its text, its pictures in base64; `left_out` counts the rest."""

    was_run: bool
    text: str = ""
    pictures: tuple[str, ...] = ()
    left_out: int = 0


def read_saved(content: bytes, numbers: Collection[int] | None = None) -> dict[int, SavedCell]:
    """Return what the code cells with these numbers showed, all where it is None; {} for what is no notebook."""
    try:
        tree = json.loads(content.decode(json.detect_encoding(content), "replace"))
    except (ValueError, RecursionError, MemoryError):
        return {}
    return {
        number: _read_cell(cell)
        for number, cell in enumerate(cells_in(tree) or (), start=1)
        if isinstance(cell, dict) and cell.get("cell_type") == "code" and (numbers is None or number in numbers)
    }


def as_rows(saved: Mapping[int, SavedCell]) -> dict[str, list[Any]]:
    """Return saved cells as plain values for JSON."""
    return {str(number): [one.was_run, one.text, list(one.pictures), one.left_out] for number, one in saved.items()}


def from_rows(rows: Mapping[str, list[Any]]) -> dict[int, SavedCell]:
    """Return what `as_rows` was given."""
    return {
        int(number): SavedCell(was_run, text, tuple(pictures), left_out)
        for number, (was_run, text, pictures, left_out) in rows.items()
    }


def _read_cell(cell: Mapping[str, Any]) -> SavedCell:
    outputs = cell.get("outputs")
    listed = [one for one in outputs if isinstance(one, dict)][:_MOST_OUTPUTS] if isinstance(outputs, list) else []
    count = cell.get("execution_count", cell.get("prompt_number"))
    texts: list[str] = []
    pictures: list[str] = []
    left_out = 0
    for output in listed:
        drawn = next(_pictures(output), "")
        text = "" if drawn else _text(output)
        texts.append(text)
        if drawn and len(drawn) <= _MOST_BASE64:
            pictures.append(drawn)
        else:
            left_out += bool(drawn) or not (text or _is_blank(output))
    text = _as_a_terminal_shows("".join(texts))
    kept = tuple(pictures[:MOST_PICTURES])
    text = _ends_of(text, MOST_TEXT)
    return SavedCell(bool(listed) or type(count) is int, text, kept, left_out + len(pictures) - len(kept))


def _pictures(output: Mapping[str, Any]) -> Iterator[str]:
    data = output.get("data")
    for kind in _PICTURES:
        picture = _joined((data if isinstance(data, dict) else output).get(kind))
        if picture:
            yield picture


def _text(output: Mapping[str, Any]) -> str:
    kind, data = output.get("output_type"), output.get("data")
    if kind in ("error", "pyerr"):
        return f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}\n"
    source = data if isinstance(data, dict) else output
    text = _ends_of(next((found for key in _PLAIN if (found := _joined(source.get(key)))), ""), _MOST_OF_ONE)
    return text if kind == "stream" or not text else f"{text}\n"


def _is_blank(output: Mapping[str, Any]) -> bool:
    """Tell whether an output holds nothing at all."""
    return not any(output.get(key) for key in ("data", "text", *_PICTURES))


def _joined(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    return value if isinstance(value, str) else ""


def _as_a_terminal_shows(text: str) -> str:
    """Return text without colours, and of what a progress bar wrote over itself only the last."""
    lines = _COLOURS.sub("", text).replace("\r\n", "\n").split("\n")
    shown = [line.rstrip("\r").rpartition("\r")[2] for line in lines]
    return "\n".join(shown).strip("\n").encode("utf-8", "replace").decode()


def _ends_of(text: str, most: int) -> str:
    """Return the first and the last part of a long text: trainings end with what matters."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"
