"""What calls return that fetch something by name: `getattr`, `import_module`, `vars(torch)["nn"]`, `eval`, …

`grader.sandbox.forbidden_walk` asks here about every call whose function it knows.
"""

import ast
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from grader.sandbox.forbidden_scopes import Kind, Scope, Scopes
from grader.sandbox.forbidden_texts import call_method, combine
from grader.sandbox.forbidden_values import (
    UNKNOWN,
    Method,
    Outside,
    Own,
    Partial,
    Space,
    Text,
    Value,
    Values,
    elements,
    group,
    items_of,
    outside,
    texts_of,
    union,
)


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


class Walk(Protocol):
    """Say what the walk over the source offers to calls."""

    scopes: Scopes

    def attribute(self, values: Values, name: str) -> Values:
        """Return what an attribute may be."""

    def import_name(self, name: str, *, node: ast.AST, scope: Scope) -> Values:
        """Return a module by dotted name, and note its import."""

    def execute(self, source: str, *, node: ast.expr, scope: Scope) -> Values:
        """Walk over source code that a call executes, and return the value of a single expression."""


def call_value(walk: Walk, function: Value, call: Call) -> Values:
    """Return what calling one value may return."""
    match function:
        case Outside(name):
            return _call_outside(walk, name, call)
        case Partial(inner, first):
            return call_value(walk, inner, _with(call, [*first, *call.arguments]))
        case Method(Space(of), "get" | "pop" | "setdefault" | "__getitem__"):
            return get_members(walk, frozenset({of}), call.argument(0))
        case Method():
            return call_method(function, call.arguments)
        case Own(number):
            return _call_own(walk, walk.scopes.all[number], call)
    return UNKNOWN


def _with(call: Call, arguments: Sequence[Values]) -> Call:
    return Call(call.node, call.scope, arguments, call.keywords)


def _call_outside(walk: Walk, name: str, call: Call) -> Values:
    owner, _, method = name.rpartition(".")
    if method in ("__getattribute__", "__getattr__"):
        own = outside(owner) if len(call.arguments) == 1 else call.argument(0)
        return get_members(walk, own, call.arguments[-1] if call.arguments else UNKNOWN)
    handler = _KNOWN.get(name)
    if handler is not None:
        return handler(walk, call)
    for keyword, values in call.keywords.items():  # SimpleNamespace(nn=torch.nn), a dataclass, …
        walk.scopes.set_attribute(keyword, values)
    return UNKNOWN


def _call_own(walk: Walk, scope: Scope, call: Call) -> Values:
    """Hand the arguments to a function of the submission, or to a class's __init__, and return what it returns."""
    if scope.kind is Kind.CLASS:
        for keyword, values in call.keywords.items():
            walk.scopes.set_attribute(keyword, values)
        makers = scope.names.get("__init__", UNKNOWN)
        union([_call_own(walk, walk.scopes.all[v.scope], call) for v in makers if isinstance(v, Own)])
        return UNKNOWN
    if scope.kind is not Kind.FUNCTION:
        return UNKNOWN
    is_method = scope.parent is not None and scope.parent.kind is Kind.CLASS and not scope.is_static
    names = scope.parameters[1:] if is_method else scope.parameters
    for name, values in [*zip(names, call.arguments, strict=False), *call.keywords.items()]:
        if name in scope.names:
            walk.scopes.bind(scope, name, values)
    return scope.returns


def get_members(walk: Walk, of: Values, names: Values) -> Values:
    """Return the attributes of those constant names, dotted ones step by step."""
    found = []
    for name in texts_of(names):
        values = of
        for part in name.split("."):
            values = walk.attribute(values, part)
        found.append(values)
    return union(found)


def _getattr(walk: Walk, call: Call) -> Values:
    return get_members(walk, call.argument(0), call.argument(1)) | call.argument(2)


def _setattr(walk: Walk, call: Call) -> Values:
    for name in texts_of(call.argument(1)):
        walk.scopes.set_attribute(name, call.argument(2))
        for target in call.argument(0):
            if isinstance(target, Own):
                walk.scopes.bind(walk.scopes.all[target.scope], name, call.argument(2))
    return UNKNOWN


def _vars(_walk: Walk, call: Call) -> Values:
    of = call.arguments[0] if call.arguments else frozenset({Own(call.scope.number)})
    return frozenset(Space(value) for value in of)


def _globals(_walk: Walk, call: Call) -> Values:
    return frozenset({Space(Own(call.scope.module.number))})


def _import_module(walk: Walk, call: Call) -> Values:
    """Return what `import_module(name, package)` returns."""
    found = []
    for name in texts_of(call.argument(0, "name")):
        if name.startswith("."):
            names = [f"{package}{name}" for package in texts_of(call.argument(1, "package"))]
        else:
            names = [name]
        found += [walk.import_name(full, node=call.node, scope=call.scope) for full in names]
    return union(found)


