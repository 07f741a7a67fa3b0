"""Where names are bound: the scopes of modules, classes, functions and comprehensions of a submission.

`grader.sandbox.inside.forbidden.walk` binds and looks up; bindings only grow, so the order of statements doesn't
matter.
"""

import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from grader.sandbox.inside.forbidden.values import MAX_VALUES, UNKNOWN, Own, Values, outside

_BUILTINS = frozenset(dir(builtins))


class Kind(Enum):
    """Tell the scopes apart that treat names differently."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    INNER = "comprehension"


@dataclass(slots=True, eq=False)
class Scope:
    """Hold what is bound in one scope; `name` is a module's dotted name, `file` where it is written.

    `stars` are modules whose names were imported with `*`; `elsewhere` the names declared global or nonlocal.
    """

    number: int
    kind: Kind
    file: str
    name: str = ""
    is_package: bool = False
    parent: "Scope | None" = None
    names: dict[str, Values] = field(default_factory=dict)
    elsewhere: dict[str, "Scope"] = field(default_factory=dict)
    stars: list[Values] = field(default_factory=list)
    parameters: tuple[str, ...] = ()
    returns: Values = UNKNOWN
    is_static: bool = False
    is_property: bool = False

    @property
    def chain(self) -> "Iterator[Scope]":
        """Yield this scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    @property
    def module(self) -> "Scope":
        """Return the module that holds this scope."""
        return [*self.chain][-1]


@dataclass(slots=True)
class Scopes:
    """Hold all scopes of a submission, the modules by dotted name, and attributes that were set on anything.

    `changes` counts bindings that grew: when it stands still, everything is known that can be.
    """

    roots: frozenset[str]
    all: list[Scope] = field(default_factory=list)
    modules: dict[str, Scope] = field(default_factory=dict)
    attributes: dict[str, Values] = field(default_factory=dict)
    changes: int = 0

    def open(self, kind: Kind, *, file: str, parent: Scope | None = None, name: str = "") -> Scope:
        """Add a scope."""
        scope = Scope(len(self.all), kind, file=file, parent=parent, name=name)
        self.all.append(scope)
        return scope

    def forget_values(self) -> None:
        """Drop what names stand for and keep that they are bound: so the first, partial look misleads nobody."""
        for scope in self.all:
            scope.names = dict.fromkeys(scope.names, UNKNOWN)
            scope.stars, scope.returns = [], UNKNOWN
        self.attributes = {}

    def bind(self, scope: Scope, name: str, values: Values) -> None:
        """Let a name stand for more values, in the scope that it belongs to."""
        scope = scope.elsewhere.get(name, scope)
        scope.names[name] = self._grown(scope.names.get(name), values)
        if scope.kind is Kind.CLASS:
            self.set_attribute(name, values)

    def bind_where_found(self, scope: Scope, name: str, values: Values) -> None:
        """Let a name that is read here stand for more values, in the innermost scope that binds it."""
        for around in scope.chain:
            if name in around.names:
                self.bind(around, name, values)
                return

    def set_attribute(self, name: str, values: Values) -> None:
        """Let an attribute of that name, of whatever object, stand for more values."""
        self.attributes[name] = self._grown(self.attributes.get(name), values)

    def add_return(self, scope: Scope, values: Values) -> None:
        """Let a function return more values."""
        scope.returns = self._grown(scope.returns, values)

    def _grown(self, known: Values | None, values: Values) -> Values:
        if known is None:
            self.changes += 1
            return values
        if values <= known or len(known) >= MAX_VALUES:
            return known
        self.changes += 1
        return known | values

    def look_up(self, scope: Scope, name: str) -> Values:
        """Return what a name stands for where it is read."""
        for around in scope.chain:
            if around is not scope and around.kind is Kind.CLASS and scope.kind is not Kind.INNER:
                continue
            if name in around.elsewhere:
                return around.elsewhere[name].names.get(name, UNKNOWN)
            if name in around.names:
                return around.names[name]
        return self._unbound(scope.module, name)

    def _unbound(self, module: Scope, name: str) -> Values:
        """Return what a name stands for that no scope binds: imported with a star, a builtin, or of unknown origin."""
        if name in _BUILTINS:
            return outside(f"builtins.{name}")
        return self._starred(module, name) | (outside(name) if name in self.roots else UNKNOWN)

    def member(self, own: Own, name: str) -> Values:
        """Return what `name` of one of the submission's modules or classes stands for."""
        scope = self.all[own.scope]
        found = scope.names.get(name, UNKNOWN)
        if scope.kind is not Kind.MODULE:
            return found | self.attribute(name)
        below = self.modules.get(f"{scope.name}.{name}")
        if below is not None:
            return found | {Own(below.number)}
        return found if name in scope.names or not scope.stars else found | self._starred(scope, name)

    def _starred(self, scope: Scope, name: str) -> Values:
        """Return what a module passes on under a name that it imported with a star; two may import each other."""
        stars, scope.stars = scope.stars, []
        found = [self.member(value, name) for star in stars for value in star if isinstance(value, Own)]
        scope.stars = stars
        named = [getattr(value, "name", "") for star in stars for value in star]
        return UNKNOWN.union(*found, *[outside(f"{origin}.{name}") for origin in named if origin])

    def attribute(self, name: str) -> Values:
        """Return what an attribute of an unknown object may stand for; a property stands for what it returns."""
        found = self.attributes.get(name, UNKNOWN)
        properties = [self.all[v.scope] for v in found if isinstance(v, Own) and self.all[v.scope].is_property]
        return found.union(*[scope.returns for scope in properties])

    def module_named(self, name: str) -> Values:
        """Return a module by dotted name; a submission's file can't take the place of a forbidden library."""
        if name.split(".")[0] not in self.roots and name in self.modules:
            return frozenset({Own(self.modules[name].number)})
        return outside(name)
