"""Prepare a process for a submission's code: its files importable, statements left out, nothing compiled, no card.

`grader.sandbox.inside.serving` and `grader.sandbox.inside.spawned_probe` call it, so that code runs alike with forks
and without.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grader.sandbox.inside.cell_code import write_cells
from grader.sandbox.inside.cuda_on_cpu import watch_for_cuda
from grader.sandbox.inside.import_watch import ImportWatch, Place
from grader.sandbox.inside.notebook_modules import install_notebook, installed_notebook
from grader.sandbox.inside.plain_compile import compile_nothing
from grader.sandbox.inside.student_files import install_student_files
from grader.sandbox.wire.shims import plain_progress_bars, provide, shims_named


def prepare(root: Path, settings: Mapping[str, Any], *, import_s: float, tell: Callable[[Place], None]) -> None:
    """Make what lies below `root` importable as `settings` say: `shims`, `left out`, and whether to be `careful`.

    A careful process tells each statement at the top of a file or cell before it runs.
    """
    provide(shims_named(settings["shims"]))
    plain_progress_bars()
    left_out = {(file, line, column): why for file, line, column, why in settings["left out"]}
    watch = ImportWatch(tell if settings["careful"] else None, left_out)
    install_notebook(root, import_s=import_s, watch=watch)
    notebook = installed_notebook()
    if notebook is not None:
        write_cells(notebook.cells, root=root)
    install_student_files(root, watch=watch)
    watch_for_cuda(root)
    compile_nothing()
