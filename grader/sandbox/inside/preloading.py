"""Import what submissions need before any of their code runs, and say what can't be imported.

`grader.sandbox.inside.forkserver` does so once for all submissions, `grader.sandbox.inside.spawned_probe` once for each
probe.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence

from grader.sandbox.inside.torchvision_ops import make_torchvision_importable


def preload_modules(modules: Sequence[str]) -> list[str]:
    """Import modules; return a sentence for each that failed."""
    problems = []
    if importlib.util.find_spec("torchvision") is not None:
        make_torchvision_importable()
    for name in modules:
        try:
            importlib.import_module(name)
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
