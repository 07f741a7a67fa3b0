"""What each kind of expression may stand for: the table that `grader.sandbox.inside.forbidden.walk` looks up.

One function a kind; what a call returns is told by `grader.sandbox.inside.forbidden.calls`.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grader.sandbox.inside.forbidden.calls import Call, call_value, get_members, loaded_module
from grader.sandbox.inside.forbidden.displays import DISPLAYS
from grader.sandbox.inside.forbidden.scopes import Kind, Scope
from grader.sandbox.inside.forbidden.texts import add, apply_percent, combine, times
from grader.sandbox.inside.forbidden.values import (
    UNKNOWN,
    Group,
    Outside,
    Own,
    Space,
    Text,
    Value,
    Values,
    elements,
    group,
    items_of,
    pick,
    text,
    texts_of,
    union,
)
from grader.sandbox.inside.forbidden.walk import Walker

_GROWERS = {"append", "add", "insert", "extend", "update", "setdefault", "appendleft"}


def open_function(walker: Walker, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> Scope:
    """Return a function's scope with its parameters bound to their defaults, which are walked over outside it."""
    inner = walker.scope_of(node, Kind.FUNCTION, parent=scope)
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    inner.parameters = tuple(arg.arg for arg in positional)
    defaults: dict[str, Values] = {}
    for arg, default in zip(reversed(positional), reversed(args.defaults), strict=False):
        defaults[arg.arg] = walker.value(default, scope)
    for arg, optional in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        defaults[arg.arg] = walker.value(optional, scope) if optional is not None else UNKNOWN
    for arg in [*positional, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]:
        walker.annotation(arg.annotation, scope)
        walker.scopes.bind(inner, arg.arg, defaults.get(arg.arg, UNKNOWN))
    return inner


def _constant(_walker: Walker, node: ast.Constant, _scope: Scope) -> Values:
    return text(node.value)


def _name(walker: Walker, node: ast.Name, scope: Scope) -> Values:
    if node.id == "__name__":
        return text(scope.module.name)
    return walker.scopes.look_up(scope, node.id)


def _attribute(walker: Walker, node: ast.Attribute, scope: Scope) -> Values:
    if node.attr == "__dict__":
        return walker.attribute(walker.value(node.value, scope), node.attr)
    return walker.attribute(walker.bare(node.value, scope), node.attr)


def _subscript(walker: Walker, node: ast.Subscript, scope: Scope) -> Values:
    container, keys = walker.value(node.value, scope), walker.value(node.slice, scope)
    if isinstance(node.slice, ast.Slice):
        return union([container_slice(value, _bounds(walker, node.slice, scope)) for value in container])
    return union([_item(walker, value, keys) for value in container])


def _item(walker: Walker, container: Value, keys: Values) -> Values:
    match container:
        case Outside("sys.modules"):
            return loaded_module(walker, keys)
        case Space(of):
            return get_members(walker, frozenset({of}), keys)
        case Group():
            return pick(container, keys)
        case Text():
            return combine(lambda value, key: value[key], frozenset({container}), keys)
    return UNKNOWN


def _bounds(walker: Walker, node: ast.Slice, scope: Scope) -> slice | None:
    """Return a slice of constants, None for any other."""
    parts: list[int | None] = []
    for part in (node.lower, node.upper, node.step):
        numbers = [v.value for v in walker.bare(part, scope) if isinstance(v, Text)] if part else []
        if part and (len(numbers) != 1 or not isinstance(numbers[0], int)):
            return None
        parts.append(numbers[0] if numbers and isinstance(numbers[0], int) else None)
    return None if parts[2] == 0 else slice(*parts)


def container_slice(container: Value, bounds: slice | None) -> Values:
    """Return the part of a constant or container between bounds, all of it where they aren't constant."""
    match container:
        case Text(value=str() | bytes() as value) if bounds:
            return text(value[bounds])
        case Group(items=items, keys=None, exact=True) if bounds:
            return group(items[bounds])
        case Group():
            return frozenset({container})
    return UNKNOWN


