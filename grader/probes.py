"""The `probe` decorator: how an instructor's `probes*.py` declare what exercises the student's code.

`grader.sandbox.inside.probe_process` reads the declarations inside the sandbox and calls them.
"""

import ast
import functools
import linecache
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

__all__ = ["probe"]

HANDED_IN = ".handed-in"  # the folder beside the code where weights lie as they were handed in
_MAX_REASON = 1000
ProbeFunction = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Probe:
    """Hold a probe: `function` takes keyword inputs and returns a dict; `needs` are the student's modules it uses.

    `exact` says that tuples, dicts' keys and NumPy's scalars arrive as what they are.
    """

    name: str
    function: ProbeFunction
    needs: tuple[str, ...]
    exact: bool = False


def probe(*, needs: Sequence[str] = (), exact: bool = False) -> Callable[[ProbeFunction], Probe]:
    """Declare a function as a probe that needs the named modules of the student imported first.

    With `exact`, tuples, named tuples, keys of dicts and NumPy's scalars in what it returns arrive as what they are,
    instead of as lists, texts and plain numbers.
    """

    def declare(function: ProbeFunction) -> Probe:
        return Probe(name=function.__name__, function=function, needs=tuple(needs), exact=exact)

    return declare


@dataclass(frozen=True, slots=True)
class LoadedProbes:
    """Hold an assignment's probes by name, and the names of those that can't be used, by the reason.

    A reason names a file that can't be executed, and what it raised. A file that is no Python declares no names.
    """

    probes: dict[str, Probe]
    broken: dict[str, list[str]]


def is_probes_file(filename: str) -> bool:
    """Tell whether code was compiled from a probe file: students' files are known by their full path."""
    return filename.startswith("probes") and filename.endswith(".py") and "/" not in filename


def load_probes(sources: Mapping[str, bytes]) -> LoadedProbes:
    """Execute probe files, each as a module of its own, and return their probes; a broken file breaks no other.

    While they load, a later file can import from an earlier one by its name; afterwards no module of these names is
    left, so that a student may have one. A file that imports from a broken one is broken for the same reason.
    """
    names = [file.removesuffix(".py") for file in sources]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    found: dict[str, Probe] = {}
    reasons: dict[str, str] = {}
    try:
        for file, source in sources.items():
            try:
                found |= _new_probes(_execute(file, source), known=found)
            except (Exception, SystemExit) as err:
                sys.modules.pop(file.removesuffix(".py"), None)
                absent = f"{err.name}.py" if isinstance(err, ModuleNotFoundError) else ""
                reasons[file] = reasons.get(absent) or _reason(file, err)
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
    broken: dict[str, list[str]] = {}
    for file, reason in reasons.items():
        broken.setdefault(reason, []).extend(name for name, _line in places_of_probes(sources[file]))
    return LoadedProbes(found, broken)


def _reason(file: str, error: BaseException) -> str:
    """Say in which file, and where in it, something was raised, and what."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    where = f" in line {lines[-1]}" if lines else ""
    return f"{file} failed{where}: {type(error).__name__}: {error}"[:_MAX_REASON].rstrip(".")


def explain_missing_probe(name: str, broken: Mapping[str, Sequence[str]]) -> str:
    """Say why an assignment has no probe of this name; `broken` holds those that can't be used, by the reason."""
    told = [why for why, names in broken.items() if name in names] or [why for why in broken if not broken[why]]
    return f"The probe {name!r} can't be used: {'; '.join(told)}." if told else f"The assignment has no probe {name!r}."


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


def _new_probes(module: ModuleType, *, known: Mapping[str, Probe]) -> dict[str, Probe]:
    """Return a module's probes by name; one that it has imported from another file is known already."""
    found: dict[str, Probe] = {}
    for value in vars(module).values():
        if isinstance(value, Probe) and ({**known, **found}).get(value.name, value) is not value:
            raise ValueError(f"the probe `{value.name}` is there twice")
        if isinstance(value, Probe):
            found[value.name] = value
    return found


@functools.lru_cache(maxsize=64)  # the same files are looked at for each submission of a batch
def places_of_probes(source: bytes) -> tuple[tuple[str, int], ...]:
    """Return the names and lines of the functions that a source decorates with `probe`, without running any of it.

    Returns nothing for a source that is no Python: loading it tells why.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return tuple((one.name, one.lineno) for one in functions if any(map(_is_probe, one.decorator_list)))


def _is_probe(decorator: ast.expr) -> bool:
    match decorator:
        case ast.Call(func=ast.Name(id="probe") | ast.Attribute(attr="probe")):
            return True
    return False
