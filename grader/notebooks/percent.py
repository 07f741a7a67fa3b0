"""Percent scripts: a notebook written as a Python file that people can review, and the notebook made of it.

    # %% [markdown] id="intro"
    # A text cell.
    # %% id="check-mlp"
    # !grader check --task mlp

`grader.submissions.notebook_intake` reads references and students' scripts with it. The format is jupytext's, so that
its tools and editors work on these files too; the conversion is ours, since it has to give the same bytes on every
machine.

Why: docs/decisions.md#percent-scripts
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from grader.errors import CourseError
from grader.notebooks.cell_source import statement_begins
from grader.notebooks.document import Cell, CellKind

_MARKER = re.compile(r"# %%(?P<rest>[ \t].*|)")
_KIND = re.compile(r"\[(?P<kind>\w+)\]")
_ID = re.compile(r'\bid="(?P<id>[^"]*)"')
_NOTEBOOK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAGIC = re.compile(r"(?P<indent>[ \t]*)# (?P<line>(?:%{1,2}[a-z]|!\w).*)")
_QUOTED = re.compile(r"""[rR]?(?P<quotes>\"{3}|'{3})(?P<text>.*)(?P=quotes)""", re.DOTALL)
_KINDS = {"markdown": CellKind.MARKDOWN, "md": CellKind.MARKDOWN, "raw": CellKind.RAW}
_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def is_percent(text: str) -> bool:
    """Say whether a Python file is a notebook in percent format."""
    return any(_MARKER.fullmatch(line) for line in text.splitlines())


def id_of_marker(line: str) -> str | None:
    """Return the id that a line gives to the cell it begins, "" if none, or None if it begins no cell."""
    if _MARKER.fullmatch(line) is None:
        return None
    named = _ID.search(line)
    return named["id"] if named is not None else ""


def read_percent(text: str, *, name: str) -> tuple[Cell, ...]:
    """Return the cells of a reference's script; raise CourseError for a cell that can't be what its marker says.

    A cell without an id gets one made from its text, so that it changes only with its cell.
    """
    cells: list[Cell] = []
    taken: set[str] = set()
    for line, marker, body in _split(text):
        kind = _read_kind(marker, name=name, line=line)
        source = _read_text(body, name=name, line=line) if kind is CellKind.MARKDOWN else _read_code(body)
        cell_id = _read_id(marker, name=name, line=line) or _make_id(kind, source, taken)
        if cell_id in taken:
            raise CourseError(f"{name}, line {line}: a second cell `{cell_id}`.", remedy="Give it an id of its own.")
        taken.add(cell_id)
        cells.append(Cell(len(cells) + 1, kind, source, (cell_id,)))
    return tuple(cells)


def read_any_percent(text: str) -> tuple[Cell, ...]:
    """Return the cells of a student's script as editors understand it; whatever the markers say, it is read.

    A word in brackets that is no kind of cell is a title. An id that can't be one, or that a cell above has, is left
    out. A text cell's text may stand in comments, between triple quotes, or as it is.
    """
    cells: list[Cell] = []
    taken: set[str] = set()
    for _line, marker, body in _split(text):
        found = _KIND.search(marker)
        kind = _KINDS.get(found["kind"].lower(), CellKind.CODE) if found is not None else CellKind.CODE
        source = _text_of(body) if kind is CellKind.MARKDOWN else _read_code(body)
        named = _ID.search(marker)
        wanted = named["id"] if named is not None and _NOTEBOOK_ID.fullmatch(named["id"]) else ""
        cell_id = wanted if wanted and wanted not in taken else _make_id(kind, source, taken)
        taken.add(cell_id)
        cells.append(Cell(len(cells) + 1, kind, source, (cell_id,)))
    return tuple(cells)


def write_ipynb(cells: Sequence[Cell]) -> bytes:
    """Return a notebook file of version 4.5 without outputs.

    Each id also stands in the cell's metadata, where it survives editors that number cells themselves.
    """
    tree = {"cells": [_write_cell(cell) for cell in cells], "metadata": _KERNEL, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(tree, indent=1, ensure_ascii=False) + "\n").encode()


def _write_cell(cell: Cell) -> dict[str, Any]:
    outputs: dict[str, Any] = {"outputs": [], "execution_count": None} if cell.kind is CellKind.CODE else {}
    own: dict[str, Any] = {"cell_type": cell.kind, "id": cell.names[0], "metadata": {"grader": {"cell": cell.names[0]}}}
    return own | outputs | {"source": cell.source.splitlines(keepends=True)}


def _split(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield (line number, marker's text, lines) of each cell; what stands above the first marker is a header."""
    marker, start, body = None, 0, list[str]()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        found = _MARKER.fullmatch(line)
        if found is None:
            body.append(line)
            continue
        if marker is not None:
            yield start, marker, _trim(body)
        marker, start, body = found["rest"], number, []
    if marker is not None:
        yield start, marker, _trim(body)


def _trim(lines: list[str]) -> list[str]:
    """Drop empty lines at both ends: formatters put them between cells."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def _read_kind(marker: str, *, name: str, line: int) -> CellKind:
    found = _KIND.search(marker)
    if found is None:
        return CellKind.CODE
    if found["kind"] not in _KINDS:
        remedy = "Write `[markdown]` or `[raw]`, or nothing for code."
        raise CourseError(f"{name}, line {line}: `[{found['kind']}]` is not a kind of cell.", remedy=remedy)
    return _KINDS[found["kind"]]


def _read_id(marker: str, *, name: str, line: int) -> str:
    found = _ID.search(marker)
    if found is None:
        return ""
    if not _NOTEBOOK_ID.fullmatch(found["id"]):
        remedy = "Use up to 64 letters, digits, `-` and `_`."
        raise CourseError(f"{name}, line {line}: a cell can't have the id `{found['id']}`.", remedy=remedy)
    return found["id"]


def _make_id(kind: CellKind, source: str, taken: set[str]) -> str:
    digest = hashlib.sha256(f"{kind}\n{source}".encode()).hexdigest()[:8]
    count, made = 1, digest
    while made in taken:
        count += 1
        made = f"{digest}-{count}"
    return made


def _read_text(body: list[str], *, name: str, line: int) -> str:
    """Return a text cell's Markdown, which stands in comments."""
    for number, text in enumerate(body, start=line + 1):
        if text.strip() and not text.startswith("#"):
            raise CourseError(
                f"{name}, line {number}: code in a text cell.", remedy="Begin it with `# `, or open a cell with `# %%`."
            )
    return "\n".join(text.removeprefix("#").removeprefix(" ") for text in body)


def _text_of(body: list[str]) -> str:
    """Return the text of a text cell, which stands in comments, between triple quotes, or as it is."""
    whole = "\n".join(body).strip()
    quoted = _QUOTED.fullmatch(whole)
    if quoted is not None:
        return quoted["text"].strip("\n")
    return "\n".join(text.removeprefix("#").removeprefix(" ") for text in body)


def _read_code(body: list[str]) -> str:
    """Return a code cell's source; magics and shell lines stand in comments, which keeps the script valid Python.

    Such a comment has a line of its own, where a statement can begin: any other is just a comment.
    """
    return "\n".join(
        _MAGIC.sub(r"\g<indent>\g<line>", line) if begins and _MAGIC.fullmatch(line) else line
        for line, begins in zip(body, statement_begins(body), strict=True)
    )
