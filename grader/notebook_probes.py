"""What probes of a notebook may ask about its cells: which statements they hold, where a task is checked; and run one.

It asks the notebook that `grader.sandbox.inside.notebook_modules` has made importable, and runs beside students' code.
"""

import ast
import sys
from dataclasses import replace
from typing import Any

from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind
from grader.notebooks.plan import NotebookState
from grader.sandbox.inside.cell_code import as_main, execute_statement
from grader.sandbox.inside.notebook_modules import NotebookFinder, installed_notebook, log_of, run_of
from grader.sandbox.inside.statements import Statement, statements_in

__all__ = ["Statement", "checking_cell", "run_statement", "statements_of", "values_of"]


def checking_cell(module: str) -> int | None:
    """Return the number of the cell where the task of a module such as `notebook_mlp` is checked.

    None means that the module holds the whole notebook: that it is no task's own, or that the notebook has no such
    cell. Raises LookupError where the submission is no notebook, or none of its modules has this name.
    """
    return _state(module, _notebook()).cell


def statements_of(module: str) -> tuple[Statement, ...]:
    """Return the top-level statements of the code cells that a module is made of, in their order.

    Each says at what importing the module stopped it, if the module is imported. Cells that are no Python have none.
    Raises LookupError like `checking_cell`.
    """
    notebook = _notebook()
    end = _state(module, notebook).cell
    log = log_of(module)
    stopped = {(one.cell, one.line): one.why for one in log.events if one.was_stopped} if log is not None else {}
    return tuple(
        replace(statement, stopped=stopped.get((statement.cell, statement.line), ""))
        for cell in notebook.cells
        if cell.kind is CellKind.CODE and (end is None or cell.number < end)
        for statement in statements_in(_parse(cell), cell=cell.number)
    )


def values_of(module: str) -> dict[str, Any]:
    """Return the variables of a module that is imported, by name: for a probe that looks for what has no fixed name.

    What had taken too long while it was imported is run to its end first, within the check's time. Raises LookupError
    like `checking_cell`, and where the module is not imported.
    """
    finder, run = _notebook(), run_of(module)
    _state(module, finder)
    if module not in sys.modules:
        raise LookupError(f"`{module}` is not imported: name it among the probe's `needs`.")
    if run is not None:  # in a kernel everything has run
        run.complete_slow(seconds=finder.complete_s)
    return vars(sys.modules[module])


def run_statement(statement: Statement, namespace: dict[str, Any]) -> None:
    """Run a statement in a namespace such as `vars(module)`, and raise whatever it raises.

    In a traceback it stands in its cell: "cell 12, line 4". Raises LookupError where the submission is no notebook.
    """
    execute_statement(statement, namespace, root=_notebook().root)


def _notebook() -> NotebookFinder:
    finder = installed_notebook()
    if finder is None:
        raise LookupError("The submission is no notebook, so it has no cells.")
    return finder


def _state(module: str, notebook: NotebookFinder) -> NotebookState:
    states = {state.module: state for state in notebook.plan.states}
    if module not in states:
        raise LookupError(f"The notebook has no module `{module}`; its modules are {', '.join(states)}.")
    return states[module]


def _parse(cell: Cell) -> ast.Module:
    try:
        return as_main(ast.parse(to_python(cell.source).python))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], type_ignores=[])
