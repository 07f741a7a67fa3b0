"""Give back names that old course code uses and that today's libraries have removed, where an assignment asks for it.

`grader.sandbox.inside.preparing` applies them before a student's first import; `grader.courses.assignment_file`
knows the names. A name that the installed version still has is never touched, and no library is imported for a shim's
sake: what is not there yet is patched when student code imports it.

Why: docs/decisions.md#shims-in-the-submission
"""

import collections.abc
import contextlib
import fnmatch
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True, slots=True)
class Shim:
    """Give back `name` of a module, made from that module as it is today; `missing_since` says when it went."""

    module: str
    name: str
    make: Callable[[ModuleType], Any]
    missing_since: str


def _get_cmap(module: ModuleType) -> Any:
    matplotlib = sys.modules["matplotlib"]

    def get_cmap(name: Any = None, lut: int | None = None) -> Any:
        """Return a colour map by its name."""
        found = matplotlib.colormaps.get_cmap(matplotlib.rcParams["image.cmap"] if name is None else name)
        return found if lut is None else found.resampled(lut)

    return get_cmap


def _attribute(name: str) -> Callable[[ModuleType], Any]:
    return lambda module: getattr(module, name)


def _fixed(value: Any) -> Callable[[ModuleType], Any]:
    return lambda _module: value


_NUMPY = {
    "bool": "bool_", "float_": "float64", "complex_": "complex128", "unicode_": "str_", "string_": "bytes_",
    "Inf": "inf", "Infinity": "inf", "infty": "inf", "NaN": "nan", "NAN": "nan", "product": "prod",
    "cumproduct": "cumprod", "alltrue": "all", "sometrue": "any", "row_stack": "vstack", "round_": "round",
    "in1d": "isin", "trapz": "trapezoid",
}  # fmt: skip
_BUILT_IN = {"int": int, "float": float, "complex": complex, "object": object, "str": str, "long": int, "unicode": str}
_ABSTRACT = (
    "Callable Container Generator Hashable ItemsView Iterable Iterator KeysView Mapping MutableMapping MutableSequence "
    "MutableSet Sequence Set Sized ValuesView"
)

_ALL = (
    Shim("matplotlib.cm", "get_cmap", _get_cmap, "Matplotlib 3.9"),
    *(Shim("numpy", name, _fixed(kind), "NumPy 1.24") for name, kind in _BUILT_IN.items()),
    *(Shim("numpy", name, _attribute(today), "NumPy 1.24 or 2.0") for name, today in _NUMPY.items()),
    *(
        Shim("collections", name, _fixed(getattr(collections.abc, name)), "Python 3.10") for name in _ABSTRACT.split()
    ),
    Shim("torchvision.transforms", "Scale", _attribute("Resize"), "torchvision 0.13"),
    Shim("torchvision.transforms", "RandomSizedCrop", _attribute("RandomResizedCrop"), "torchvision 0.13"),
    Shim("PIL.Image", "ANTIALIAS", lambda module: module.Resampling.LANCZOS, "Pillow 10"),
    # `iter(loader).next()`: the method of Python 2's iterators, which PyTorch's had until 1.13
    Shim("torch.utils.data.dataloader", "_BaseDataLoaderIter.next",
         lambda module: module._BaseDataLoaderIter.__next__, "PyTorch 1.13"),
)  # fmt: skip
_BY_NAME = {f"{shim.module}.{shim.name}": shim for shim in _ALL}
_SPOKEN = {"torch.utils.data.dataloader._BaseDataLoaderIter.next": "iterator.next"}
SHIMS = {_SPOKEN.get(name, name): shim for name, shim in _BY_NAME.items()}
FAMILIES = ("numpy.*", "collections.*", "torchvision.transforms.*")


def shims_named(names: Collection[str]) -> tuple[Shim, ...]:
    """Return the shims of these names; `numpy.*` and other families stand for all of theirs."""
    return tuple(shim for known, shim in SHIMS.items() if any(fnmatch.fnmatchcase(known, name) for name in names))


def shims_used(shims: Sequence[Shim], sources: Collection[bytes]) -> tuple[str, ...]:
    """Return, as an assignment names them, the shims whose names stand in a student's sources."""
    spoken = {shim: name for name, shim in SHIMS.items()}
    return tuple(spoken[shim] for shim in shims if any(_spelling(shim).search(source) for source in sources))


def _spelling(shim: Shim) -> re.Pattern[bytes]:
    """Return what a use of a name looks like: `np.int`, `from numpy import int`, `iterator.next()`."""
    module, name = shim.module.rpartition(".")[2], shim.name.rpartition(".")[2]
    if "." in shim.name:
        return re.compile(rf"\.{name}\(\)".encode())
    others = "np|" if module == "numpy" else ""
    return re.compile(rf"\b(?:{others}{module})\.{name}\b|\bfrom +{shim.module} +import\b[^\n]*\b{name}\b".encode())


def provide(shims: Sequence[Shim]) -> None:
    """Give back names that are missing, at once in modules that are loaded, in others when they get loaded."""
    waiting: dict[str, list[Shim]] = {}
    for shim in shims:
        if shim.module in sys.modules:
            _give_back(shim, sys.modules[shim.module])
        else:
            waiting.setdefault(shim.module, []).append(shim)
    if waiting:
        sys.meta_path.insert(0, _WhenImported(waiting))


def plain_progress_bars() -> None:
    """Make `tqdm.notebook` draw plain bars: without a notebook, and without ipywidgets, its own can't be made."""
    if importlib.util.find_spec("tqdm") is None:
        return
    provide([_progress("tqdm", "tqdm"), _progress("tqdm_notebook", "tqdm"), _progress("trange", "trange")])


def _progress(name: str, plain: str) -> Shim:
    """Return a shim that replaces a name of `tqdm.notebook`, which exists but doesn't work."""
    return Shim("tqdm.notebook", name, lambda _module: getattr(importlib.import_module("tqdm.std"), plain), "")


def _give_back(shim: Shim, module: ModuleType) -> None:
    """Set the name if it is missing; a library that lacks even the replacement stays as it is."""
    owner: Any = module
    *path, name = shim.name.split(".")
    with contextlib.suppress(AttributeError, ImportError, KeyError):
        for step in path:
            owner = getattr(owner, step)
        if not shim.missing_since or name not in vars(owner):
            setattr(owner, name, shim.make(module))


class _WhenImported(importlib.abc.MetaPathFinder):
    """Find the modules that wait for a shim where they would be found anyway, and patch them after they have run."""

    def __init__(self, waiting: dict[str, list[Shim]]) -> None:
        self._waiting = waiting

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec that the other finders give, with a loader that applies the shims afterwards."""
        shims = self._waiting.pop(fullname, None)
        if shims is None:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(fullname, path, target) for finder in others if hasattr(finder, "find_spec"))
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            _patch_after(spec.loader, shims)
        return spec


def _patch_after(loader: Any, shims: Sequence[Shim]) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        for shim in shims:
            _give_back(shim, module)

    with contextlib.suppress(AttributeError):  # a loader that is a class, or has slots: nothing we have shims for
        loader.exec_module = exec_module
