"""Find the source of what a kernel holds now: the functions and classes of its cells, and the imports above them.

`grader.live.checks` has it searched for forbidden names. A definition that has been replaced doesn't count any more.
"""

import ast
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Cells:
    """Hold what was run in a kernel: the sources of its cells by their number, and the number of each cell's file."""

    history: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def name(self, file: str) -> str:
        """Return how the user knows a file: `cell In[5]`, or "" if it is none of the cells."""
        return f"cell In[{self.counts[file]}]" if file in self.counts else ""

    def executed(self) -> tuple[Cell, ...]:
        """Return the cells by their number; a cell that was run again appears only in its last place."""
        last = {source: number for number, source in enumerate(self.history)}
        sources = [source if last[source] == number else "" for number, source in enumerate(self.history)]
        return tuple(Cell(number, CellKind.CODE, source) for number, source in enumerate(sources))[1:]


def definitions_in(namespace: Mapping[str, Any], cells: Cells) -> tuple[Cell, ...]:
    """Return the cells by their number, reduced to imports and the definitions that still hold."""
    sources = [to_python(source).python for source in cells.history]
    bodies = [_statements(source) for source in sources]
    own = {thing.__name__ for thing in list(namespace.values()) if _is_own(thing, namespace)}
    last = {node.name: number for number, body in enumerate(bodies) for node in body if isinstance(node, _DEFINITIONS)}
    kept = []
    for number, (source, body) in enumerate(zip(sources, bodies, strict=True)):
        holds = {name for name in own if last.get(name) == number}
        kept.append(_only(source, [node for node in body if getattr(node, "name", "") in holds or _imports(node)]))
    return tuple(Cell(number, CellKind.CODE, source) for number, source in enumerate(kept))[1:]


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _is_own(thing: Any, namespace: Mapping[str, Any]) -> bool:
    is_defined = isinstance(thing, type) or inspect.isfunction(thing)
    return is_defined and thing.__module__ == namespace.get("__name__")


def _imports(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _only(source: str, nodes: Sequence[ast.stmt]) -> str:
    """Return a source in which all lines are blank except those of some statements."""
    lines = source.split("\n")
    wanted: set[int] = set()
    for node in nodes:
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)])
        wanted |= set(range(first, (node.end_lineno or node.lineno) + 1))
    return "\n".join(line if number in wanted else "" for number, line in enumerate(lines, start=1))
