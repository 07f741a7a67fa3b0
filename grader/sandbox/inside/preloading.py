"""Import what submissions need before any of their code runs, and say what can't be imported.

`grader.sandbox.inside.forkserver` does so once for all submissions, `grader.sandbox.inside.spawned_probe` once for each
probe.
"""

import importlib
import importlib.util
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
