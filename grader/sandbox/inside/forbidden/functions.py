"""What functions return that fetch something by name: `getattr`, `import_module`, `vars`, `attrgetter`, `eval`, …

`grader.sandbox.inside.forbidden.calls` looks them up by their full name.
"""

import base64
from collections.abc import Callable, Mapping

from grader.sandbox.inside.forbidden.calls import Call, call_value, get_members, loaded_module
from grader.sandbox.inside.forbidden.texts import combine
from grader.sandbox.inside.forbidden.values import (
    UNKNOWN,
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
from grader.sandbox.inside.forbidden.walk import Walker


def _getattr(walker: Walker, call: Call) -> Values:
    return get_members(walker, call.argument(0), call.argument(1)) | call.argument(2)


def _setattr(walker: Walker, call: Call) -> Values:
    for name in texts_of(call.argument(1)):
        walker.scopes.set_attribute(name, call.argument(2))
        for target in call.argument(0):
            if isinstance(target, Own):
                walker.scopes.bind(walker.scopes.all[target.scope], name, call.argument(2))
    return UNKNOWN


def _vars(_walker: Walker, call: Call) -> Values:
    of = call.arguments[0] if call.arguments else frozenset({Own(call.scope.number)})
    return frozenset(Space(value) for value in of)


def _globals(_walker: Walker, call: Call) -> Values:
    return frozenset({Space(Own(call.scope.module.number))})


def _import_module(walker: Walker, call: Call) -> Values:
    """Return what `import_module(name, package)` returns."""
    found = []
    for name in texts_of(call.argument(0, "name")):
        if name.startswith("."):
            names = [f"{package}{name}" for package in texts_of(call.argument(1, "package"))]
        else:
            names = [name]
        found += [walker.import_name(full, node=call.node, scope=call.scope) for full in names]
    return union(found)


def _import(walker: Walker, call: Call) -> Values:
    """Return what `__import__(name, …, fromlist)` returns: the topmost package unless there is a fromlist."""
    from_list = elements(call.argument(3, "fromlist"))
    found = []
    for name in texts_of(call.argument(0, "name")):
        module = walker.import_name(name, node=call.node, scope=call.scope)
        found.append(module if from_list else walker.scopes.module_named(name.split(".")[0]))
    return union(found)


def _loaded(walker: Walker, call: Call) -> Values:
    return loaded_module(walker, call.argument(0))


def _resolve(walker: Walker, call: Call) -> Values:
    """Return what `pkgutil.resolve_name("torch.nn:Linear")` returns."""
    return union([outside(name.replace(":", ".")) for name in texts_of(call.argument(0, "name"))])


def _execute(walker: Walker, call: Call) -> Values:
    return union(
        [walker.execute(source, node=call.node, scope=call.scope) for source in texts_of(call.argument(0, "source"))]
    )


def _reduce(walker: Walker, call: Call) -> Values:
    """Return what `reduce(getattr, ["nn", "Linear"], torch)` returns."""
    found = []
    for names in call.argument(1):
        values = call.argument(2, "initial")
        for item in items_of(names):
            steps = [call_value(walker, function, call.with_arguments([values, item])) for function in call.argument(0)]
            values = union(steps)
        found.append(values)
    return union(found)


def _attrgetter(_walker: Walker, call: Call) -> Values:
    return frozenset({Partial(Outside("grader.attributes"), (union(call.arguments),))})


def _attributes(walker: Walker, call: Call) -> Values:
    """Return what `attrgetter("nn.Linear")(torch)` returns: one attribute, or a tuple of several."""
    found = get_members(walker, call.argument(1), call.argument(0))
    return found | group([found], exact=False)


def _partial(_walker: Walker, call: Call) -> Values:
    return frozenset(Partial(function, tuple(call.arguments[1:])) for function in call.argument(0))


def _map(walker: Walker, call: Call) -> Values:
    """Return what `map(function, items, …)` yields, in order."""
    columns = [[items_of(value) for value in argument][:1] for argument in call.arguments[1:]]
    rows = zip(*[column[0] for column in columns if column], strict=False)
    calls = [call.with_arguments(row) for row in rows]
    return group([union([call_value(walker, function, each) for function in call.argument(0)]) for each in calls])


def _same(_walker: Walker, call: Call) -> Values:
    return call.argument(0)


def _item(_walker: Walker, call: Call) -> Values:
    return elements(call.argument(0))


def _reversed(_walker: Walker, call: Call) -> Values:
    return union([group(items_of(value)[::-1]) for value in call.argument(0)])


def _chr(_walker: Walker, call: Call) -> Values:
    return combine(lambda number: chr(number) if isinstance(number, int) else None, call.argument(0))


def _dict(walker: Walker, call: Call) -> Values:
    keys = [frozenset[Value]({Text(name)}) for name in call.keywords]
    return group(list(call.keywords.values()), keys=keys) | call.argument(0)


FUNCTIONS: Mapping[str, Callable[[Walker, Call], Values]] = {
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
    "base64.b64decode": lambda _walker, call: combine(base64.b64decode, call.argument(0)),
    "builtins.bytes.fromhex": lambda _walker, call: combine(bytes.fromhex, call.argument(0)),
}
