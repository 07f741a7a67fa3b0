"""What a call may return: of the submission's functions what they return, of others what is known about them.

`grader.sandbox.inside.forbidden.expressions` asks here; `grader.sandbox.inside.forbidden.functions` knows the functions
that matter.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.sandbox.inside.forbidden.scopes import Kind, Scope
from grader.sandbox.inside.forbidden.texts import call_method
from grader.sandbox.inside.forbidden.values import (
    UNKNOWN,
    Method,
    Outside,
    Own,
    Partial,
    Space,
    Value,
    Values,
    outside,
    texts_of,
    union,
)
from grader.sandbox.inside.forbidden.walk import Walker


@dataclass(frozen=True, slots=True)
class Call:
    """Hold a call: where it stands and what its arguments may be."""

    node: ast.expr
    scope: Scope
    arguments: Sequence[Values]
    keywords: Mapping[str, Values] = field(default_factory=dict)

    def argument(self, index: int, name: str = "") -> Values:
        """Return an argument by position or name, unknown where it isn't given."""
        if index < len(self.arguments):
            return self.arguments[index]
        return self.keywords.get(name, UNKNOWN)

    def with_arguments(self, arguments: Sequence[Values]) -> "Call":
        """Return the same call with other arguments."""
        return Call(self.node, self.scope, arguments, self.keywords)


def call_value(walker: Walker, function: Value, call: Call) -> Values:
    """Return what calling one value may return."""
    match function:
        case Outside(name):
            return _call_outside(walker, name, call)
        case Partial(inner, first):
            return call_value(walker, inner, call.with_arguments([*first, *call.arguments]))
        case Method(Space(of), "get" | "pop" | "setdefault" | "__getitem__"):
            return get_members(walker, frozenset({of}), call.argument(0))
        case Method():
            return call_method(function, call.arguments)
        case Own(number):
            return _call_own(walker, walker.scopes.all[number], call)
    return UNKNOWN


def _call_outside(walker: Walker, name: str, call: Call) -> Values:
    owner, _, method = name.rpartition(".")
    if method in ("__getattribute__", "__getattr__"):
        own = outside(owner) if len(call.arguments) == 1 else call.argument(0)
        return get_members(walker, own, call.arguments[-1] if call.arguments else UNKNOWN)
    handler = walker.functions.get(name)
    if handler is not None:
        return handler(walker, call)
    for keyword, values in call.keywords.items():  # SimpleNamespace(nn=torch.nn), a dataclass, …
        walker.scopes.set_attribute(keyword, values)
    return UNKNOWN


def _call_own(walker: Walker, scope: Scope, call: Call) -> Values:
    """Hand the arguments to a function of the submission, or to a class's __init__, and return what it returns."""
    if scope.kind is Kind.CLASS:
        for keyword, values in call.keywords.items():
            walker.scopes.set_attribute(keyword, values)
        makers = scope.names.get("__init__", UNKNOWN)
        union([_call_own(walker, walker.scopes.all[v.scope], call) for v in makers if isinstance(v, Own)])
        return UNKNOWN
    if scope.kind is not Kind.FUNCTION:
        return UNKNOWN
    is_method = scope.parent is not None and scope.parent.kind is Kind.CLASS and not scope.is_static
    names = scope.parameters[1:] if is_method else scope.parameters
    for name, values in [*zip(names, call.arguments, strict=False), *call.keywords.items()]:
        if name in scope.names:
            walker.scopes.bind(scope, name, values)
    return scope.returns


def get_members(walker: Walker, of: Values, names: Values) -> Values:
    """Return the attributes of those constant names, dotted ones step by step."""
    found = []
    for name in texts_of(names):
        values = of
        for part in name.split("."):
            values = walker.attribute(values, part)
        found.append(values)
    return union(found)


def loaded_module(walker: Walker, names: Values) -> Values:
    """Return what `sys.modules[name]` holds."""
    return union([walker.scopes.module_named(name) for name in texts_of(names)])
