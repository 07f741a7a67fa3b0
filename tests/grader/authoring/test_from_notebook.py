"""Promises of `from_notebook` and `proposing`: what a solved notebook becomes, and that the rest is said."""

import json
import tomllib
from contextlib import nullcontext

import pytest

from grader.authoring.from_notebook import start_from_notebook
from grader.authoring.mistakes import explain_edit, make_mistake, read_mistakes
from grader.authoring.proposed_mistakes import mistakes_file, propose_mistakes
from grader.authoring.proposing import propose
from grader.authoring.record import record_assets
from grader.authoring.template import plan_template
from grader.courses.course import read_assignment
from grader.errors import CourseError
from grader.notebooks.document import Cell, CellKind, read_notebook
from grader.results.verdict import Verdict
from grader.submissions.submission import read_reference

CELLS = [
    ("markdown", "# Trees\n\nWrite the functions.\n# %% not a cell"),
    ("code", "%matplotlib inline\n!pip install nothing\nimport torch\nfrom torch import nn\n# %% no cell either"),
    (
        "code",
        "def gini(counts, *, base=2):\n"
        '    """Return the impurity of counts, (C,)."""\n'
        "    shares = counts / counts.sum()\n"
        "    return 1 - (shares**2).sum()\n\n\n"
        "def half(x): return x / 2\n",
    ),
    (
        "code",
        "class Scale(nn.Module):\n"
        "    def __init__(self, factor):\n"
        "        super().__init__()\n"
        "        self.factor = factor\n\n"
        "    def forward(self, x, factor):\n"
        "        if factor:\n"
        "            x = x * factor\n"
        "        return x * self.factor\n",
    ),
    ("code", "def split(x):\n    ### BEGIN SOLUTION\n    return x[:1], x[1:]\n    ### END SOLUTION\n    # after"),
    ("code", "print(gini(torch.tensor([1.0, 3.0])))\nout = !ls"),
    ("markdown", "**Question.** Why?\n\nBecause."),
    ("code", "def gini(counts):\n    return 0"),
    ("code", "this is no python"),
    ("code", "def later():\n    pass\n\ndef _hidden(a, b=1, *, c):\n    return a"),
]
CHECKS = '''
import pytest
import torch

from grader.compare import assert_matches


@pytest.mark.graded(task="gini")
def test_gini(probe, expected, rng):
    """gini returns what is asked for"""
    counts = torch.rand(4, generator=rng)
    assert_matches(probe("run_gini", counts=counts), expected("run_gini", counts=counts))


@pytest.mark.graded(task="scale")
def test_scale(probe, expected, rng):
    """Scale returns what is asked for"""
    inputs = {"factor": 3.0, "x": torch.rand(4, generator=rng), "forward_factor": 2.0}
    assert_matches(probe("run_Scale", **inputs), expected("run_Scale", **inputs))
'''


def write(folder, cells):
    """Write a notebook of (kind, source) pairs and return its path."""
    tree = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    code = {"outputs": [], "execution_count": None}
    own = {"code": code, "markdown": {}}
    rows = [{"cell_type": kind, "metadata": {}, "source": text, **own[kind]} for kind, text in cells]
    path = folder / "solved.ipynb"
    path.write_text(json.dumps({**tree, "cells": rows}))
    return path


@pytest.fixture
def begun(tmp_path):
    """Return the course and what was said of the notebook above."""
    _files, unsolved = start_from_notebook(tmp_path, "trees", file=write(tmp_path, CELLS))
    return tmp_path, unsolved


def test_tasks_and_probes_are_proposed(begun):
    """Each function and class with a body is a task with a cell that checks it, and a probe that calls it."""
    course, _ = begun
    assignment = read_assignment(course, "trees")
    assert [(task.name, task.cell) for task in assignment.tasks] == [
        ("gini", "check-gini"),
        ("scale", "check-scale"),
        ("split", "check-split"),
        ("hidden", "check-hidden"),
    ]
    probes = (assignment.folder / "probes.py").read_text()
    assert "def run_gini(*, counts):" in probes
    assert "def run_Scale(*, factor, x, forward_factor):" in probes
    assert "made = notebook_scale.Scale(factor=factor)" in probes
    assert "def run__hidden(*, a, c):" in probes
    checks = (assignment.folder / "test_first.py").read_text()
    assert "# The notebook calls it in cell 6: gini(torch.tensor([1.0, 3.0]))" in checks


