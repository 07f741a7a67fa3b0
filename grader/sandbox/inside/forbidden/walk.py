"""Walk over a submission's syntax trees: what is bound to what, and which outside names are used where.

Flow-insensitive: a name stands for everything that is ever bound to it in its scope. What each kind of node means is
told by `grader.sandbox.inside.forbidden.expressions` and `grader.sandbox.inside.forbidden.statements`.
"""

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from grader.sandbox.inside.forbidden.scopes import Kind, Scope, Scopes
from grader.sandbox.inside.forbidden.values import (
    UNKNOWN,
    Group,
    Method,
    Outside,
    Own,
    Space,
    Text,
    Value,
    Values,
    elements,
    group,
    items_of,
    outside,
    union,
)

_MAX_NESTED = 3
_NOTED = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)


@dataclass(slots=True)
class Walker:
    """Hold the state of one walk.

    `expressions` tells what each kind of expression stands for, `functions` what known functions return, `statements`
    walks over a body; `note` is called with the file, the node and the names that are used there.
    """

    scopes: Scopes
    expressions: Mapping[type[ast.expr], Callable[["Walker", Any, Scope], Values]]
    functions: Mapping[str, Callable[["Walker", Any], Values]]
    statements: Callable[["Walker", Sequence[ast.stmt], Scope], None]
    note: Callable[[str, ast.AST, Sequence[str]], None]
    at: ast.AST | None = None  # the call that executes the code which is walked over
    quiet: bool = False
    nested: int = 0
    own: dict[int, Scope] = field(default_factory=dict)
    parsed: dict[str, ast.Module | None] = field(default_factory=dict)

    def value(self, node: ast.expr, scope: Scope) -> Values:
        """Return what an expression may stand for, and note it as used."""
        values = self.bare(node, scope)
        if isinstance(node, _NOTED) and values:
            self.use(node, values, scope=scope)
        return values

    def bare(self, node: ast.expr, scope: Scope) -> Values:
        """Return what an expression may stand for; only its parts are noted."""
        handler = self.expressions.get(type(node))
        if handler is not None:
            return handler(self, node, scope)
        self.children(node, scope)
        return UNKNOWN

    def children(self, node: ast.AST, scope: Scope) -> None:
        """Walk over the expressions in a node that needs no more."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, scope)
            else:
                self.children(child, scope)

    def use(self, node: ast.AST, values: Values, *, scope: Scope) -> None:
        """Note the outside names among values as used at a node."""
        names = [value.name for value in values if isinstance(value, Outside)]
        if names and not self.quiet:
            self.note(scope.file, self.at or node, names)

    def annotation(self, node: ast.expr | None, scope: Scope) -> None:
        """Walk over an annotation: it mentions types without using them, unless it calls something."""
        if node is None:
            return
        was, self.quiet = self.quiet, not any(isinstance(inner, ast.Call) for inner in ast.walk(node))
        self.value(node, scope)
        self.quiet = was

    def scope_of(self, node: ast.AST, kind: Kind, *, parent: Scope) -> Scope:
        """Return the scope that a node opens, the same one in each pass."""
        if id(node) not in self.own:
            self.own[id(node)] = self.scopes.open(kind, file=parent.file, parent=parent)
        return self.own[id(node)]

    def attribute(self, values: Values, name: str) -> Values:
        """Return what an attribute of values may be."""
        return union([self._attribute_of(v, name) for v in values]) if values else self.scopes.attribute(name)

    def _attribute_of(self, value: Value, name: str) -> Values:
        if name == "__dict__":
            return frozenset({Space(value)})
        match value:
            case Outside(owner):
                return outside(f"{owner}.{name}")
            case Own():
                return self.scopes.member(value, name)
            case Space() | Text() | Group():
                return frozenset({Method(value, name)})
        return UNKNOWN

    def import_name(self, name: str, *, node: ast.AST, scope: Scope) -> Values:
        """Return a module by dotted name, and note its import."""
        self.use(node, outside(name), scope=scope)
        return self.scopes.module_named(name)

    def execute(self, source: str, *, node: ast.expr, scope: Scope) -> Values:
        """Walk over source code that a call executes, and return the value of a single expression."""
        tree = self._parse(source)
        if tree is None or self.nested >= _MAX_NESTED:
            return UNKNOWN
        with self._inside(node):
            if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
                return self.value(tree.body[0].value, scope)
            self.statements(self, tree.body, scope)
        return UNKNOWN

    @contextmanager
    def _inside(self, node: ast.AST) -> Iterator[None]:
        was, self.at = self.at, self.at or node
        self.nested += 1
        try:
            yield
        finally:
            self.at = was
            self.nested -= 1

    def _parse(self, source: str) -> ast.Module | None:
        if source not in self.parsed:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    self.parsed[source] = ast.parse(source.strip())
                except (SyntaxError, ValueError, MemoryError, RecursionError):
                    self.parsed[source] = None
        return self.parsed[source]

    def assign(self, target: ast.expr, values: Values, scope: Scope) -> None:
        """Let a target of an assignment stand for values."""
        match target:
            case ast.Name(id=name):
                self.scopes.bind(scope, name, values)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                self._unpack(targets, values, scope)
            case ast.Starred(value=inner):
                self.assign(inner, group([values], exact=False), scope)
            case ast.Attribute(value=owner, attr=name):
                self.scopes.set_attribute(name, values)
                for module in self.value(owner, scope):
                    if isinstance(module, Own):
                        self.scopes.bind(self.scopes.all[module.scope], name, values)
            case ast.Subscript(value=container, slice=key):
                self._store(container, self.value(key, scope), values=values, scope=scope)

    def _unpack(self, targets: Sequence[ast.expr], values: Values, scope: Scope) -> None:
        starred = any(isinstance(target, ast.Starred) for target in targets)
        rows = [items_of(value) for value in values if not isinstance(value, Group) or value.exact]
        for index, target in enumerate(targets):
            fitting = [row[index] for row in rows if len(row) == len(targets) and not starred]
            self.assign(target, union(fitting) if fitting else elements(values), scope)

    def _store(self, container: ast.expr, keys: Values, *, values: Values, scope: Scope) -> None:
        for value in self.value(container, scope):
            if isinstance(value, Space) and isinstance(value.of, Own):
                for key in keys:
                    if isinstance(key, Text) and isinstance(key.value, str):
                        self.scopes.bind(self.scopes.all[value.of.scope], key.value, values)
        self.grow(container, values, scope)

    def grow(self, container: ast.expr, values: Values, scope: Scope) -> None:
        """Let a container hold more values, wherever it is bound."""
        more = group([values], exact=False) if values else UNKNOWN
        if isinstance(container, ast.Name) and more:
            self.scopes.bind_where_found(scope, container.id, more)
        elif isinstance(container, ast.Attribute) and more:
            self.scopes.set_attribute(container.attr, more)
