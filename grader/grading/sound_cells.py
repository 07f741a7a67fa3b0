"""Put the reference's definitions in place of a student's in the cells of a notebook.

`grader.grading.carrying` grades what comes out, in a sandbox of its own; `grader.grading.sound_parts` says what a
definition needs.
"""

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from grader.grading.sound_parts import ModuleText, definition_of, first_line, source_of
from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind, Notebook, read_stripped, write_notebook
from grader.notebooks.plan import PLAN_FILE, read_plan


def with_sound_cells(
    files: Mapping[str, bytes], reference: Mapping[str, bytes], *, parts: Collection[str], own: Collection[str] = ()
) -> dict[str, bytes] | None:
    """Return a notebook's files with the reference's classes and functions of these names in place of its own.

    Each definition of such a name at the top of a cell is replaced, wherever it stands: cells keep their numbers, so
    states of the notebook end where they did. What the reference's uses and no cell binds comes along. A part that was
    not handed in at all is put in front of the first cell; what it lacks there is looked for when all others have run.
    None where a part's name stands for something else than a class or function, the reference does not define it, or
    one of the parts `own` to the judged task would come along: then nothing is put in place.
    """
    path = read_plan(files[PLAN_FILE]).file
    cells = read_stripped(files[path])
    ours = _joined(read_stripped(reference[path]))
    for part in parts:
        changed = _replaced(cells, ours, part, own=own) if ours is not None else None
        if changed is None:
            return None
        cells = changed
    return {**files, path: write_notebook(Notebook(cells))}


def _joined(cells: Sequence[Cell]) -> ModuleText | None:
    """Return all code of a notebook as one source."""
    return source_of("\n".join(to_python(cell.source).python for cell in cells if cell.kind is CellKind.CODE))


def _replaced(cells: Sequence[Cell], ours: ModuleText, name: str, *, own: Collection[str]) -> tuple[Cell, ...] | None:
    sources = {cell.number: source for cell in cells if (source := _source_of(cell)) is not None}
    known = {bound for source in sources.values() for bound in source.bound}
    bound = {number: source.bound[name] for number, source in sources.items() if name in source.bound}
    new = definition_of(name, ours, known=known, own=own)
    if new is None or not sources or not all(isinstance(one, ast.ClassDef | ast.FunctionDef) for one in bound.values()):
        return None
    changed = {number: _without(sources[number], node, new) for number, node in bound.items()}
    if not bound:
        first = min(sources)
        changed = {first: "\n".join([*new, *sources[first].lines])}
    return tuple(replace(cell, source=changed.get(cell.number, cell.source)) for cell in cells)


def _source_of(cell: Cell) -> ModuleText | None:
    """Return a cell's Python; None where there is none, or it becomes a file."""
    source = to_python(cell.source) if cell.kind is CellKind.CODE else None
    return None if source is None or source.written else source_of(source.python)


def _without(source: ModuleText, node: ast.stmt, new: Sequence[str]) -> str:
    """Return a cell's text with other lines in place of a statement."""
    return "\n".join([*source.lines[: first_line(node) - 1], *new, *source.lines[node.end_lineno :]])
