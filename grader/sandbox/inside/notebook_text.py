"""A notebook as one Python text, to be searched as a whole, and the way back from its lines to cells.

A cell that is no valid Python is left out: nothing of it is ever run. `grader.sandbox.inside.probe_process` searches
the text for forbidden names.
"""

import ast
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.notebooks.cell_source import to_python
from grader.notebooks.document import CellKind, read_stripped

_SUFFIX = ".py"


@dataclass(frozen=True, slots=True)
class JoinedText:
    """Hold Python texts by file, and for a notebook where its cells begin.

    `cells` maps a notebook to pairs (first line of the cell in the text, number of the cell), in order.
    """

    files: Mapping[str, bytes]
    cells: Mapping[str, list[tuple[int, int]]] = field(default_factory=dict)

    def place_of(self, file: str, line: int) -> tuple[str, int, int]:
        """Return the file, cell and line of a line of a text; the cell is 0 in a file that is no notebook."""
        starts = self.cells.get(file)
        if not starts:
            return file, 0, line
        start, cell = starts[bisect_right(starts, (line, 1 << 62)) - 1]
        return file.removesuffix(_SUFFIX), cell, line - start + 1


def joined_python(files: Mapping[str, bytes]) -> JoinedText:
    """Return the files with each stripped notebook as one Python text, whose name ends like a Python file's."""
    texts, cells = dict(files), dict[str, list[tuple[int, int]]]()
    for file in [file for file in files if file.endswith(".ipynb")]:
        texts[file + _SUFFIX], cells[file + _SUFFIX] = _join(texts.pop(file))
    return JoinedText(texts, cells)


def _join(content: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    lines: list[str] = []
    starts: list[tuple[int, int]] = []
    for cell in read_stripped(content):
        python = to_python(cell.source).python if cell.kind is CellKind.CODE else ""
        if python and _parses(python):
            starts.append((len(lines) + 1, cell.number))
            lines += python.split("\n")
    return "\n".join(lines).encode(), starts


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
