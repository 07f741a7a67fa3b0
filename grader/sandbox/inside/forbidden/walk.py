"""Walk over a module's syntax tree: what is bound where, and which names, attributes and calls there are.

`grader.sandbox.inside.forbidden.scan` resolves what was collected, by `grader.sandbox.inside.forbidden.resolve`.
The nodes that wait are in a list, so that no depth of nesting can exhaust the interpreter's stack.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.sandbox.inside.forbidden.resolve import Imported, Source
from grader.sandbox.inside.forbidden.scopes import UNKNOWN, Scope, ScopeKind

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(frozen=True, slots=True)
class Binding:
    """Let a name in `scope`, or without one an attribute of whatever object, stand for what `source` is in `where`."""

    name: str
    source: Source
    scope: Scope | None
    where: Scope


@dataclass(frozen=True, slots=True)
class Mention:
    """Point at a node that uses what `source` stands for in its scope."""

    node: ast.AST
    source: Source
    scope: Scope


@dataclass(slots=True)
class Walk:
    """Hold what was collected, in the order of the source, and the nodes that wait with the scopes they are in."""

    bindings: list[Binding] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    waiting: list[tuple[ast.AST, Scope]] = field(default_factory=list)

    def over(self, tree: ast.Module, scope: Scope) -> None:
        """Collect what a module binds and mentions; raises RecursionError where its scopes are nested too deeply."""
        self.waiting.clear()
        self.next(tree.body, scope)
        while self.waiting:
            node, inside = self.waiting.pop()
            handler = _HANDLERS.get(type(node))
            if handler is None:
                self.next(ast.iter_child_nodes(node), inside)
            else:
                handler(self, node, inside)

    def next(self, nodes: Iterable[ast.AST | None], scope: Scope) -> None:
        """Let nodes come next, in their order."""
        self.waiting += [(node, scope) for node in reversed([*nodes]) if node is not None]

    def declare(self, scope: Scope, name: str | None) -> None:
        """Take down that a scope binds a name, so that it hides those around it."""
        if name and name not in scope.is_nonlocal:
            scope.home_of(name).names.setdefault(name, UNKNOWN)

    def bind(self, scope: Scope, name: str, source: Source, *, where: Scope | None = None) -> None:
        """Take down that a name stands for something."""
        self.declare(scope, name)
        self.bindings.append(Binding(name, source, scope, where or scope))

    def assign(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        """Take down what an assignment binds, item by item where a tuple is assigned to as many targets."""
        pairs = [(target, value)]
        while pairs:
            match pairs.pop():
                case ast.Name(id=name), source:
                    self.bind(scope, name, source)
                case ast.Attribute(attr=name), source:
                    self.bindings.append(Binding(name, source, None, where=scope))
                case (
                    (ast.Tuple(elts=targets) | ast.List(elts=targets)),
                    (ast.Tuple(elts=items) | ast.List(elts=items)),
                ):
                    is_plain = not any(isinstance(item, ast.Starred) for item in [*targets, *items])
                    pairs += zip(targets, items, strict=True) if is_plain and len(targets) == len(items) else []

    def annotation(self, node: ast.expr | None, scope: Scope) -> None:
        """Pass over an annotation: it mentions types without using them, unless it calls something."""
        if node is not None and any(isinstance(inner, ast.Call) for inner in ast.walk(node)):
            self.next([node], scope)


def _import(walk: Walk, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        walk.mentions.append(Mention(node, Imported(alias.name), scope))
        top = alias.name.split(".")[0]
        walk.bind(scope, alias.asname or top, Imported(alias.name if alias.asname else top))


def _import_from(walk: Walk, node: ast.ImportFrom, scope: Scope) -> None:
    origin = _absolute(node, scope.module)
    for alias in node.names:
        imported = Imported(origin, alias.name)
        place = node if node.lineno == node.end_lineno else alias
        if alias.name != "*":
            walk.bind(scope, alias.asname or alias.name, imported)
        elif origin and origin not in scope.module.stars:
            scope.module.stars.append(origin)
        walk.mentions.append(Mention(place, imported, scope))


def _absolute(node: ast.ImportFrom, module: Scope) -> str:
    """Return the dotted name of the module that is imported from."""
    if not node.level:
        return node.module or ""
    parts = module.name.split(".") if module.name else []
    above = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _assign(walk: Walk, node: ast.Assign, scope: Scope) -> None:
    for target in node.targets:
        walk.assign(target, node.value, scope)
    walk.next(ast.iter_child_nodes(node), scope)


def _annotated(walk: Walk, node: ast.AnnAssign, scope: Scope) -> None:
    if node.value is not None:
        walk.assign(node.target, node.value, scope)
    walk.next([node.target, node.value], scope)
    walk.annotation(node.annotation, scope)


def _walrus(walk: Walk, node: ast.NamedExpr, scope: Scope) -> None:
    outer = next(around for around in scope.chain if around.kind is not ScopeKind.INNER)
    walk.bind(outer, node.target.id, node.value, where=scope)
    walk.next([node.value], scope)


def _name(walk: Walk, node: ast.Name, scope: Scope) -> None:
    if isinstance(node.ctx, ast.Load):
        walk.mentions.append(Mention(node, node, scope))
    else:
        walk.declare(scope, node.id)


def _attribute(walk: Walk, node: ast.Attribute, scope: Scope) -> None:
    """Take a chain of attributes that is read as one mention, and go on with what it begins with."""
    base = node.value
    if isinstance(node.ctx, ast.Load):
        walk.mentions.append(Mention(node, node, scope))
        while isinstance(base, ast.Attribute):
            base = base.value
        if isinstance(base, ast.Name):
            return
    walk.next([base], scope)


def _call(walk: Walk, node: ast.Call, scope: Scope) -> None:
    """Take a call with a text among its arguments as a mention: the text may name what it fetches."""
    given = [*node.args, *[keyword.value for keyword in node.keywords]]
    if any(isinstance(argument, ast.Constant) and isinstance(argument.value, str) for argument in given):
        walk.mentions.append(Mention(node, node, scope))
    walk.next(ast.iter_child_nodes(node), scope)


def _parameters(walk: Walk, args: ast.arguments, inner: Scope, *, outer: Scope) -> None:
    """Bind parameters to their defaults, which are computed outside the function."""
    positional = [*args.posonlyargs, *args.args]
    for arg in [*positional, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]:
        walk.declare(inner, arg.arg)
        walk.annotation(arg.annotation, outer)
    pairs = [*zip(reversed(positional), reversed(args.defaults), strict=False)]
    pairs += [(arg, default) for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default]
    for arg, default in pairs:
        walk.bind(inner, arg.arg, default, where=outer)
    walk.next([*args.defaults, *args.kw_defaults], outer)


def _function(walk: Walk, node: _Function, scope: Scope) -> None:
    inner = scope.open(ScopeKind.FUNCTION)
    if isinstance(node, ast.Lambda):
        walk.next([node.body], inner)
    else:
        walk.declare(scope, node.name)
        walk.next(node.body, inner)
        walk.annotation(node.returns, scope)
        walk.next(node.decorator_list, scope)
    _parameters(walk, node.args, inner, outer=scope)


def _class(walk: Walk, node: ast.ClassDef, scope: Scope) -> None:
    inner = scope.open(ScopeKind.CLASS)
    walk.bind(scope, node.name, inner)
    walk.next(node.body, inner)
    walk.next([*node.decorator_list, *node.bases, *node.keywords], scope)


def _comprehension(walk: Walk, node: _Comprehension, scope: Scope) -> None:
    inner = scope.open(ScopeKind.INNER)
    first = node.generators[0]
    others = [child for child in ast.iter_child_nodes(node) if child is not first]
    walk.next([first.target, *first.ifs, *others], inner)
    walk.next([first.iter], scope)


def _global(_walk: Walk, node: ast.Global, scope: Scope) -> None:
    scope.is_global.update(node.names if scope.kind is not ScopeKind.MODULE else ())


def _nonlocal(_walk: Walk, node: ast.Nonlocal, scope: Scope) -> None:
    scope.is_nonlocal.update(node.names)


def _captured(
    walk: Walk, node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar | ast.MatchMapping, scope: Scope
) -> None:
    walk.declare(scope, node.rest if isinstance(node, ast.MatchMapping) else node.name)
    walk.next(ast.iter_child_nodes(node), scope)


_HANDLERS: Mapping[type[ast.AST], Callable[[Walk, Any, Scope], None]] = {
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.NamedExpr: _walrus,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.ClassDef: _class,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda), _function),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp), _comprehension),
    **dict.fromkeys((ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping), _captured),
}
