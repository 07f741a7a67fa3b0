"""Say to which parts of a file a line belongs: to a class or function of a name, with the helpers that only it uses.

`grader.sandbox.inside.forbidden.scan` asks, so that a use costs the part that makes it and no other one in its file.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class LineParts:
    """Hold the statements of a file and which of the named parts each belongs to.

    A statement belongs to the part that it defines, or changes by an assignment to an attribute, and to each part that
    refers to what it defines, directly or by way of other helpers. What another part defines is that part's own: an MLP
    made of `Linear` is not asked about the inside of `Linear`.
    """

    def __init__(self, tree: ast.Module, names: Iterable[str]) -> None:
        self._statements = tree.body
        self._mentioned = [frozenset(_mentioned(statement)) for statement in tree.body]
        self._defining: Mapping[str, list[int]] = defaultdict(list)
        for number, statement in enumerate(tree.body):
            for name in _defined(statement):
                self._defining[name].append(number)
        self._parts = [name for name in names if name in self._defining]
        self._owners: dict[int, set[str]] = defaultdict(set)
        for part in self._parts:
            self._follow(part)

    def of_line(self, line: int) -> tuple[str, ...]:
        """Return the names of the parts that a line belongs to, in order; none for a line of no part."""
        owners: set[str] = set()
        for number, statement in enumerate(self._statements):
            if _first_line(statement) <= line <= (statement.end_lineno or statement.lineno):
                owners |= self._owners[number]
        return tuple(sorted(owners))

    def _follow(self, part: str) -> None:
        """Note a part as the owner of every statement that it reaches without passing through another part."""
        waiting, seen = [part], {part}
        while waiting:
            for number in self._defining[waiting.pop()]:
                self._owners[number].add(part)
                for name in self._mentioned[number] - seen:
                    if name in self._defining and name not in self._parts:
                        seen.add(name)
                        waiting.append(name)


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _mentioned(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement reads."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def _defined(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at the top of a file defines, or whose attributes it sets."""
    if isinstance(statement, _DEFINITIONS):
        yield statement.name
        return
    for node in ast.walk(statement):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.split(".")[0]
            case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=name), *_]):
                yield name
