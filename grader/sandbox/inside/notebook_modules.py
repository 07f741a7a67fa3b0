"""Make a submission's notebook importable: as a whole, and as it was before the cells where tasks are checked.

`grader.sandbox.inside.preparing` installs it before the probes run; `grader.sandbox.inside.definitions` runs the
cells, and `grader.sandbox.inside.notebook_names` explains what a module turns out to lack.

Why: docs/decisions.md#one-module-per-task
"""

import ast
import gc
import importlib.util
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind, read_stripped
from grader.notebooks.plan import PLAN_FILE, NotebookPlan, NotebookState, read_plan
from grader.probes import Probe
from grader.sandbox.inside.cuda_on_cpu import has_used_processor
from grader.sandbox.inside.definitions import NotebookRun, Pace
from grader.sandbox.inside.import_watch import UNWATCHED, ImportWatch, ProcessEnded
from grader.sandbox.inside.notebook_log import Event, Log
from grader.sandbox.inside.notebook_surroundings import prepare_surroundings
from grader.sandbox.inside.student_files import left_out_of_files
from grader.sandbox.inside.unwanted import ENDS_THE_PROCESS
from grader.sandbox.wire.protocol import NOTEBOOK

_SHARE = 0.5  # of the time for imports that statements other than definitions may take
_REFRESH_SHARE = 0.7  # of the time for what was stopped that stale values may take; the probe needs the rest
_MOST_ROWS = 200


class NotebookModule(ModuleType):
    """Hold a state of the notebook; a name that is missing since its statement was stopped is made when asked for.

    A value that is older than the cells make it is noted when asked for, and made anew where a check waits for that.
    """

    def __getattribute__(self, name: str) -> Any:
        """Return a value like any module, after a training that would change it has run, where that is wanted."""
        loader = None if name.startswith("__") else super().__getattribute__("__dict__").get("__loader__")
        if isinstance(loader, NotebookLoader):
            loader.note_use(name)
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        """Return what a stopped statement sets once it has run to its end. Raises AttributeError like any module."""
        loader = self.__dict__.get("__loader__")
        if isinstance(loader, NotebookLoader) and loader.complete(name):
            return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class NotebookLoader(Loader):
    """Run one state of the notebook when it is imported, and keep what happened."""

    def __init__(self, finder: "NotebookFinder", state: NotebookState) -> None:
        self.finder = finder
        self.state = state
        self.run: NotebookRun | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module that can make what is missing."""
        return NotebookModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Run the cells; this fails only if the notebook breaks the interpreter itself."""
        finder = self.finder
        if module.__spec__ is not None:  # like a kernel's, it is there while it runs: workers may ask for its functions
            module.__spec__._initializing = False  # type: ignore[attr-defined]
        prepare_surroundings(module)
        run = NotebookRun(
            finder.cells, module, root=finder.root, end=self.state.cell, pace=finder.pace, watch=finder.watch
        )
        run.run()
        self.run = run

    def note_use(self, name: str) -> None:
        """Note that a stale value is used, and run what it waits for where that is wanted."""
        run, finder = self.run, self.finder
        if run is None or finder.is_refreshing or not run.is_stale(name):
            return
        finder.has_used_stale = True
        if finder.refreshes:
            finder.is_refreshing = True
            try:
                run.refresh(name, seconds=_REFRESH_SHARE * finder.complete_s)
            finally:
                finder.is_refreshing = False

    @property
    def completed(self) -> Mapping[str, Any]:
        """Return by name what statements have set that were run to their end."""
        return {} if self.run is None else self.run.completed

    def complete(self, name: str) -> bool:
        """Run to its end what was stopped, as far as a name needs it; tell whether the name is there then."""
        return self.run is not None and self.run.complete(name, seconds=self.finder.complete_s)


class NotebookFinder(MetaPathFinder):
    """Find the modules that the plan makes of the notebook."""

    def __init__(self, root: Path, plan: NotebookPlan, *, import_s: float, watch: ImportWatch = UNWATCHED) -> None:
        self.root = root
        self.plan = plan
        self.watch = watch
        self.cells: Sequence[Cell] = read_stripped((root / plan.file).read_bytes())
        self.pace = Pace(plan.statement_s, max(plan.statement_s, _SHARE * import_s))
        self.complete_s = import_s  # what a probe may use to run stopped statements to their end
        self.refreshes = self.is_refreshing = False
        self.has_used_stale = False  # since it was last asked

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> ModuleSpec | None:
        """Return how to load a state of the notebook, None for every other module."""
        for state in self.plan.states:
            if state.module == name:
                return importlib.util.spec_from_loader(name, NotebookLoader(self, state))
        return None


def install_notebook(root: Path, *, import_s: float, watch: ImportWatch = UNWATCHED) -> None:
    """Make the notebook below `root` importable, in place of one that was there before; none without a plan."""
    remove_notebook()
    plan = root / PLAN_FILE
    if plan.is_file():
        sys.meta_path.insert(0, NotebookFinder(root, read_plan(plan.read_bytes()), import_s=import_s, watch=watch))


