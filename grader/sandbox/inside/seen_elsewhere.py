"""Find where a missing name is written although it can't count there: in a text cell, under a magic, in another file.

`grader.sandbox.inside.notebook_names` tells it; `grader.notebooks.cell_source` has taken out what is no Python.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind

_MOST_FILES = 200
_LARGEST = 1_000_000  # bytes
_CELL_TYPES = {CellKind.MARKDOWN: "a text cell (Markdown)", CellKind.RAW: "a raw cell"}


def seen_elsewhere(name: str, cells: Sequence[Cell], *, root: Path) -> str:
    """Return where a definition of this name stands and why it does not count, or "" if there is none."""
    definition = re.compile(rf"^[ \t>]*(?:class|(?:async[ \t]+)?def)[ \t]+{re.escape(name)}\b", re.MULTILINE)
    commented = re.compile(rf"^[ \t]*#[ \t#]*(?:class|def)[ \t]+{re.escape(name)}\b", re.MULTILINE)
    for cell in cells:
        if cell.kind is not CellKind.CODE and definition.search(cell.source):
            kind = _CELL_TYPES[cell.kind]
            return f"It is written in cell {cell.number}, {kind}: nothing in it runs. Make it a code cell."
    for cell in cells:
        magic = _magic_over(cell)
        if magic and definition.search(cell.source):
            return (
                f"It is written in cell {cell.number} under `{magic}`, so it is not run as Python: take that line out."
            )
        if cell.kind is CellKind.CODE and commented.search(cell.source):
            return f"It is written in cell {cell.number}, in comments: take the `#` away."
    return next(_in_files(name, definition, cells, root=root), "")


def _magic_over(cell: Cell) -> str:
    """Return the magic that keeps a cell's lines from being run, or "" if none does."""
    if cell.kind is not CellKind.CODE:
        return ""
    read = to_python(cell.source)
    heads = [text for _line, text in read.left_out if text.startswith("%%")]
    is_module = read.written is not None and read.written[0].endswith(".py")
    return heads[0].split()[0][:40] if heads and not is_module else ""


def _in_files(name: str, definition: re.Pattern[str], cells: Sequence[Cell], *, root: Path) -> Iterator[str]:
    """Yield a sentence for each Python file beside the notebook that defines the name."""
    for file in sorted(root.rglob("*.py"))[:_MOST_FILES]:
        path = file.relative_to(root).as_posix()
        is_readable = file.is_file() and file.stat().st_size <= _LARGEST and not path.startswith("checks/")
        if not is_readable or not definition.search(file.read_text("utf-8", "replace")):
            continue
        bringing = [(cell.number, line) for cell in cells for line in _lines_with(cell, file.name)]
        where = " beside the notebook, which does not import it"
        if bringing:
            where = f", which cell {bringing[0][0]} brings with `{bringing[0][1]}`: such lines are not run here"
        module = path.removesuffix(".py").replace("/", ".")
        remedy = f"Write `from {module} import {name}`, or copy it into a cell."
        yield f"It stands in `{path}`{where}. {remedy}"


def _lines_with(cell: Cell, file: str) -> Iterator[str]:
    """Yield the magics and shell lines of a code cell that name a file."""
    if cell.kind is CellKind.CODE:
        stem = re.compile(rf"(?<![\w/]){re.escape(file.removesuffix('.py'))}(?:\.py)?(?!\w)")
        for _line, text in to_python(cell.source).left_out:
            if stem.search(text):
                yield text.strip().removeprefix("# ")[:60]
