"""What a statement that the clock cut off was working on: half done, so it is taken back, and begun again when needed.

`grader.sandbox.inside.definitions` asks. Half a list of features would be a wrong value that nobody can explain; a name
that is missing leads to the statement, which is then run to its end.

Why: docs/decisions.md#time-of-a-statement
"""

import ast
from collections.abc import Collection, Iterator, Mapping, MutableMapping, MutableSequence, MutableSet, Sequence
from dataclasses import dataclass
from typing import Any

from grader.sandbox.inside.dependence import is_code
from grader.sandbox.inside.statements import Statement


@dataclass(frozen=True, slots=True)
class HalfDone:
    """Hold the names whose values a statement had only made in part, and those of them that it goes on from."""

    names: frozenset[str]
    continued: frozenset[str]


def half_done_by(statement: Statement, namespace: Mapping[str, Any]) -> HalfDone:
    """Return what a statement sets, adds to, or fills; modules, functions and classes are whole once they are there.

    What a function that it calls fills is not seen.
    """
    nodes = list(ast.walk(statement.node))
    read = statement.loaded_names()
    filled = {name for node in nodes for name in _filled_by(node) if _can_be_filled(namespace.get(name))}
    bound = {name for name in statement.names if name in namespace and not is_code(namespace[name])}
    return HalfDone(frozenset(bound | filled), frozenset(bound & read | filled))


def beginnings_of(statement: Statement, *, names: Collection[str], completed: Sequence[Statement]) -> list[Statement]:
    """Return those of the `completed` statements, in order, that gave these names what a statement begins with.

    For each name that is the last one above that binds it, and what worked on the name from there on.
    """
    above = [one for one in completed if _place(one) < _place(statement)]
    chosen: set[int] = set()
    for name in names:
        binding = [at for at, one in enumerate(above) if name in one.names]
        if binding:
            later = (at for at in range(binding[-1] + 1, len(above)) if not above[at].is_definition)
            chosen |= {binding[-1], *(at for at in later if name in above[at].read_names())}
    return [above[at] for at in sorted(chosen)]


def _filled_by(node: ast.AST) -> Iterator[str]:
    """Yield the names of `x` in `x[i] = …`, `x.part = …`, `del x[i]`, and of a call `x.append(…)` for its effect."""
    match node:
        case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
            inner: ast.expr = node.value
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner))):
            inner = owner
        case _:
            return
    while isinstance(inner, ast.Subscript | ast.Attribute):
        inner = inner.value
    if isinstance(inner, ast.Name):
        yield inner.id


def _can_be_filled(value: Any) -> bool:
    return isinstance(value, MutableSequence | MutableMapping | MutableSet) or hasattr(value, "__array__")


def _place(statement: Statement) -> tuple[int, int, int]:
    return statement.cell, statement.line, statement.node.col_offset
