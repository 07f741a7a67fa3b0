"""Compile and execute the statements of cells, each under its cell's name: a traceback then says "cell 12, line 4".

`grader.sandbox.inside.definitions` runs a whole notebook with it, `grader.notebook_probes` single statements;
`grader.sandbox.inside.preparing` has the cells' files written.
"""

import __future__

import ast
import asyncio
import contextlib
import inspect
import linecache
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

from grader.notebooks.cell_source import TOP_LEVEL_AWAIT, CellSource
from grader.notebooks.document import Cell, CellKind
from grader.sandbox.inside.statements import Statement


def cell_file(number: int, *, root: Path) -> str:
    """Return the name under which a cell is compiled: a file of the submission called `cell 12`."""
    return str(root / f"cell {number}")


def parse_cell(cell: Cell, source: CellSource, *, root: Path) -> ast.Module:
    """Return a cell's syntax tree, and let tracebacks show its lines; raise what the compiler raises."""
    file = cell_file(cell.number, root=root)
    linecache.cache[file] = (len(source.python), None, cell.source.splitlines(keepends=True), file)
    tree = compile(source.python, file, "exec", ast.PyCF_ONLY_AST | TOP_LEVEL_AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return as_main(tree)


def as_main(tree: ast.Module) -> ast.Module:
    """Return a cell's tree in which `__name__ == "__main__"` holds, as it does in a kernel.

    The module has another name here, for each task has one of its own.
    """
    return ast.fix_missing_locations(_AsMain().visit(tree)) if _has_guard(tree) else tree


class _AsMain(ast.NodeTransformer):
    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        return ast.copy_location(ast.Constant(True), node) if _is_guard(node) else node


def _has_guard(tree: ast.Module) -> bool:
    return any(_is_guard(node) for node in ast.walk(tree))


def _is_guard(node: ast.AST) -> bool:
    match node:
        case ast.Compare(left=one, ops=[ast.Eq()], comparators=[other]):
            return {ast.unparse(one), ast.unparse(other)} == {"__name__", "'__main__'"}
    return False


def write_cells(cells: Sequence[Cell], *, root: Path) -> None:
    """Write code cells to their files, for libraries that look at the file of a function, as numba does for its cache.

    Only where `root` is a copy: nothing is to be written into a student's own folder.
    """
    for cell in cells:
        if cell.kind is CellKind.CODE:
            with contextlib.suppress(OSError):
                Path(cell_file(cell.number, root=root)).write_text(cell.source, encoding="utf-8", errors="replace")


def execute_statement(
    statement: Statement, namespace: dict[str, Any], *, root: Path, flags: int = TOP_LEVEL_AWAIT
) -> None:
    """Execute a statement under its cell's name, and let through whatever it raises."""
    tree = ast.Module([statement.node], type_ignores=[])
    code = compile(tree, cell_file(statement.cell, root=root), "exec", flags, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(FunctionType(code, namespace)())
    else:
        exec(code, namespace)  # noqa: S102 - behind the wall


def future_flags(node: ast.stmt) -> int:
    """Return the compiler's flags that a `from __future__ import …` sets for the cells below it, 0 for any other."""
    if not isinstance(node, ast.ImportFrom) or node.module != "__future__":
        return 0
    flags = 0
    for alias in node.names:
        feature = getattr(__future__, alias.name, None)
        flags |= getattr(feature, "compiler_flag", 0)
    return flags


def names_in_text(text: str) -> Iterator[str]:
    """Yield the names that a text that is not Python would define, judged by the beginnings of its lines."""
    for line in text.splitlines():
        keyword, _, rest = line.partition(" ")
        if keyword in {"class", "def"}:
            name = rest.strip().split("(")[0].split(":")[0].strip()
            if name.isidentifier():
                yield name


def write_file(written: tuple[str, str], *, root: Path, appends: bool = False) -> None:
    """Write the file of a `%%writefile` cell, (name, text), where it stays inside the submission."""
    name, text = written
    path = (root / name).resolve()
    if path.is_relative_to(root.resolve()):
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if appends else "w", encoding="utf-8") as file:
                file.write(text)
