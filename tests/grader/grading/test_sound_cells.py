"""Tests of grader.grading.sound_cells: the reference's definitions in the cells of a student's notebook."""

import pytest

from grader.grading.sound_cells import with_sound_cells
from grader.notebooks.document import Cell, CellKind, Notebook, read_stripped, write_notebook
from grader.notebooks.plan import PLAN_FILE, NotebookPlan, write_plan

OURS = (
    "import math\nSCALE = 2",
    "def helper(x):\n    return SCALE * x",
    "@staticmethod\ndef score(x):\n    return helper(math.floor(x))",
    "def whole(x):\n    return score(x) + 1",
    "def both(x):\n    return whole(x)",
)


def _files(*sources):
    cells = [Cell(at, CellKind.CODE, source, (f"c{at}",)) for at, source in enumerate(sources, start=1)]
    cells.append(Cell(len(cells) + 1, CellKind.MARKDOWN, "def score(x): text"))
    plan = write_plan(NotebookPlan("nb.ipynb", ()))
    return {"nb.ipynb": write_notebook(Notebook(tuple(cells))), PLAN_FILE: plan, "b.py": b"1"}


def _sources(files):
    return [cell.source for cell in read_stripped(files["nb.ipynb"])]


def _run(files):
    scope = {}
    for source in _sources(files)[:-1]:
        exec(source, scope)
    return scope


def test_every_definition_is_replaced_where_it_stands():
    """Each definition becomes the reference's with what it needs; cells keep number and name, all else is theirs."""
    theirs = _files("OWN = 7", "def score(x):\n    return -x\n\nafter = OWN", "x = 1", "class score:\n    pass")
    changed = with_sound_cells(theirs, _files(*OURS), parts=["score"])
    scope = _run(changed)
    assert (scope["score"](2.5), scope["after"]) == (4, 7)
    assert _sources(changed)[1].startswith("import math\nSCALE = 2\ndef helper")
    assert (_sources(changed)[2], _sources(changed)[-1]) == ("x = 1", "def score(x): text")
    assert [cell.names for cell in read_stripped(changed["nb.ipynb"])][:2] == [("c1",), ("c2",)]
    assert changed["b.py"] == b"1"


def test_the_notebooks_own_helpers_are_used():
    """What any cell binds under a name stays what it is there, also below; magics and broken cells do no harm."""
    theirs = _files("%matplotlib inline\ndef score(x): return 0", "def (", "%%writefile a.py\ndef score(x): 1")
    more = _files(*_sources(theirs)[:-1], "import math as maths\ndef helper(x): return 10 * x")
    changed = with_sound_cells(more, _files(*OURS), parts=["score"])
    assert "SCALE" not in "".join(_sources(changed))
    assert _sources(changed)[1:3] == ["def (", "%%writefile a.py\ndef score(x): 1"]


def test_a_part_that_was_not_handed_in_is_put_in_front():
    """It stands above all other code, in the first cell that is Python."""
    changed = with_sound_cells(_files("def (", "y = 1"), _files(*OURS), parts=["score"])
    assert _sources(changed)[0] == "def ("
    assert _sources(changed)[1].endswith("return helper(math.floor(x))\ny = 1")


@pytest.mark.parametrize("theirs", ["score = print", "from elsewhere import score", "def ("])
def test_what_is_defined_in_another_way_is_left_alone(theirs):
    """Where the name stands for something else than a class or function, or no cell is Python, all stays."""
    assert with_sound_cells(_files(theirs), _files(*OURS), parts=["score"]) is None


def test_a_part_that_the_reference_lacks_is_left_alone():
    """A name that the reference doesn't define replaces nothing, nor does a reference that is no Python."""
    assert with_sound_cells(_files("def odd(): 1"), _files(*OURS), parts=["odd"]) is None
    assert with_sound_cells(_files("def score(): 1"), _files("def ("), parts=["score"]) is None


def test_what_is_judged_is_never_put_in_place():
    """Where a part of the judged task would come along with another one, nothing is put in place."""
    theirs = _files("def both(x): return 0")
    assert with_sound_cells(theirs, _files(*OURS), parts=["both"], own=["score"]) is None
    assert with_sound_cells(theirs, _files(*OURS), parts=["both"], own=["other"]) is not None
