"""Import what submissions need before any of their code runs, and say what can't be imported.

`grader.sandbox.inside.forkserver` does so once for all submissions, `grader.sandbox.inside.spawned_probe` once for each
probe.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence

from grader.sandbox.inside.compiler_stand_in import import_really, stand_in_for_compiler
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable


def preload_modules(modules: Sequence[str]) -> list[str]:
    """Import modules; return a sentence for each that failed. What is stood in for waits for who needs more of it."""
    stand_in_for_compiler()
    return _import_all(modules, importlib.import_module)


def preload_learned(modules: Sequence[str]) -> None:
    """Import modules that submissions have needed; what fails here fails in a submission, with its own words."""
    _import_all(modules, import_really)


def _import_all(modules: Sequence[str], how: Callable[[str], object]) -> list[str]:
    problems = []
    if importlib.util.find_spec("torchvision") is not None:
        make_torchvision_importable()
    for name in modules:
        try:
            how(name)
        except Exception as err:
            problems.append(f"{name} could not be imported: {type(err).__name__}: {err}"[:500])
    return problems


def missing_packages(modules: Sequence[str]) -> list[str]:
    """Return a sentence for each module whose package is not installed; nothing is imported."""
    return [
        f"{name} could not be imported: ModuleNotFoundError: No module named '{top}'"
        for name, top in ((name, name.partition(".")[0]) for name in modules)
        if top not in sys.modules and importlib.util.find_spec(top) is None
    ]
