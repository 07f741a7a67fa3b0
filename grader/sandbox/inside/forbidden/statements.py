"""What each kind of statement binds: imports, assignments, functions, classes, loops.

`grader.sandbox.inside.forbidden.scan` starts it on each module; expressions are left to
`grader.sandbox.inside.forbidden.walk`.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grader.sandbox.inside.forbidden.expressions import open_function
from grader.sandbox.inside.forbidden.scopes import Kind, Scope
from grader.sandbox.inside.forbidden.texts import add
from grader.sandbox.inside.forbidden.values import UNKNOWN, Own, elements, outside
from grader.sandbox.inside.forbidden.walk import Walker

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def walk_statements(walker: Walker, body: Sequence[ast.AST], scope: Scope) -> None:
    """Walk over statements; those of no interest are only walked through."""
    for node in body:
        if isinstance(node, ast.expr):
            walker.value(node, scope)
            continue
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            handler(walker, node, scope)
        else:
            walk_statements(walker, [*ast.iter_child_nodes(node)], scope)


def _import(walker: Walker, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        module = walker.import_name(alias.name, node=node, scope=scope)
        top = alias.name.split(".")[0]
        walker.scopes.bind(scope, alias.asname or top, module if alias.asname else walker.scopes.module_named(top))


def _import_from(walker: Walker, node: ast.ImportFrom, scope: Scope) -> None:
    origin = _absolute(node, scope.module)
    for alias in node.names:
        place = node if node.lineno == node.end_lineno else alias
        if alias.name == "*":
            module = walker.import_name(origin, node=node, scope=scope)
            walker.use(place, outside(f"{origin}.*"), scope=scope)
            if module not in scope.module.stars:
                scope.module.stars.append(module)
            continue
        full = walker.scopes.module_named(origin or alias.name)
        values = walker.attribute(full, alias.name) if origin else full
        walker.use(place, values, scope=scope)
        walker.scopes.bind(scope, alias.asname or alias.name, values)


def _absolute(node: ast.ImportFrom, module: Scope) -> str:
    """Return the dotted name of the module that is imported from."""
    if not node.level:
        return node.module or ""
    parts = module.name.split(".") if module.name else []
    above = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _assign(walker: Walker, node: ast.Assign, scope: Scope) -> None:
    values = walker.value(node.value, scope)
    for target in node.targets:
        walker.assign(target, values, scope)


def _annotated(walker: Walker, node: ast.AnnAssign, scope: Scope) -> None:
    walker.annotation(node.annotation, scope)
    walker.assign(node.target, walker.value(node.value, scope) if node.value else UNKNOWN, scope)


def _augmented(walker: Walker, node: ast.AugAssign, scope: Scope) -> None:
    values = walker.value(node.value, scope)
    if isinstance(node.target, ast.Name) and isinstance(node.op, ast.Add):
        values |= add(walker.scopes.look_up(scope, node.target.id), values)
    walker.assign(node.target, values, scope)


def _for(walker: Walker, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
    walker.assign(node.target, elements(walker.value(node.iter, scope)), scope)
    walk_statements(walker, [*node.body, *node.orelse], scope)


def _with_item(walker: Walker, node: ast.withitem, scope: Scope) -> None:
    values = walker.value(node.context_expr, scope)
    if node.optional_vars is not None:
        walker.assign(node.optional_vars, values, scope)


def _function(walker: Walker, node: _Function, scope: Scope) -> None:
    names = _decorated(walker, node, scope)
    inner = open_function(walker, node, scope)
    inner.is_static = "staticmethod" in names
    inner.is_property = any(name.endswith("property") for name in names)
    walker.annotation(node.returns, scope)
    walker.scopes.bind(scope, node.name, frozenset({Own(inner.number)}))
    walk_statements(walker, node.body, inner)


def _class(walker: Walker, node: ast.ClassDef, scope: Scope) -> None:
    _decorated(walker, node, scope)
    for base in [*node.bases, *[keyword.value for keyword in node.keywords]]:
        walker.value(base, scope)
    inner = walker.scope_of(node, Kind.CLASS, parent=scope)
    walker.scopes.bind(scope, node.name, frozenset({Own(inner.number)}))
    walk_statements(walker, node.body, inner)


def _decorated(walker: Walker, node: _Function | ast.ClassDef, scope: Scope) -> set[str]:
    """Walk over the decorators and return the last part of each one's name."""
    for decorator in node.decorator_list:
        walker.value(decorator, scope)
    spelled = [
        node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in node.decorator_list
    ]
    return set(spelled)


def _return(walker: Walker, node: ast.Return, scope: Scope) -> None:
    walker.scopes.add_return(scope, walker.value(node.value, scope) if node.value else UNKNOWN)


def _global(walker: Walker, node: ast.Global, scope: Scope) -> None:
    scope.elsewhere |= dict.fromkeys(node.names, scope.module)


def _nonlocal(walker: Walker, node: ast.Nonlocal, scope: Scope) -> None:
    around = [outer for outer in scope.chain if outer is not scope and outer.kind is Kind.FUNCTION]
    for name in node.names:
        holders = [outer for outer in around if name in outer.names]
        if holders:
            scope.elsewhere[name] = holders[0]


def _handler(walker: Walker, node: ast.ExceptHandler, scope: Scope) -> None:
    if node.type is not None:
        walker.value(node.type, scope)
    if node.name:
        walker.scopes.bind(scope, node.name, UNKNOWN)
    walk_statements(walker, node.body, scope)


def _pattern(walker: Walker, node: ast.MatchAs | ast.MatchStar, scope: Scope) -> None:
    if node.name:
        walker.scopes.bind(scope, node.name, UNKNOWN)
    walk_statements(walker, [*ast.iter_child_nodes(node)], scope)


def _mapping(walker: Walker, node: ast.MatchMapping, scope: Scope) -> None:
    if node.rest:
        walker.scopes.bind(scope, node.rest, UNKNOWN)
    walk_statements(walker, [*ast.iter_child_nodes(node)], scope)


_STATEMENTS: Mapping[type[ast.AST], Callable[[Walker, Any, Scope], None]] = {
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.withitem: _with_item,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Return: _return,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.ExceptHandler: _handler,
    ast.MatchAs: _pattern,
    ast.MatchStar: _pattern,
    ast.MatchMapping: _mapping,
}