def _import(walk: Walk, call: Call) -> Values:
    """Return what `__import__(name, …, fromlist)` returns: the topmost package unless there is a fromlist."""
    from_list = elements(call.argument(3, "fromlist"))
    found = []
    for name in texts_of(call.argument(0, "name")):
        module = walk.import_name(name, node=call.node, scope=call.scope)
        found.append(module if from_list else walk.scopes.module_named(name.split(".")[0]))
    return union(found)


def _loaded(walk: Walk, call: Call) -> Values:
    return loaded_module(walk, call.argument(0))


def loaded_module(walk: Walk, names: Values) -> Values:
    """Return what `sys.modules[name]` holds."""
    return union([walk.scopes.module_named(name) for name in texts_of(names)])


def _resolve(walk: Walk, call: Call) -> Values:
    """Return what `pkgutil.resolve_name("torch.nn:Linear")` returns."""
    return union([outside(name.replace(":", ".")) for name in texts_of(call.argument(0, "name"))])


def _execute(walk: Walk, call: Call) -> Values:
    return union(
        [walk.execute(source, node=call.node, scope=call.scope) for source in texts_of(call.argument(0, "source"))]
    )


def _reduce(walk: Walk, call: Call) -> Values:
    """Return what `reduce(getattr, ["nn", "Linear"], torch)` returns."""
    found = []
    for names in call.argument(1):
        values = call.argument(2, "initial")
        for item in items_of(names):
            steps = [call_value(walk, function, _with(call, [values, item])) for function in call.argument(0)]
            values = union(steps)
        found.append(values)
    return union(found)


def _attrgetter(_walk: Walk, call: Call) -> Values:
    return frozenset({Partial(Outside("grader.attributes"), (union(call.arguments),))})


def _attributes(walk: Walk, call: Call) -> Values:
    """Return what `attrgetter("nn.Linear")(torch)` returns: one attribute, or a tuple of several."""
    found = get_members(walk, call.argument(1), call.argument(0))
    return found | group([found], exact=False)


def _partial(_walk: Walk, call: Call) -> Values:
    return frozenset(Partial(function, tuple(call.arguments[1:])) for function in call.argument(0))


def _map(walk: Walk, call: Call) -> Values:
    """Return what `map(function, items, …)` yields, in order."""
    columns = [[items_of(value) for value in argument][:1] for argument in call.arguments[1:]]
    rows = zip(*[column[0] for column in columns if column], strict=False)
    return group(
        [union([call_value(walk, function, _with(call, list(row))) for function in call.argument(0)]) for row in rows]
    )


def _same(_walk: Walk, call: Call) -> Values:
    return call.argument(0)


def _item(_walk: Walk, call: Call) -> Values:
    return elements(call.argument(0))


def _reversed(_walk: Walk, call: Call) -> Values:
    return union([group(items_of(value)[::-1]) for value in call.argument(0)])


def _chr(_walk: Walk, call: Call) -> Values:
    return combine(lambda number: chr(number) if isinstance(number, int) else None, call.argument(0))


def _dict(walk: Walk, call: Call) -> Values:
    keys = [frozenset[Value]({Text(name)}) for name in call.keywords]
    return group(list(call.keywords.values()), keys=keys) | call.argument(0)


_KNOWN: dict[str, Callable[[Walk, Call], Values]] = {
    "builtins.getattr": _getattr,
    "inspect.getattr_static": _getattr,
    "builtins.setattr": _setattr,
    "builtins.vars": _vars,
    "builtins.locals": _vars,
    "builtins.globals": _globals,
    "builtins.__import__": _import,
    "importlib.__import__": _import,
    "importlib.import_module": _import_module,
    "importlib.reload": _same,
    "sys.modules.get": _loaded,
    "sys.modules.pop": _loaded,
    "sys.modules.__getitem__": _loaded,
    "pkgutil.resolve_name": _resolve,
    "builtins.exec": _execute,
    "builtins.eval": _execute,
    "builtins.compile": _same,
    "functools.reduce": _reduce,
    "functools.partial": _partial,
    "operator.attrgetter": _attrgetter,
    "grader.attributes": _attributes,
    "builtins.map": _map,
    "builtins.iter": _same,
    "builtins.list": _same,
    "builtins.tuple": _same,
    "builtins.set": _same,
    "builtins.str": _same,
    "builtins.next": _item,
    "builtins.reversed": _reversed,
    "builtins.chr": _chr,
    "builtins.dict": _dict,
    "base64.b64decode": lambda _walk, call: combine(base64.b64decode, call.argument(0)),
    "builtins.bytes.fromhex": lambda _walk, call: combine(bytes.fromhex, call.argument(0)),
}
