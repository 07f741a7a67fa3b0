"""Find the modules and classes of libraries in which probes may replace something, and put things back there.

`grader.live.state` does so around a check in the student's own process.
"""

import ast
import contextlib
import functools
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from grader.probes import is_probes_file
from grader.sandbox.wire.shims import Shim, provide

_SPECIAL = ("__init__", "__call__", "__iter__", "__next__", "__getitem__", "__new__")


@dataclass(frozen=True, slots=True)
class _Imported:
    """Hold what one import binds: `attribute` of `module`, or the module itself."""

    name: str
    module: str
    attribute: str
    is_at_top: bool


def owners_named(sources: Mapping[str, bytes]) -> list[Any]:
    """Return the modules and classes that probe files name, and in which they may replace something.

    What the files import at their top is imported.
    """
    found: dict[int, Any] = {}
    for source in sources.values():
        imports, chains = _read(source)
        names = {one.name: _import(one) for one in imports}
        for chain in chains:
            for thing in _follow(chain, names):
                found[id(thing)] = thing
    return list(found.values())


@functools.lru_cache(maxsize=64)
def _read(source: bytes) -> tuple[tuple[_Imported, ...], frozenset[str]]:
    """Return the imports of a source and its dotted names; nothing for one that is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return (), frozenset()
    imports: list[_Imported] = []
    for node in ast.walk(tree):
        is_at_top = node in tree.body
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    bound = alias.asname or alias.name.partition(".")[0]
                    imports.append(_Imported(bound, alias.name if alias.asname else bound, "", is_at_top))
            case ast.ImportFrom(module=str(origin), names=aliases, level=0):
                imports += [_Imported(one.asname or one.name, origin, one.name, is_at_top) for one in aliases]
    dotted = (ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute))
    return tuple(imports), frozenset(name for name in dotted if name.replace(".", "_").isidentifier())


def _import(one: _Imported) -> Any:
    if one.is_at_top and not is_probes_file(f"{one.module}.py"):
        with contextlib.suppress(Exception):  # loading the probes will tell what is wrong with it
            importlib.import_module(one.module)
    module = sys.modules.get(one.module)
    return getattr(module, one.attribute, None) if one.attribute else module


def _follow(chain: str, names: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the modules and classes along a dotted name."""
    first, *steps = chain.split(".")
    thing = names.get(first)
    for step in [*steps, ""]:
        if not isinstance(thing, ModuleType | type):
            return
        yield thing
        thing = getattr(thing, step, None)


def keep_public_names(owner: Any) -> Callable[[], None]:
    """Return a function that restores the public functions and classes that a module or class holds."""
    before = dict(vars(owner))

    def restore() -> None:
        after = dict(vars(owner))
        with contextlib.suppress(TypeError, AttributeError):  # classes written in C can't be changed, so they weren't
            for name in [name for name in after if name not in before and _is_public(name)]:
                if not isinstance(after[name], ModuleType):
                    delattr(owner, name)
            for name, value in before.items():
                if _is_public(name) and after.get(name) is not value and not isinstance(value, ModuleType):
                    setattr(owner, name, value)

    return restore


def _is_public(name: str) -> bool:
    return not name.startswith("_") or name in _SPECIAL


@contextlib.contextmanager
def lent(shims: Sequence[Shim]) -> Iterator[None]:
    """Give back removed names of libraries while the body runs."""
    missing = [(owner, name) for owner, name in map(_place_of, shims) if owner is not None and name not in vars(owner)]
    provide(shims)
    try:
        yield
    finally:
        for owner, name in missing:
            with contextlib.suppress(AttributeError):
                delattr(owner, name)


def _place_of(shim: Shim) -> tuple[Any, str]:
    owner: Any = sys.modules.get(shim.module)
    *path, name = shim.name.split(".")
    for step in path:
        owner = getattr(owner, step, None)
    return owner, name