def test_what_could_not_be_proposed_is_said(begun):
    """What stays as it is, and may give an answer away, is named with its cell."""
    _, unsolved = begun
    told = "\n".join(unsolved)
    for words in (
        "`half` in cell 3 stands on one line",
        "`gini` is defined in cell 8 again: its task is about the first.",
        "Cell 9 is no Python, and stands in comments.",
        "Code outside of functions reaches students as it is: cells",
        "answers too: cells 7 look like questions",
        "Cell 6: `out = !ls` is no Python, and stands in a comment.",
    ):
        assert words in told, told
    assert "differs" not in told


def test_the_assignment_works(begun, monkeypatch, process_server):
    """With checks written, the reference passes them, and the students' notebook holds no body of a function."""
    course, _ = begun
    (course / "tests" / "assignments" / "trees" / "test_first.py").write_text(CHECKS)
    monkeypatch.setattr("grader.authoring.record.start_server", lambda *_args, **_settings: nullcontext(process_server))
    recording = record_assets(read_assignment(course, "trees"), write=True)
    assert not recording.is_blocked, recording.failed or recording.refused
    assert sorted(recording.missing) == ["test_gini", "test_scale"]
    cells = read_notebook(plan_template(read_assignment(course, "trees"))["trees.ipynb"], name="trees.ipynb").cells
    text = "\n\n".join(cell.source for cell in cells)
    for solved in ("shares", "self.factor", "x[:1]", "return a"):
        assert solved not in text
    assert "# TODO: Return the impurity of counts, (C,)." in text
    assert 'raise NotImplementedError("Scale.forward")' in text
    assert "super().__init__()" in text
    assert "%matplotlib inline\n!pip install nothing\nimport torch" in text
    assert "%check gini" in text
    assert "# after" in text


def test_marked_notebooks_keep_their_regions():
    """Where a cell has regions already, none is added."""
    source = "def f(x):\n    y = x\n    # <solution> Double it.\n    return 2 * y\n    # </solution>"
    proposal = propose([Cell(1, CellKind.CODE, source)])
    assert proposal.cells[0].source == source
    assert [part.name for part in proposal.parts] == ["f"]


def test_a_notebook_without_functions_is_refused(tmp_path):
    """What defines nothing that students could write is refused, and nothing is written."""
    file = write(tmp_path, [("code", "print(1)")])
    with pytest.raises(CourseError, match="defines no function or class"):
        start_from_notebook(tmp_path, "one", file=file)
    with pytest.raises(CourseError, match="There is no file"):
        start_from_notebook(tmp_path, "one", file=tmp_path / "other.ipynb")
    assert [path.name for path in tmp_path.iterdir()] == ["solved.ipynb"]


def test_names_that_differ_in_case_share_a_task(tmp_path):
    """Two parts whose names differ only in case would have one check cell: the second one is said to have no task."""
    both = [("code", "def net(x):\n    return x"), ("code", "class Net:\n    def run(self):\n        return 1")]
    file = write(tmp_path, both)
    _files, unsolved = start_from_notebook(tmp_path, "one", file=file)
    assert any("`Net` has no task" in one for one in unsolved)


