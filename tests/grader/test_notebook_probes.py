"""Tests of grader.notebook_probes: what probes learn of the cells of a notebook, and run of them."""

import importlib
import sys
import traceback
from pathlib import Path

import pytest

from grader.notebook_probes import checking_cell, run_statement, statements_of, values_of
from grader.notebooks.document import Cell, CellKind, Notebook, write_notebook
from grader.notebooks.plan import NotebookPlan, NotebookState
from grader.sandbox.inside.definitions import Pace
from grader.sandbox.inside.notebook_modules import NotebookFinder

CELLS = (
    Cell(1, CellKind.MARKDOWN, "# A small MLP"),
    Cell(2, CellKind.CODE, "import math\n%matplotlib inline\nWIDTH = 4"),
    Cell(3, CellKind.CODE, "def broken(:"),
    Cell(4, CellKind.CODE, "class MLP:\n    width = WIDTH"),
    Cell(5, CellKind.CODE, "%check mlp"),
    Cell(6, CellKind.CODE, "def fit(loss):\n    input()"),
    Cell(7, CellKind.CODE, "class MLP:\n    width = 2 * WIDTH\n\nfit(MLP)\nratio = 1 / (WIDTH - 4)"),
)
STATES = (NotebookState("notebook"), NotebookState("notebook_mlp", "mlp", 5), NotebookState("notebook_fit", "fit"))


@pytest.fixture
def _notebook(tmp_path, monkeypatch):
    """Make a notebook importable, as it is inside the wall."""
    (tmp_path / "student.ipynb").write_bytes(write_notebook(Notebook(CELLS)))
    finder = NotebookFinder(tmp_path, NotebookPlan("student.ipynb", STATES), import_s=10.0)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    yield
    sys.modules.pop("notebook", None)


def _places(statements):
    return [(one.cell, one.line, *one.names) for one in statements]


@pytest.mark.usefixtures("_notebook")
def test_statements_of_the_whole_notebook():
    """The statements of all code cells come in order, without magics and what is no Python."""
    found = [one for one in statements_of("notebook") if one.names]
    assert _places(found) == [
        (2, 1, "math"), (2, 3, "WIDTH"), (4, 1, "MLP"), (6, 1, "fit"), (7, 1, "MLP"), (7, 5, "ratio"),
    ]  # fmt: skip


@pytest.mark.usefixtures("_notebook")
def test_statements_above_a_cell():
    """A module that ends at the cell where its task is checked has the statements above it."""
    assert {one.cell for one in statements_of("notebook_mlp")} == {2, 4}
    assert _places(statements_of("notebook_fit")) == _places(statements_of("notebook"))


@pytest.mark.usefixtures("_notebook")
def test_what_importing_stopped():
    """A statement says at what importing stopped it, once the module is imported, and whether it defines something."""
    assert not any(one.stopped for one in statements_of("notebook"))
    importlib.import_module("notebook")
    assert [(one.cell, one.line, one.stopped) for one in statements_of("notebook") if one.stopped] == [
        (7, 4, "it asks for input")
    ]
    assert [one.names for one in statements_of("notebook_mlp") if one.is_definition] == [("math",), ("MLP",)]


@pytest.mark.usefixtures("_notebook")
def test_checking_cell():
    """The cell where a task is checked has a number, and None where a module holds the whole notebook."""
    assert [checking_cell(state.module) for state in STATES] == [None, 5, None]


@pytest.mark.usefixtures("_notebook")
def test_run_statement():
    """A statement runs in any namespace, and leaves what it binds there."""
    first = next(one for one in statements_of("notebook") if one.names == ("MLP",))
    namespace = {"WIDTH": 30}
    run_statement(first, namespace)
    assert namespace["MLP"].width == 30


@pytest.mark.usefixtures("_notebook")
def test_a_statement_that_fails():
    """What a statement raises comes through, and its traceback names cell and line."""
    with pytest.raises(ZeroDivisionError) as caught:
        run_statement(statements_of("notebook")[-1], {"WIDTH": 4})
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (Path(last.filename).name, last.lineno) == ("cell 7", 5)


def test_values_of(tmp_path, monkeypatch):
    """What had taken too long at import is among the values; a module that nobody has imported is refused."""
    load = (
        "def load():\n    end = time.process_time() + 0.2\n    while time.process_time() < end: pass\n    return [1, 2]"
    )
    sources = ("import time", load, "slow_loader = load()", "first = slow_loader[0]")
    cells = [Cell(number, CellKind.CODE, source) for number, source in enumerate(sources, start=1)]
    (tmp_path / "student.ipynb").write_bytes(write_notebook(Notebook(tuple(cells))))
    finder = NotebookFinder(tmp_path, NotebookPlan("student.ipynb", STATES[:1]), import_s=10.0)
    finder.pace = Pace(0.05, 10)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    with pytest.raises(LookupError, match="`notebook` is not imported: name it among the probe's `needs`"):
        values_of("notebook")
    module = importlib.import_module("notebook")
    try:
        assert "slow_loader" not in vars(module)
        assert (values_of("notebook")["slow_loader"], module.first) == ([1, 2], 1)
    finally:
        sys.modules.pop("notebook")


@pytest.mark.usefixtures("_notebook")
@pytest.mark.parametrize("ask", [statements_of, checking_cell, values_of])
def test_a_module_that_the_notebook_has_not(ask):
    """A module that is not made of the notebook is refused, with those that are."""
    words = "The notebook has no module `notebook_cnn`; its modules are notebook, notebook_mlp, notebook_fit."
    with pytest.raises(LookupError, match=words):
        ask("notebook_cnn")


@pytest.mark.parametrize("ask", [statements_of, checking_cell, values_of, lambda _module: run_statement(None, {})])
def test_a_submission_that_is_no_notebook(ask):
    """Without a notebook there are no cells to ask about."""
    with pytest.raises(LookupError, match="The submission is no notebook, so it has no cells"):
        ask("notebook")
