"""Make a submission's notebook importable: as a whole, and as it was before the cells where tasks are checked.

`grader.sandbox.inside.probe_process` installs it before the probes run; `grader.sandbox.inside.definitions` runs the
cells, and `grader.sandbox.inside.notebook_names` explains what a module turns out to lack.

Why: docs/decisions.md#one-module-per-task
"""

import ast
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind, read_stripped
from grader.notebooks.plan import PLAN_FILE, NotebookPlan, NotebookState, read_plan
from grader.probes import Probe
from grader.sandbox.inside.definitions import Event, Log, Pace, run_cells
from grader.sandbox.inside.notebook_surroundings import prepare_surroundings
from grader.sandbox.wire.protocol import NOTEBOOK

_SHARE = 0.5  # of the time for imports that statements other than definitions may take
_MOST_ROWS = 200


class NotebookLoader(Loader):
    """Run one state of the notebook when it is imported, and keep what happened."""

    def __init__(self, finder: "NotebookFinder", state: NotebookState) -> None:
        self.finder = finder
        self.state = state
        self.log = Log()

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python to create the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the cells; this fails only if the notebook breaks the interpreter itself."""
        finder = self.finder
        prepare_surroundings(module)
        self.log = run_cells(finder.cells, module, root=finder.root, end=self.state.cell, pace=finder.pace)


class NotebookFinder(MetaPathFinder):
    """Find the modules that the plan makes of the notebook."""

    def __init__(self, root: Path, plan: NotebookPlan, *, import_s: float) -> None:
        self.root = root
        self.plan = plan
        self.cells: Sequence[Cell] = read_stripped((root / plan.file).read_bytes())
        self.pace = Pace(plan.statement_s, max(plan.statement_s, _SHARE * import_s))

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> ModuleSpec | None:
        """Return how to load a state of the notebook, None for every other module."""
        for state in self.plan.states:
            if state.module == name:
                return importlib.util.spec_from_loader(name, NotebookLoader(self, state))
        return None


def install_notebook(root: Path, *, import_s: float) -> None:
    """Make the notebook below `root` importable, in place of one that was there before; without a plan do nothing."""
    for finder in [finder for finder in sys.meta_path if isinstance(finder, NotebookFinder)]:
        sys.meta_path.remove(finder)
        for state in finder.plan.states:
            sys.modules.pop(state.module, None)
    plan = root / PLAN_FILE
    if plan.is_file():
        sys.meta_path.insert(0, NotebookFinder(root, read_plan(plan.read_bytes()), import_s=import_s))


def installed_notebook() -> NotebookFinder | None:
    """Return the finder that is installed, or None if the submission is no notebook."""
    return next((finder for finder in sys.meta_path if isinstance(finder, NotebookFinder)), None)


def log_of(name: str) -> Log | None:
    """Return what happened while a state was imported, None for any other module."""
    loader = getattr(sys.modules.get(name), "__loader__", None)
    return loader.log if isinstance(loader, NotebookLoader) else None


def describe_notebook() -> dict[str, Any]:
    """Return what to tell about the notebook: a probe that every assignment of a notebook has.

    `failed`, `late`, `twice` and `states` are rows for `grader.grading.notebook_notes`; a `raise NotImplementedError`
    that is left in a cell is reported by the check that asks for what it stands for.
    """
    finder = installed_notebook()
    if finder is None:
        return {"failed": [], "late": [], "twice": [], "states": []}
    whole = finder.plan.states[0].module
    log = log_of(whole) or Log()
    failed = [[event.cell, event.line, event.why] for event in _causes(log)]
    return {
        "failed": failed[:_MOST_ROWS],
        "late": [[name, cell] for name, cell in log.late][:_MOST_ROWS],
        "twice": _find_twice(finder.cells)[:_MOST_ROWS],
        "states": [[state.task, state.cell] for state in finder.plan.states if state.cell is not None],
    }


def _causes(log: Log) -> Iterator[Event]:
    """Yield what failed, leaving out stubs, late definitions, and what failed only because something before it did."""
    late = {name for name, _cell in log.late}
    for number, event in enumerate(log.events):
        if event.error is None or isinstance(event.error, NotImplementedError) or late.intersection(event.names):
            continue
        if not _follows(event, log.events[:number], log=log):
            yield event


def _follows(event: Event, before: Sequence[Event], *, log: Log) -> bool:
    """Tell whether a statement lacks a name or a file only because another statement failed or was not run."""
    skipped = [other for other in log.events if other.error is None and other.cell <= event.cell]
    match event.error:
        case NameError(name=str(name)):
            return any(name in other.names for other in (*before, *skipped))
        case FileNotFoundError():
            return any(other.why == "it trains" for other in skipped)
    return False


def notebook_probe() -> Probe:
    """Return the probe that describes the installed notebook; its module is imported first, once for all probes."""
    finder = installed_notebook()
    return Probe(NOTEBOOK, describe_notebook, (finder.plan.states[0].module,) if finder else ())


def _find_twice(cells: Sequence[Cell]) -> list[list[Any]]:
    """Return (name, cells) of functions and classes that more than one cell defines."""
    places: dict[str, list[int]] = {}
    for cell in cells:
        if cell.kind is CellKind.CODE:
            for name in _definitions_in(cell):
                places.setdefault(name, []).append(cell.number)
    return [[name, sorted(set(numbers))] for name, numbers in places.items() if len(set(numbers)) > 1]


def _definitions_in(cell: Cell) -> list[str]:
    try:
        tree = ast.parse(to_python(cell.source).python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in tree.body if isinstance(node, kinds)]
