"""Tests of check cells behind the wall, where no kit is: they are passed over, and the definitions in them count."""

import json
from pathlib import Path

import nbformat
import pytest

from grader.courses.course import read_assignment
from grader.grading.notebook_execution import make_executed_copy
from grader.grading.opening import limits_of
from grader.live.owners import keep_public_names, lent, owners_named
from grader.notebooks.cell_source import to_python
from grader.results.verdict import Verdict
from grader.sandbox.wire.shims import Shim
from grader.submissions.submission import Found, read_submission

COURSE = Path(__file__).parents[2] / "sample_courses" / "notebook-mini"
SETUP = "%load_ext grader\nimport grader\nimport torch\nfrom torch import nn"
MLP = """\
%%check mlp
class MLP(nn.Module):
    def __init__(self, input_size, num_classes, hidden_sizes):
        super().__init__()
        sizes = [input_size, *hidden_sizes, num_classes]
        layers = []
        for before, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
"""
CELLS = (SETUP, MLP, "# check-mlp\n%check mlp", "grader.check('mlp')")


def notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


@pytest.fixture(scope="module")
def assignment():
    return read_assignment(COURSE, "notebook-mini")


def test_code_below_the_magic_counts():
    """What stands below `%%check` is run, in the lines where it stands."""
    assert to_python("%%check mlp\nx = 1").python == "\nx = 1"
    assert to_python("%%check mlp").python == ""


def test_graded(assignment, grade_many, tmp_path):
    """A notebook with all kinds of check cells is graded by its definitions, and no note speaks of those cells."""
    files = {"notebook_mini.ipynb": notebook(*CELLS)}
    result = grade_many(assignment, {"student": files}, folder=tmp_path, tasks=("mlp",))["student"]
    assert result.points == 6
    assert [check.verdict for check in result.tasks[0].checks] == [Verdict.PASSED, Verdict.PASSED]
    (note,) = result.notes  # of another task, whose cell this notebook lacks
    assert note.startswith("The cell `check-optimizer` is not in the notebook")


def test_executed_as_a_whole(assignment, walled_server, tmp_path):
    """Run as a whole behind the wall, each check says in one line that there is no kit, and no cell fails."""
    path = tmp_path / "notebook_mini.ipynb"
    path.write_bytes(notebook(*CELLS))
    submission = read_submission(Found("alice", path), assignment)
    executed = make_executed_copy(walled_server, assignment, submission, limits=limits_of(assignment))
    assert executed.notes == ("The whole notebook ran without an error.",)
    for cell in nbformat.reads(executed.notebook.decode(), 4).cells[1:]:
        (output,) = cell.outputs
        assert output.text.startswith("grader: Nothing was checked: neither ")
        assert output.text.count("\n") == 1


def test_owners():
    """What a probe file names along its dotted names is found: modules and classes, imports inside functions too."""
    source = (
        b"import torch.utils.data as data\ndef f():\n    from torch import nn\n    nn.Module.to = data.DataLoader.x"
    )
    import torch
    from torch.utils import data

    found = owners_named({"probes.py": source, "probes_broken.py": b"def ("})
    assert set(found) == {data, data.DataLoader, torch.nn, torch.nn.Module}


def test_what_was_replaced_comes_back():
    """A class gets back what was replaced in it, and loses what was added."""

    class Owner:
        def __init__(self):
            pass

        def run(self):
            return 1

    before = dict(vars(Owner))
    restore = keep_public_names(Owner)
    Owner.run = Owner.__init__ = Owner.more = lambda self: 2
    restore()
    assert dict(vars(Owner)) == before


def test_shims_are_lent():
    """A removed name is there in the body only; one that is there anyway stays."""
    import json as library

    shims = (Shim("json", "gone", lambda _module: 1, "1"), Shim("json", "dumps", lambda _module: 2, "1"))
    with lent(shims):
        assert library.gone == 1
    assert not hasattr(library, "gone")
    assert callable(library.dumps)
