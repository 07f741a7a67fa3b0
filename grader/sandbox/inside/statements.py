"""The top-level statements of a notebook's cells: what each binds, and which names it works on.

`grader.sandbox.inside.definitions` runs them one by one; `grader.sandbox.inside.dependence` tells which of them need
each other. What a statement does is only known when it runs: nothing here decides by a name.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@dataclass(frozen=True, slots=True)
class Statement:
    """Hold one top-level statement of a cell and the names it binds.

    `stopped` says at what importing stopped it ("it trains"), and is "" where it ran on, or has not run yet.
    """

    cell: int
    node: ast.stmt
    names: tuple[str, ...]
    is_definition: bool
    stopped: str = ""

    @property
    def line(self) -> int:
        """Return the statement's first line in its cell, counted from 1, decorators included."""
        decorators: list[ast.expr] = getattr(self.node, "decorator_list", [])
        return min([self.node.lineno, *(decorator.lineno for decorator in decorators)])

    def place_in(self, file: str) -> tuple[str, int, int]:
        """Return where the statement begins in a file of this name: line and column, as a line may hold several."""
        return file, self.line, self.node.col_offset

    def read_names(self) -> set[str]:
        """Return the names that the statement reads or writes anywhere within itself."""
        return {node.id for node in ast.walk(self.node) if isinstance(node, ast.Name)}

    def loaded_names(self) -> set[str]:
        """Return the names whose values the statement looks at, those that it adds to (`n += 1`) among them."""
        nodes = list(ast.walk(self.node))
        loaded = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        added_to = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
        return loaded | {target.id for target in added_to if isinstance(target, ast.Name)}


def statements_in(tree: ast.Module, *, cell: int) -> Iterator[Statement]:
    """Yield the top-level statements of a cell, or of a file if `cell` is 0."""
    for node in tree.body:
        is_definition = any(isinstance(inner, _DEFINITIONS) for inner in ast.walk(node))
        yield Statement(cell, node, tuple(_bound(node)), is_definition)


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds in its module, without what lies inside functions and classes."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.split(".")[0]
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)
