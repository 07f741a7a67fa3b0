"""Find the modules and classes of libraries in which probes may replace something, and put things back there.

`grader.sandbox.live_state` does so around a check in the student's own process.
"""

import ast
import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from grader.probes import is_probes_file
from grader.sandbox.shims import Shim, provide

_SPECIAL = ("__init__", "__call__", "__iter__", "__next__", "__getitem__", "__new__")


def owners_named(sources: Mapping[str, bytes]) -> list[Any]:
    """Return the modules and classes that probe files name, and in which they may replace something.

    What the files import at their top is imported.
    """
    found: dict[int, Any] = {}
    for source in sources.values():
        with contextlib.suppress(SyntaxError, ValueError):
            tree = ast.parse(source)
            names = _imported(tree)
            for node in ast.walk(tree):
                thing = _resolve(node, names)
                if isinstance(thing, ModuleType | type):
                    found[id(thing)] = thing
    return list(found.values())


def _imported(tree: ast.Module) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for node in ast.walk(tree):
        is_at_top = node in tree.body
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    module = _module(alias.name, may_import=is_at_top)
                    first = alias.name.partition(".")[0]
                    names[alias.asname or first] = module if alias.asname else sys.modules.get(first)
            case ast.ImportFrom(module=str(origin), names=aliases, level=0):
                module = _module(origin, may_import=is_at_top)
                for alias in aliases:
                    names[alias.asname or alias.name] = getattr(module, alias.name, None)
    return names


def _module(name: str, *, may_import: bool) -> ModuleType | None:
    if may_import and not is_probes_file(f"{name}.py"):
        with contextlib.suppress(Exception):  # whatever is wrong with it: loading the probes tells
            return importlib.import_module(name)
    return sys.modules.get(name)


def _resolve(node: ast.AST, names: Mapping[str, Any]) -> Any:
    """Return what a dotted name stands for, None where it is no module, class, or thing that one of them holds."""
    match node:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=value, attr=attribute):
            owner = _resolve(value, names)
            return getattr(owner, attribute, None) if isinstance(owner, ModuleType | type) else None
    return None


def keep_public_names(owner: Any) -> Callable[[], None]:
    """Return what restores the functions and classes that a module or class holds, but for private ones."""
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
    """Give back removed names of libraries for the length of the body."""
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