def test_the_command_says_what_comes_next(run_grader, tmp_path):
    """`grader new --from-notebook` lists the files, what it could not propose, and the next commands."""
    ended = run_grader("new", "trees", "--from-notebook", write(tmp_path, CELLS), cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "reference/trees/trees.py" in ended.stdout
    assert "! `half` in cell 3 stands on one line" in ended.stdout
    assert "grader record trees" in ended.stdout


def test_checks_and_mistakes_are_proposed(begun, monkeypatch, process_server, grade_many, tmp_path):
    """Where the notebook shows a call with its values there is a check, which catches the mistake that is proposed."""
    course, unsolved = begun
    monkeypatch.setattr("grader.authoring.record.start_server", lambda *_args, **_settings: nullcontext(process_server))
    recording = record_assets(read_assignment(course, "trees"), write=True)
    assert not recording.is_blocked, recording.failed or recording.refused
    assert recording.missing == ["test_gini"]
    assert any("No check could be proposed for `Scale`, `split`, `_hidden`" in one for one in unsolved)
    assignment = read_assignment(course, "trees")
    files, mistakes = read_reference(assignment.reference), read_mistakes(assignment)
    assert not [why for one in mistakes if (why := explain_edit(one, files, editable=assignment.handed_in.editable))]
    assert {mistake.check for mistake in mistakes} == {"test_gini", "test_Scale", "test_split", "test__hidden"}
    assert not any("No known mistake" in one for one in unsolved)
    edited = make_mistake(next(one for one in mistakes if one.check == "test_gini"), files)
    script = {"mistake": edited, "reference": files}
    results = grade_many(assignment, script, folder=tmp_path / "in")
    verdicts = {name: one.tasks[0].checks[0].verdict for name, one in results.items()}
    assert verdicts == {"mistake": Verdict.WRONG, "reference": Verdict.PASSED}


def test_a_call_that_needs_the_notebook_is_no_example():
    """Only arguments that stand in the call make a check: no variables, nothing drawn, nothing left out or doubled."""
    source = "def f(x, k):\n    return x * k\n\ndef g(x=1):\n    return x"
    for call in ("f(y, 2)", "f(torch.rand(3), 2)", "f(1)", "f(*a)", "f(1, **b)", "f(1, 2, 3)", "f(1, 2, x=3)", "g()"):
        assert [one.example for one in _proposed(source, call)] == [(), ()], call
    for call, example in (
        ("f(np.array([1, -2.0]), k=[(1, 'a'), {'b': None}])", ("np.array([1, -2.0])", "[(1, 'a'), {'b': None}]")),
        ("print(f(k=2, x=torch.ones(3, dtype=torch.float64)))", ("torch.ones(3, dtype=torch.float64)", "2")),
    ):
        assert tuple(text for _, text in _proposed(source, call)[0].example) == example


def _proposed(source, call):
    return propose([Cell(1, CellKind.CODE, source), Cell(2, CellKind.CODE, call)]).parts


def test_an_edit_is_widened_until_it_occurs_once():
    """A line that stands in the script twice is found with those above it; texts are written as TOML can hold them."""
    body = "    # <solution> Write it.\n    a = x\n    b = {other}\n    return a + 'é\\\\'\n    # </solution>\n"
    text = "".join(f"def {name}(x):\n{body.format(other=other)}\n" for name, other in (("f", 1), ("g", 2)))
    found, unsolved = propose_mistakes(text, name="s.py", parts=["f", "g"])
    assert (len(found), unsolved) == (2, ())
    assert all(text.count(one.find) == 1 for one in found)
    assert len({one.find for one in found}) == 2
    rows = tomllib.loads(mistakes_file(found, file="s.py"))["mistake"]
    assert [(row["find"], row["replace"]) for row in rows] == [(one.find, one.replace) for one in found]
    assert len({row["name"] for row in rows}) == 2


def test_a_region_without_a_task_has_no_mistake():
    """What belongs to no task, or holds nothing that could be faulty, is said."""
    region = "# <solution> Write it.\n{}\n# </solution>\n"
    text = region.format("a = 1 + 2") + "def f(x):\n    # <solution> Write it.\n    return x\n    # </solution>\n"
    found, unsolved = propose_mistakes(text, name="s.py", parts=["f"])
    assert found == ()
    assert "the region in line 1: no task is its" in unsolved[0]
    assert "could be proposed for `f`" in unsolved[1]
