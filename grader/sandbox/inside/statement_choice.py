"""Decide which of a notebook's statements define something and which only train, plot or ask.

`grader.sandbox.inside.definitions` runs what is left, each statement within a time limit: where this module can't tell,
the clock decides.

Why: docs/decisions.md#statement-by-statement
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_STEPS = frozenset({"backward", "step"})  # loss.backward(), optimizer.step()
_ORDINARY = frozenset({"__init__", "__call__", "forward", "backward", "step", "zero_grad"})
_TRAINS = re.compile(
    r"(do_|run_|start_)?(train|fit|finetune|fine_tune|pretrain)(_\w+|ing\w*)?|train(er)?_\w+|\w+_training"
)
_DRAWS = frozenset({"plt", "sns", "pylab", "px", "alt", "widgets", "display"})
_ASKS = frozenset({"input", "getpass", "breakpoint"})


@dataclass(frozen=True, slots=True)
class Statement:
    """Hold one top-level statement of a cell: the names it binds, and why it is not run ("" if it is)."""

    cell: int
    node: ast.stmt
    names: tuple[str, ...]
    skipped: str
    is_definition: bool

    @property
    def line(self) -> int:
        """Return the statement's first line in its cell, counted from 1, decorators included."""
        decorators: list[ast.expr] = getattr(self.node, "decorator_list", [])
        return min([self.node.lineno, *(decorator.lineno for decorator in decorators)])


def find_training(trees: Iterable[ast.Module]) -> frozenset[str]:
    """Return the names of the notebook's functions and methods that train, directly or through one that does."""
    calls: dict[str, set[str]] = {}
    found: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, Function) and node.name not in _ORDINARY:
                calls.setdefault(node.name, set()).update(_called(node))
    while True:
        more = {name for name, called in calls.items() if name not in found and called & (_STEPS | found)}
        if not more:
            return frozenset(found)
        found |= more


def choose_statements(tree: ast.Module, *, cell: int, training: frozenset[str]) -> Iterator[Statement]:
    """Yield a cell's statements with the decision for each."""
    for node in tree.body:
        is_definition = any(isinstance(inner, _DEFINITIONS) for inner in ast.walk(node))
        skipped = "" if is_definition else _why_skipped(node, training)
        yield Statement(cell, node, tuple(_bound(node)), skipped, is_definition)


def _why_skipped(node: ast.stmt, training: frozenset[str]) -> str:
    if isinstance(node, ast.Assert):
        return "it only checks something"
    called = set(_called(node))
    if called & (_STEPS | training):
        return "it trains"
    functions = {
        call.func.id for call in ast.walk(node) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    }
    if any(_TRAINS.fullmatch(name) for name in functions):
        return "it trains"
    if functions & _ASKS:
        return "it waits for input"
    roots = set(_roots(node))
    if "grader" in roots:
        return "it checks the notebook"
    return "it plots" if roots & _DRAWS else ""


def _called(node: ast.AST) -> Iterator[str]:
    """Yield the names by which something is called: `f` for f(), `step` for optimizer.step()."""
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                yield name


def _roots(node: ast.AST) -> Iterator[str]:
    """Yield the first name of each call: `plt` for plt.gca().plot()."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            root: ast.AST = inner.func
            while isinstance(root, ast.Attribute | ast.Call | ast.Subscript):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name):
                yield root.id


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds in its module, without what lies inside functions and classes."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.split(".")[0]
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)