def _call(walker: Walker, node: ast.Call, scope: Scope) -> Values:
    functions = walker.value(node.func, scope)
    arguments: list[Values] = []
    for argument in node.args:
        values = walker.value(argument, scope)
        arguments += _spread(values) if isinstance(argument, ast.Starred) else [values]
    keywords: dict[str, Values] = {}
    for keyword in node.keywords:
        values = walker.value(keyword.value, scope)
        keywords |= {keyword.arg: values} if keyword.arg else _named(values)
    if isinstance(node.func, ast.Attribute) and node.func.attr in _GROWERS:
        walker.grow(node.func.value, union([*arguments, *keywords.values(), *map(elements, arguments)]), scope)
    call = Call(node, scope, arguments, keywords)
    return union([call_value(walker, function, call) for function in functions])


def _spread(values: Values) -> Sequence[Values]:
    rows = [items_of(value) for value in values if isinstance(value, Group)]
    return rows[0] if len(rows) == 1 else [elements(values)]


def _named(values: Values) -> dict[str, Values]:
    """Return the keywords that `**values` gives."""
    tables = [value for value in values if isinstance(value, Group) and value.keys is not None]
    pairs = [pair for table in tables for pair in zip(table.keys or (), table.items, strict=True)]
    return {name: item for keys, item in pairs for name in texts_of(keys)}


def _operator(walker: Walker, node: ast.BinOp, scope: Scope) -> Values:
    left, right = walker.value(node.left, scope), walker.value(node.right, scope)
    match node.op:
        case ast.Add():
            return add(left, right)
        case ast.Mod():
            return apply_percent(left, right)
        case ast.Mult():
            return times(left, right)
        case ast.Sub():
            return combine(lambda a, b: a - b, left, right)
        case ast.BitOr():
            return left | right
    return UNKNOWN


def _negative(walker: Walker, node: ast.UnaryOp, scope: Scope) -> Values:
    values = walker.value(node.operand, scope)
    return combine(lambda a: -a, values) if isinstance(node.op, ast.USub) else UNKNOWN


def _choice(walker: Walker, node: ast.BoolOp, scope: Scope) -> Values:
    return union([walker.value(value, scope) for value in node.values])


def _if(walker: Walker, node: ast.IfExp, scope: Scope) -> Values:
    walker.value(node.test, scope)
    return walker.value(node.body, scope) | walker.value(node.orelse, scope)


def _walrus(walker: Walker, node: ast.NamedExpr, scope: Scope) -> Values:
    values = walker.value(node.value, scope)
    while scope.kind is Kind.INNER and scope.parent is not None:
        scope = scope.parent
    walker.assign(node.target, values, scope)
    return values


def _lambda(walker: Walker, node: ast.Lambda, scope: Scope) -> Values:
    inner = open_function(walker, node, scope)
    walker.scopes.add_return(inner, walker.value(node.body, inner))
    return frozenset({Own(inner.number)})


def _same(walker: Walker, node: ast.Starred | ast.Await | ast.FormattedValue, scope: Scope) -> Values:
    return walker.value(node.value, scope)


def _yield(walker: Walker, node: ast.Yield | ast.YieldFrom, scope: Scope) -> Values:
    values = walker.value(node.value, scope) if node.value else UNKNOWN
    inner = values if isinstance(node, ast.Yield) else elements(values)
    walker.scopes.add_return(scope, group([inner], exact=False))
    return UNKNOWN


EXPRESSIONS: Mapping[type[ast.expr], Callable[[Walker, Any, Scope], Values]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.BinOp: _operator,
    ast.UnaryOp: _negative,
    ast.BoolOp: _choice,
    ast.IfExp: _if,
    ast.NamedExpr: _walrus,
    ast.Lambda: _lambda,
    ast.Starred: _same,
    ast.Await: _same,
    ast.FormattedValue: _same,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    **DISPLAYS,
}
