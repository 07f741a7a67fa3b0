"""Find cells in a student's copy of a notebook, and what the reference's classes offer.

`grader.submissions.notebook_intake` makes its plan with it.
"""

import ast
import re
from collections.abc import Sequence

from grader.errors import CourseError
from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind, find_cell


def find_check_cell(cells: Sequence[Cell], name: str, *, reference: Sequence[Cell]) -> Cell | None:
    """Return the cell of this name: by its id, else by the reference's text for it, else a code cell that names it."""
    found = find_cell(tuple(cells), name)
    if found is not None:
        return found
    original = find_cell(tuple(reference), name)
    if original is not None and original.source.strip():
        same = [cell for cell in cells if squeezed(cell.source) == squeezed(original.source)]
        if same:
            return same[0]
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return next((cell for cell in cells if cell.kind is CellKind.CODE and word.search(cell.source)), None)


def squeezed(text: str) -> str:
    """Return a text with every run of white space as one space: cells are compared by it."""
    return " ".join(text.split())


def methods_in(cells: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """Return the methods of each class that the course's own cells define.

    Raises CourseError for a cell that is no valid Python.
    """
    methods = {}
    for cell in cells:
        for node in _parse(cell).body if cell.kind is CellKind.CODE else ():
            if isinstance(node, ast.ClassDef):
                methods[node.name] = tuple(one.name for one in node.body if isinstance(one, ast.FunctionDef))
    return methods


def _parse(cell: Cell) -> ast.Module:
    try:
        return ast.parse(to_python(cell.source).python)
    except SyntaxError as err:
        place = f"The reference's cell `{cell.names[0] if cell.names else cell.number}`, line {err.lineno},"
        raise CourseError(f"{place} is not valid Python: {err.msg}.", remedy="Mend the reference.") from err
