"""Find the source of what a kernel holds now: the functions and classes of its cells, and the imports above them.

`grader.live_checks` has it searched for forbidden names. A definition that has been replaced doesn't count any more.
"""

import ast
import inspect
import linecache
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType
from typing import Any

from grader.notebooks import Cell, CellKind


def cells_of(namespace: Mapping[str, Any], *, history: Sequence[str], counts: Mapping[str, int]) -> tuple[Cell, ...]:
    """Return a cell for each number up to the last: its definitions that still hold, and the imports of the history.

    `history` holds the sources of the executed cells by their number, `counts` the number of each cell's file.
    """
    lines: dict[int, list[str]] = {}
    for number, source in enumerate(history):
        _blank_but(lines, number, source, lambda node: isinstance(node, ast.Import | ast.ImportFrom))
    for name, file in _files_of(namespace):
        if file in counts:
            source = "".join(linecache.getlines(file))
            _blank_but(lines, counts[file], source, lambda node, name=name: getattr(node, "name", "") == name)
    last = max(lines, default=0)
    return tuple(Cell(number, CellKind.CODE, "\n".join(lines.get(number, []))) for number in range(1, last + 1))


def _files_of(namespace: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (name, file) of the functions and classes that were defined in cells."""
    for thing in list(namespace.values()):
        own = getattr(thing, "__module__", None) == namespace.get("__name__")
        code = next(_codes_in(thing), None) if own else None
        if code is not None:
            yield thing.__name__, code.co_filename


def _codes_in(thing: Any) -> Iterator[CodeType]:
    things = [thing, *vars(thing).values()] if isinstance(thing, type) else [thing]
    for one in things:
        function = inspect.unwrap(getattr(one, "__func__", one)) if callable(one) or hasattr(one, "__func__") else one
        if inspect.isfunction(function):
            yield function.__code__


def _blank_but(lines: dict[int, list[str]], number: int, source: str, wanted: Any) -> None:
    """Add the wanted top-level statements of a source to a cell's lines, in their places."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    given = source.splitlines()
    kept = lines.setdefault(number, [])
    kept += [""] * (len(given) - len(kept))
    for node in filter(wanted, tree.body):
        decorators = [one.lineno for one in getattr(node, "decorator_list", [])]
        for line in range(min([node.lineno, *decorators]) - 1, node.end_lineno or node.lineno):
            kept[line] = given[line]
