"""A notebook as data: its cells' sources and nothing else, read from JSON that a stranger wrote.

`grader.submissions.notebook_intake` reads submissions with it; `grader.sandbox.inside.notebook_modules` runs the cells
that come out.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grader.errors import SubmissionError

MAX_CELLS = 5_000
MAX_SOURCE = 4 << 20  # characters of all cells together
MAX_ID = 200
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")
_SAVE_AGAIN = "Open it in Jupyter, save it, and hand in that file."


class CellKind(StrEnum):
    """Name what a cell holds."""

    CODE = "code"
    MARKDOWN = "markdown"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Cell:
    """Hold one cell; `number` counts all cells of its notebook from 1, `names` are what it can be found by.

    The first of `names` is its id, or "" if it has none; others are what Colab and the template keep in its metadata.
    """

    number: int
    kind: CellKind
    source: str
    names: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Notebook:
    """Hold a notebook's cells and what was odd about its file, as sentences; `language` is "" if it is not said."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    language: str = ""


def read_notebook(content: bytes, *, name: str) -> Notebook:
    """Read the cells of a notebook of any version; raise SubmissionError if there are none to read.

    Outputs, attachments and widgets are dropped. Cells of an unknown kind are taken as text, and noted.
    """
    if not content.strip():
        raise SubmissionError(f"`{name}` is empty ({len(content)} bytes).", remedy=_SAVE_AGAIN)
    notes: list[str] = []
    tree = _parse(_decode(content, name, notes), name)
    raw = cells_in(tree)
    if raw is None:
        raise SubmissionError(f"`{name}` is JSON, but not a notebook: it has no cells.", remedy=_SAVE_AGAIN)
    if len(raw) > MAX_CELLS:
        raise SubmissionError(f"`{name}` has {len(raw):,} cells; at most {MAX_CELLS:,} are read.")
    cells = tuple(_read_cells(raw, name, notes))
    size = sum(len(cell.source) for cell in cells)
    if size > MAX_SOURCE:
        limit = f"at most {MAX_SOURCE:,} are read"
        raise SubmissionError(f"`{name}` has {size:,} characters of source; {limit}.", remedy="Load data from files.")
    language = _read_language(tree)
    if language not in ("", "python"):
        notes.append(f"`{name}` says that its language is `{language}`; its cells were read as Python.")
    return Notebook(cells, tuple(notes), language)


def write_notebook(notebook: Notebook) -> bytes:
    """Return a notebook file with the cells' sources and names only, as it goes into the sandbox."""
    cells = [
        {"cell_type": cell.kind, "id": cell.names[0], "names": cell.names[1:], "source": cell.source}
        for cell in notebook.cells
    ]
    tree = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    return json.dumps(tree, ensure_ascii=True).encode()


def read_stripped(content: bytes) -> tuple[Cell, ...]:
    """Read the cells that `write_notebook` wrote."""
    return tuple(
        Cell(number, CellKind(cell["cell_type"]), cell["source"], (cell["id"], *cell["names"]))
        for number, cell in enumerate(json.loads(content)["cells"], start=1)
    )


def find_cell(cells: tuple[Cell, ...], name: str) -> Cell | None:
    """Return the first cell of this name, or None if there is none: ids first, then names kept in metadata."""
    for cell in cells:
        if cell.names[0] == name:
            return cell
    return next((cell for cell in cells if name in cell.names), None)


def _decode(content: bytes, name: str, notes: list[str]) -> str:
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as err:
        notes.append(f"`{name}` is not {encoding.upper()} (byte {err.start}): unreadable letters became `�`.")
        return content.decode(encoding, "replace")


def _parse(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError, MemoryError) as err:
        why = str(err)[:200] if isinstance(err, ValueError) else "it is nested too deeply"
        if text.lstrip().startswith("{") and not text.rstrip().endswith("}") and not _describe(text):
            raise SubmissionError(
                f"`{name}` was cut off: it ends in the middle, after {len(text):,} characters.",
                remedy="Save it in Jupyter again, look whether it opens, and hand in that file.",
            ) from err
        raise SubmissionError(f"`{name}` is not a notebook: {_describe(text) or why}.", remedy=_SAVE_AGAIN) from err


def _describe(text: str) -> str:
    """Say what a file is that is not JSON, or "" if that can't be told."""
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html")):
        return "it is an HTML page"
    if any(line.startswith(_CONFLICT) for line in text.split("\n")):
        return "it holds the conflict markers of a Git merge (`<<<<<<<`)"
    if start.startswith("pk\x03\x04"):
        return "it is a ZIP archive"
    return "it is Python source" if start.startswith(("import ", "from ", "#!")) else ""


def cells_in(tree: Any) -> list[Any] | None:
    """Return the list of cells in a notebook's JSON: of version 4, or of 3 and before, which has worksheets."""
    match tree:
        case {"cells": list(cells)}:
            return cells
        case {"worksheets": list(sheets)}:
            return [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    return None


def _read_cells(raw: list[Any], name: str, notes: list[str]) -> Iterator[Cell]:
    taken: set[str] = set()
    odd: list[int] = []
    for number, entry in enumerate(raw, start=1):
        cell = entry if isinstance(entry, dict) else {}
        source = _join(cell.get("source", cell.get("input", "")))
        kind = _kind_of(cell)
        if source is None or kind is None:
            odd.append(number)
        names = _names_of(cell)
        if names[0] in taken:
            names = ("", *names[1:])
        taken |= {names[0]} - {""}
        yield Cell(number, kind or CellKind.RAW, _encodable(source or ""), names)
    if odd:
        which = ", ".join(map(str, odd[:5])) + (" and more" if len(odd) > 5 else "")
        notes.append(f"`{name}`: cell {which} could not be read as code or text.")


def _kind_of(cell: Mapping[str, Any]) -> CellKind | None:
    match cell.get("cell_type"):
        case "code":
            return CellKind.CODE
        case "markdown" | "heading" | "html":
            return CellKind.MARKDOWN
        case "raw":
            return CellKind.RAW
    return None


def _join(source: Any) -> str | None:
    """Return a cell's text, which is one string or a list of lines; None for anything else."""
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return None


def _encodable(text: str) -> str:
    """Return text that can be written as UTF-8: JSON can hold half of a surrogate pair."""
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")


def _names_of(cell: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = _dict(cell.get("metadata"))
    found = [cell.get("id"), metadata.get("id"), _dict(metadata.get("grader")).get("cell")]
    own, *others = (_encodable(name)[:MAX_ID] if isinstance(name, str) else "" for name in found)
    return (own, *(name for name in dict.fromkeys(others) if name and name != own))


def _read_language(tree: Any) -> str:
    metadata = _dict(tree.get("metadata"))
    said = _dict(metadata.get("kernelspec")).get("language") or _dict(metadata.get("language_info")).get("name")
    return said.lower()[:40] if isinstance(said, str) else ""


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
