"""What lists, dicts, comprehensions and f-strings stand for.

`grader.sandbox.inside.forbidden.expressions` adds them to its table.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grader.sandbox.inside.forbidden.scopes import Kind, Scope
from grader.sandbox.inside.forbidden.texts import add, combine
from grader.sandbox.inside.forbidden.values import UNKNOWN, Group, Value, Values, elements, group, items_of, text, union
from grader.sandbox.inside.forbidden.walk import Walker

_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def _sequence(walker: Walker, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Values:
    items = [walker.value(item, scope) for item in node.elts]
    starred = any(isinstance(item, ast.Starred) for item in node.elts)
    if starred:
        parts = [
            elements(item) if isinstance(n, ast.Starred) else item for n, item in zip(node.elts, items, strict=True)
        ]
        return group([union(parts)], exact=False)
    return group(items, exact=not isinstance(node, ast.Set))


def _dict(walker: Walker, node: ast.Dict, scope: Scope) -> Values:
    keys = [walker.value(key, scope) if key else UNKNOWN for key in node.keys]
    items = [walker.value(item, scope) for item in node.values]
    merged = [
        values if key else union([_all_items(v) for v in values]) for key, values in zip(node.keys, items, strict=True)
    ]
    return group(merged, keys=keys)


def _all_items(value: Value) -> Values:
    return union(value.items) if isinstance(value, Group) else UNKNOWN


def _f_string(walker: Walker, node: ast.JoinedStr, scope: Scope) -> Values:
    result = text("")
    for part in node.values:
        values = walker.value(part, scope)
        plain = not (isinstance(part, ast.FormattedValue) and (part.format_spec or part.conversion not in (-1, 115)))
        result = add(result, combine(str, values)) if plain else UNKNOWN
    return result


def _comprehension(walker: Walker, node: _Comprehension, scope: Scope) -> Values:
    inner = walker.scope_of(node, Kind.INNER, parent=scope)
    first = node.generators[0]
    values = walker.value(first.iter, scope)
    if isinstance(first.target, ast.Name) and len(values) == 1 and _is_simple(node):
        rows = [_result(walker, node, _bound(inner, first.target.id, item)) for item in items_of(next(iter(values)))]
        if rows:
            return _collected(rows, exact=True)
    for generator in node.generators:
        seen = values if generator is first else walker.value(generator.iter, inner)
        walker.assign(generator.target, elements(seen), inner)
        for condition in generator.ifs:
            walker.value(condition, inner)
    return _collected([_result(walker, node, inner)], exact=False)


def _is_simple(node: _Comprehension) -> bool:
    """Tell whether a comprehension can be followed item by item: one loop, no condition, none inside another."""
    nested = [inner for inner in ast.walk(node) if isinstance(inner, ast.comprehension)]
    return len(nested) == 1 and not nested[0].ifs


def _bound(inner: Scope, name: str, item: Values) -> Scope:
    inner.names[name] = item
    return inner


def _result(walker: Walker, node: _Comprehension, inner: Scope) -> tuple[Values | None, Values]:
    """Return the key, where there are keys, and the item that one round of a comprehension gives."""
    if isinstance(node, ast.DictComp):
        return walker.value(node.key, inner), walker.value(node.value, inner)
    return None, walker.value(node.elt, inner)


def _collected(rows: Sequence[tuple[Values | None, Values]], *, exact: bool) -> Values:
    keys = [key for key, _ in rows if key is not None]
    return group([item for _, item in rows], keys=keys or None, exact=exact)


DISPLAYS: Mapping[type[ast.expr], Callable[[Walker, Any, Scope], Values]] = {
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.JoinedStr: _f_string,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
}
