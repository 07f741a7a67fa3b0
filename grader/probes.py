"""The `probe` decorator: how an instructor's `probes*.py` declare what exercises the student's code.

`grader.sandbox.inside.worker` reads the declarations inside the sandbox and calls them.
"""

import ast
import functools
import linecache
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

__all__ = ["probe"]

ProbeFunction = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Probe:
    """Hold a probe: `function` takes keyword inputs and returns a dict; `needs` are the student's modules it uses."""

    name: str
    function: ProbeFunction
    needs: tuple[str, ...]


def probe(*, needs: Sequence[str] = ()) -> Callable[[ProbeFunction], Probe]:
    """Declare a function as a probe that needs the named modules of the student imported first."""

    def declare(function: ProbeFunction) -> Probe:
        return Probe(name=function.__name__, function=function, needs=tuple(needs))

    return declare


class BrokenProbes(Exception):
    """Name the probe file that can't be executed, and carry what it raised."""

    def __init__(self, file: str, error: BaseException) -> None:
        super().__init__(file)
        self.file = file
        self.error = error


def is_probes_file(filename: str) -> bool:
    """Tell whether code was compiled from a probe file: students' files are known by their full path."""
    return filename.startswith("probes") and filename.endswith(".py") and "/" not in filename


def load_probes(sources: Mapping[str, bytes]) -> dict[str, Probe]:
    """Execute probe files, each as a module of its own, and return their probes by name.

    While they load, a later file can import from an earlier one by its name; afterwards no module of these names is
    left, so that a student may have one. Raises BrokenProbes.
    """
    names = [file.removesuffix(".py") for file in sources]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    found: dict[str, Probe] = {}
    try:
        for file, source in sources.items():
            try:
                _add_probes(found, _execute(file, source))
            except BaseException as err:
                raise BrokenProbes(file, err) from err
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
    return found


@functools.lru_cache(maxsize=64)
def _compile(source: bytes, file: str) -> CodeType:
    return compile(source, file, "exec")


def _execute(file: str, source: bytes) -> ModuleType:
    module = ModuleType(file.removesuffix(".py"))
    code = _compile(source, file)
    linecache.cache[file] = (len(source), None, source.decode().splitlines(keepends=True), file)
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)  # noqa: S102 - the instructor's own file
    return module


def _add_probes(found: dict[str, Probe], module: ModuleType) -> None:
    """Add a module's probes; one that it has imported from another file is known already."""
    for value in vars(module).values():
        if isinstance(value, Probe) and found.setdefault(value.name, value) is not value:
            raise ValueError(f"the probe `{value.name}` is there twice")


@functools.lru_cache(maxsize=64)  # the same files are looked at for each submission of a batch
def names_of_probes(source: bytes) -> tuple[str, ...]:
    """Return the names of the functions that a source decorates with `probe`, without running anything of it.

    Returns nothing for a source that is no Python: loading it tells why.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return tuple(function.name for function in functions if any(map(_is_probe, function.decorator_list)))


def _is_probe(decorator: ast.expr) -> bool:
    match decorator:
        case ast.Call(func=ast.Name(id="probe") | ast.Attribute(attr="probe")):
            return True
    return False
