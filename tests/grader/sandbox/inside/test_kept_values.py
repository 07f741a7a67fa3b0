"""Tests of kept_values: what a stopped training has set for one probe stays for the next, the rest is put back."""

import json
import sys

import pytest

from grader.notebooks.document import read_notebook, write_notebook
from grader.notebooks.plan import PLAN_FILE, NotebookPlan, NotebookState, write_plan
from grader.sandbox.inside.kept_values import KeptNames
from grader.sandbox.inside.notebook_modules import install_notebook, remove_notebook
from grader.sandbox.inside.student_files import install_student_files, remove_student_files

TRAINING = """\
import torch
runs = [[0]]
def train():
    weight = torch.nn.Parameter(torch.ones(1))
    weight.sum().backward()
    runs[0][0] += 1
    return 0.5
level = 1
accuracy = train()
"""


@pytest.fixture(params=["file", "notebook"])
def trained(request, tmp_path, monkeypatch):
    """Return a module whose training was stopped: a submission's file, and a notebook."""
    monkeypatch.syspath_prepend(str(tmp_path))
    if request.param == "file":
        (tmp_path / "trained.py").write_text(TRAINING)
        install_student_files(tmp_path)
    else:
        cell = {"cell_type": "code", "id": "one", "metadata": {}, "source": TRAINING, "outputs": []}
        tree = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
        notebook = read_notebook(json.dumps(tree).encode(), name="nb.ipynb")
        (tmp_path / "nb.ipynb").write_bytes(write_notebook(notebook))
        plan = NotebookPlan("nb.ipynb", (NotebookState("trained", "", None),), 5.0)
        (tmp_path / PLAN_FILE).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / PLAN_FILE).write_bytes(write_plan(plan))
        install_notebook(tmp_path, import_s=10)
    import trained

    yield trained
    remove_student_files()
    remove_notebook()
    sys.modules.pop("trained", None)


def test_what_a_training_has_set_stays(trained, tmp_path):
    """A name that was missing since its training was stopped is computed once, and put back is only the rest."""
    kept = KeptNames(tmp_path, [])
    kept.remember()
    assert "accuracy" not in vars(trained)
    for _ in range(2):
        assert trained.accuracy == 0.5
        trained.level, trained.extra = 2, 3
        kept.put_back()
        assert (trained.level, hasattr(trained, "extra")) == (1, False)
    assert trained.runs == [[1]]


def test_what_is_imported_later_is_remembered_as_it_is_then(tmp_path, monkeypatch):
    """A module that a later probe needs may fill what is remembered: what it has left there stays."""
    files = {"first_one.py": "items = [1]\n", "later_one.py": "import first_one\nfirst_one.items.append(2)\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    import first_one

    kept = KeptNames(tmp_path, [])
    kept.remember()
    import later_one

    kept.remember()
    first_one.items.append(3)
    later_one.more = 1
    kept.put_back()
    assert (first_one.items, hasattr(later_one, "more")) == ([1, 2], False)