def remove_notebook() -> None:
    """Take away the notebook that is importable, with its modules."""
    for finder in [finder for finder in sys.meta_path if isinstance(finder, NotebookFinder)]:
        sys.meta_path.remove(finder)
        for state in finder.plan.states:
            sys.modules.pop(state.module, None)


def forget_states(*, but: Collection[str]) -> list[str]:
    """Let go of the states of the notebook that were imported, and return their names; `but` are kept."""
    finder = installed_notebook()
    states = [] if finder is None else [state.module for state in finder.plan.states]
    forgotten = [name for name in states if name not in but and sys.modules.pop(name, None) is not None]
    gc.collect()
    return forgotten


def installed_notebook() -> NotebookFinder | None:
    """Return the finder that is installed, or None if the submission is no notebook."""
    return next((finder for finder in sys.meta_path if isinstance(finder, NotebookFinder)), None)


def let_complete(*, seconds: float) -> None:
    """Say for how long what was stopped at import may be run where a name of it is missing."""
    finder = installed_notebook()
    if finder is not None:
        finder.complete_s = seconds


def let_refresh(wanted: bool) -> None:
    """Say whether values that are older than the cells make them are made anew where they are used."""
    finder = installed_notebook()
    if finder is not None:
        finder.refreshes, finder.has_used_stale = wanted, False


def has_used_stale() -> bool:
    """Tell whether a value was used that is older than the cells make it, since `let_refresh` was called."""
    finder = installed_notebook()
    return finder is not None and finder.has_used_stale


def run_of(name: str) -> NotebookRun | None:
    """Return the run that made a state of the notebook, None for any other module, or one that is not imported yet."""
    loader = getattr(sys.modules.get(name), "__loader__", None)
    return loader.run if isinstance(loader, NotebookLoader) else None


def log_of(name: str) -> Log | None:
    """Return what happened while a state was imported, None where `run_of` knows no run."""
    run = run_of(name)
    return run.log if run is not None else None


def describe_notebook() -> dict[str, Any]:
    """Return what to tell about how a submission was imported: a probe that every assignment has.

    `failed`, `late`, `twice`, `states` and `left_out` are rows for `grader.grading.notebook_notes`; a `raise
    NotImplementedError` that is left in a cell is reported by the check that asks for what it stands for.
    """
    finder = installed_notebook()
    left_out = [[one.file, one.statement.line, one.why] for one in left_out_of_files()][:_MOST_ROWS]
    on_processor = {"on processor": has_used_processor()}
    if finder is None:
        return {"failed": [], "late": [], "twice": [], "states": [], "left_out": left_out, **on_processor}
    run = run_of(finder.plan.states[0].module)
    failed = [[event.cell, event.line, event.why] for event in _causes(run)] if run is not None else []
    return {
        "failed": failed[:_MOST_ROWS],
        "late": [[name, cell] for name, cell in (run.log.late if run is not None else ())][:_MOST_ROWS],
        "twice": _find_twice(finder.cells, run.log.defined if run is not None else {})[:_MOST_ROWS],
        "states": [[state.task, state.cell] for state in finder.plan.states if state.cell is not None],
        "left_out": left_out,
        **on_processor,
    }


def _causes(run: NotebookRun) -> Iterator[Event]:
    """Yield what failed, leaving out stubs, late definitions, what was stopped, and what failed only since that did."""
    late = {name for name, _cell in run.log.late}
    for number, event in enumerate(run.log.events):
        if event.is_newer or isinstance(event.error, ProcessEnded):
            yield event
            continue
        if not event.was_run or isinstance(event.error, NotImplementedError) or late.intersection(event.names):
            continue
        is_told = (
            event.why == ENDS_THE_PROCESS
            if event.was_stopped
            else not _follows(event, run.log.events[:number], run=run)
        )
        if is_told:
            yield event


def _follows(event: Event, before: Sequence[Event], *, run: NotebookRun) -> bool:
    """Tell whether a statement lacks a name, a file or a value only because another one failed or was stopped."""
    unfinished = [other for other in run.log.events if other.is_unfinished and other.cell <= event.cell]
    match event.error:
        case NameError(name=str(name)) if any(name in other.names for other in (*before, *unfinished)):
            return True
        case FileNotFoundError() if unfinished:
            return True
    return run.follows_a_stop(event)


def notebook_probe() -> Probe:
    """Return the probe that describes the installed notebook; its module is imported first, once for all probes."""
    finder = installed_notebook()
    return Probe(NOTEBOOK, describe_notebook, (finder.plan.states[0].module,) if finder else ())


def _find_twice(cells: Sequence[Cell], defined: Mapping[str, int]) -> list[list[Any]]:
    """Return (name, cells, cell that counts) of functions and classes that cells define in more than one way.

    `defined` tells which cell set a name last when the notebook ran.
    """
    places: dict[str, dict[int, str]] = {}
    for cell in cells:
        if cell.kind is CellKind.CODE:
            for node in _definitions_in(cell):
                places.setdefault(node.name, {})[cell.number] = ast.dump(node)
    return [
        [name, sorted(found), defined.get(name, max(found))]
        for name, found in places.items()
        if len(set(found.values())) > 1
    ]


def _definitions_in(cell: Cell) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    try:
        tree = ast.parse(to_python(cell.source).python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
