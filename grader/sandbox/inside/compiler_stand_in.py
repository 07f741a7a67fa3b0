"""Stand in for the modules of torch's compiler that a first gradient, a first optimizer step and torchvision import.

`grader.sandbox.inside.preloading` puts them in place before a student's code runs. Importing the compiler takes longer
than importing torch, and behind the wall nothing is compiled. Whoever asks for more than is here gets the real module.

Why: docs/decisions.md#the-compiler-is-stood-in-for
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import torch

_MAY_BE_SYMBOLIC = (torch.SymBool, torch.SymInt)


def _as_it_is(function: Callable[..., Any], *_arguments: Any, **_options: Any) -> Callable[..., Any]:
    """Return a function that is not to be compiled, which nothing is."""
    return function


def _break_nothing(*_arguments: Any, **_options: Any) -> None:
    """End a part that is compiled: there is none."""


def _are_equal(one: Any, other: Any) -> Any:
    """Compare two shapes; those of a compiler, which stand for unknown numbers, are left to the real module."""
    if any(isinstance(size, _MAY_BE_SYMBOLIC) for shape in (one, other) for size in shape):
        return _loaded(_SHAPES).sym_eq(one, other)
    return tuple(one) == tuple(other)


def _expected(condition: Any) -> bool:
    """Return a condition that has to hold, in this module or, for one that the compiler makes, in the real one."""
    return bool(_loaded(_SHAPES).expect_true(condition)) if isinstance(condition, _MAY_BE_SYMBOLIC) else condition


def _is_compiled_for(device: str) -> bool:
    """Ask the real module, as torchvision does for some operations on graphics cards."""
    return bool(_loaded(_OF_TORCHVISION).is_compile_supported(device))


_SHAPES = "torch.fx.experimental.symbolic_shapes"
_OF_TORCHVISION = "torch._dynamo.utils"
_HERE: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "torch._dynamo": {"disable": _as_it_is, "graph_break": _break_nothing},
        _OF_TORCHVISION: {"is_compile_supported": _is_compiled_for},
        _SHAPES: {"sym_eq": _are_equal, "expect_true": _expected},
    }
)


class StandIn(ModuleType):
    """Be a module until somebody asks for something else than what is `here`: then the real one takes its place."""

    def __init__(self, name: str, here: Mapping[str, Any]) -> None:
        super().__init__(name)
        folder = Path(torch.__file__).parent.joinpath(*name.split(".")[1:-1])
        self.__spec__ = PathFinder.find_spec(name, [str(folder)])
        self.__file__ = self.__spec__.origin if self.__spec__ is not None else None
        self.__dict__.update(here)

    def __getattr__(self, name: str) -> Any:
        is_package = self.__spec__ is not None and self.__spec__.submodule_search_locations is not None
        if name.startswith("__") and not (name == "__path__" and is_package):
            raise AttributeError(name)  # whoever only looks at all modules gets on without
        return getattr(_loaded(self.__name__), name)


def stand_in_for_compiler() -> None:
    """Put the stand-ins where torch finds them; what is imported already stays."""
    for name, here in _HERE.items():
        if name not in sys.modules:
            sys.modules[name] = StandIn(name, here)


def is_imported(name: str) -> bool:
    """Tell whether a module is imported, rather than stood in for."""
    return name in sys.modules and not isinstance(sys.modules[name], StandIn)


def import_really(name: str) -> None:
    """Import a module, also where it is stood in for."""
    _loaded(name)


def _loaded(name: str) -> ModuleType:
    """Return a module, imported now if need be; where it was stood in for, nothing is from then on."""
    if isinstance(sys.modules.get(name), StandIn):
        _take_away()
    return importlib.import_module(name)


def _take_away() -> None:
    for name in _HERE:
        if isinstance(sys.modules.get(name), StandIn):
            stand_in = sys.modules.pop(name)
            parent, _, child = name.rpartition(".")
            if getattr(sys.modules.get(parent), "__dict__", {}).get(child) is stand_in:
                delattr(sys.modules[parent], child)
