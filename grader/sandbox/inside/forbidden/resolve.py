"""Say what an expression stands for: a name, a chain of attributes, `getattr` and `import_module` with literals.

`grader.sandbox.inside.forbidden.scan` asks here, with scopes that `grader.sandbox.inside.forbidden.walk` has filled.
Whatever else a program computes is unknown: what comes of it is seen by the recorder, when it is called.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from grader.sandbox.inside.forbidden.scopes import UNKNOWN, Scope, Scopes, Values, union

_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Imported:
    """Name what an import statement binds: a module, or one name of it."""

    module: str
    name: str = ""


Source = ast.expr | Imported | Scope


def resolve(source: Source, scope: Scope, scopes: Scopes) -> Values:
    """Return what something may stand for in a scope."""
    if isinstance(source, Scope):
        return frozenset({source})
    if isinstance(source, ast.expr):
        return _expression(source, scope, scopes, depth=0)
    module = scopes.module_named(source.module or source.name)
    return scopes.attribute(module, source.name) if source.module and source.name else module


def _expression(node: ast.expr, scope: Scope, scopes: Scopes, *, depth: int) -> Values:
    if depth > _MAX_DEPTH:
        return UNKNOWN
    parts: Sequence[ast.expr] = ()
    match node:
        case ast.Name(id=name):
            return scopes.look_up(scope, name)
        case ast.Attribute():
            return _attribute(node, scope, scopes, depth=depth)
        case ast.Call():
            return _call(node, scope, scopes, depth=depth)
        case ast.IfExp(body=body, orelse=other):
            parts = [body, other]
        case ast.BoolOp(values=values):
            parts = values
        case ast.NamedExpr(value=value):
            parts = [value]
    return union([_expression(part, scope, scopes, depth=depth + 1) for part in parts])


def _attribute(node: ast.Attribute, scope: Scope, scopes: Scopes, *, depth: int) -> Values:
    names = [node.attr]
    base = node.value
    while isinstance(base, ast.Attribute):
        names.append(base.attr)
        base = base.value
    values = _expression(base, scope, scopes, depth=depth + 1)
    for name in reversed(names):
        values = scopes.attribute(values, name)
    return values


def _call(node: ast.Call, scope: Scope, scopes: Scopes, *, depth: int) -> Values:
    """Return what `getattr(owner, "name")` returns, or the modules that are loaded by name."""
    functions = _expression(node.func, scope, scopes, depth=depth + 1)
    name = _literal(node, 1)
    if "builtins.getattr" in functions and name:
        return scopes.attribute(_expression(node.args[0], scope, scopes, depth=depth + 1), name)
    loaded = _literal(node, 0, keyword="name")
    if not loaded or functions.isdisjoint({"builtins.__import__", "importlib.import_module"}):
        return UNKNOWN
    if loaded.startswith("."):
        loaded = _literal(node, 1, keyword="package") + loaded
    found = scopes.module_named(loaded)
    # `__import__("a.b")` returns a, or a.b where it is told what to take from it: both are loaded.
    return found | scopes.module_named(loaded.split(".")[0]) if "builtins.__import__" in functions else found


def _literal(node: ast.Call, index: int, *, keyword: str = "") -> str:
    """Return a text that a call is given as it stands, "" where the argument is anything else."""
    given = [argument.value for argument in node.keywords if argument.arg == keyword]
    for argument in [*node.args[index : index + 1], *given]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return argument.value
    return ""
