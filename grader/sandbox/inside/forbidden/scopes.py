"""Where a submission binds names, and what they stand for: outside names, its own modules and classes.

`grader.sandbox.inside.forbidden.walk` opens the scopes and `grader.sandbox.inside.forbidden.resolve` looks names up in
them. Bindings only grow: a name stands for everything that is ever bound to it, whatever the order of statements.
"""

import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

MAX_VALUES = 64
_MAX_DEPTH = 100
_MAX_NAME = 300
_BUILTINS = frozenset(dir(builtins))


class ScopeKind(Enum):
    """Tell the scopes apart that treat names differently."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    INNER = "comprehension"


@dataclass(slots=True, eq=False)
class Scope:
    """Hold what is bound in one scope; `name` is a module's dotted name, `file` where it is written.

    `stars` are modules whose names were imported with `*`; `is_global` and `is_nonlocal` hold the names declared so.
    """

    kind: ScopeKind
    file: str
    name: str = ""
    is_package: bool = False
    parent: "Scope | None" = None
    names: "dict[str, Values]" = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    is_global: set[str] = field(default_factory=set)
    is_nonlocal: set[str] = field(default_factory=set)
    depth: int = 0

    def open(self, kind: ScopeKind) -> "Scope":
        """Return a new scope inside this one; raises RecursionError where no program is nested so deeply."""
        if self.depth >= _MAX_DEPTH:
            raise RecursionError
        return Scope(kind, self.file, parent=self, depth=self.depth + 1)

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

    def home_of(self, name: str) -> "Scope":
        """Return the scope in which an assignment here binds a name."""
        if name in self.is_global:
            return self.module
        if name in self.is_nonlocal:
            holders = [s for s in self.chain if s is not self and s.kind is ScopeKind.FUNCTION and name in s.names]
            return holders[0] if holders else self
        return self


Values = frozenset[str | Scope]  # dotted names of what isn't the submission's, and its own modules and classes
UNKNOWN: Values = frozenset()


def union(parts: list[Values]) -> Values:
    """Return everything that any part may be, cut to a bounded number."""
    return frozenset(islice(UNKNOWN.union(*parts), MAX_VALUES))


@dataclass(slots=True)
class Scopes:
    """Hold a submission's modules by dotted name, and the attributes that were set on anything.

    `changes` counts bindings that grew: when it stands still, everything is known that can be.
    """

    roots: frozenset[str]
    modules: dict[str, Scope] = field(default_factory=dict)
    attributes: dict[str, Values] = field(default_factory=dict)
    changes: int = 0

    def open_module(self, path: str) -> Scope:
        """Return the scope of a file's module, and make its packages known even where they have no __init__.py."""
        parts = path.removesuffix(".py").split("/")
        is_package = parts[-1] == "__init__"
        parts = parts[:-1] if is_package else parts
        for end in range(1, len(parts)):
            package = ".".join(parts[:end])
            self.modules.setdefault(package, Scope(ScopeKind.MODULE, file="", name=package, is_package=True))
        name = ".".join(parts)
        known = self.modules.get(name)
        scope = Scope(ScopeKind.MODULE, file=path, name=name) if known is None or known.file else known
        scope.file, scope.is_package = path, is_package
        self.modules[name] = scope
        return scope

    def module_named(self, name: str) -> Values:
        """Return a module by dotted name; a submission's file can't take the place of a forbidden library."""
        is_own = name in self.modules and name.split(".")[0] not in self.roots
        return frozenset({self.modules[name] if is_own else name})

    def bind(self, scope: Scope, name: str, values: Values) -> None:
        """Let a name stand for more values; what a class binds is an attribute of its objects as well."""
        home = scope.home_of(name)
        self._grow(home.names, name, values)
        if home.kind is ScopeKind.CLASS:
            self.set_attribute(name, values)

    def set_attribute(self, name: str, values: Values) -> None:
        """Let an attribute of that name, of whatever object, stand for more values."""
        self._grow(self.attributes, name, values)

    def _grow(self, table: dict[str, Values], name: str, values: Values) -> None:
        known = table.get(name, UNKNOWN)
        if not values <= known and len(known) < MAX_VALUES:
            table[name] = known | values
            self.changes += 1

    def look_up(self, scope: Scope, name: str) -> Values:
        """Return what a name stands for where it is read."""
        for around in scope.chain:
            if around is not scope and around.kind is ScopeKind.CLASS and scope.kind is not ScopeKind.INNER:
                continue
            if name in around.is_global:
                break
            if name in around.names:
                return around.names[name]
        module = scope.module
        return module.names[name] if name in module.names else self._unbound(module, name)

    def _unbound(self, module: Scope, name: str) -> Values:
        """Return what a name stands for that no scope binds: a builtin, imported with a star, or of unknown origin."""
        if name in _BUILTINS:
            return frozenset({f"builtins.{name}"})
        return self._starred(module, name) | (frozenset({name}) if name in self.roots else UNKNOWN)

    def _starred(self, module: Scope, name: str) -> Values:
        """Return what a module passes on under a name that it imported with a star; two may import each other."""
        stars, module.stars = module.stars, []
        found = [self.attribute(self.module_named(star), name) for star in stars]
        module.stars = stars
        return union(found)

    def attribute(self, values: Values, name: str) -> Values:
        """Return what an attribute of values may be; of an unknown object, whatever was set under that name."""
        if not values:
            return self.attributes.get(name, UNKNOWN)
        return union([self._member(value, name) for value in values])

    def _member(self, owner: str | Scope, name: str) -> Values:
        if isinstance(owner, str):
            full = f"{owner}.{name}"
            return frozenset({full if len(full) <= _MAX_NAME else owner})
        found = owner.names.get(name, UNKNOWN)
        if owner.kind is ScopeKind.CLASS:
            return found | self.attributes.get(name, UNKNOWN)
        below = self.modules.get(f"{owner.name}.{name}")
        if below is not None:
            return found | {below}
        return found if name in owner.names else self._starred(owner, name)
