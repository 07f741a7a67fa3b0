"""Tests of notebook_intake: large notebooks, percent scripts that are handed in, the plan for the sandbox."""

import json
from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.errors import SubmissionError
from grader.notebooks.document import read_notebook
from grader.notebooks.plan import PLAN_FILE, read_plan
from grader.submissions import notebook_intake
from grader.submissions.notebook_intake import read_bounded
from grader.submissions.submission import Found, read_submission

COURSE = Path(__file__).parents[1] / "sample_courses" / "notebook-mini"


def notebook(*cells):
    own = [{"cell_type": "code", "outputs": [], "metadata": {}} | cell for cell in cells]
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": own}).encode()


@pytest.fixture(scope="module")
def assignment():
    """Return the notebook mini assignment."""
    return read_assignment(COURSE, "notebook-mini")


@pytest.fixture
def read(assignment, tmp_path):
    """Return a function that reads a submission of these files."""

    def one(**files):
        for name, content in files.items():
            (tmp_path / name.replace("_ipynb", ".ipynb").replace("_py", ".py")).write_bytes(content)
        return read_submission(Found("x", tmp_path), assignment)

    return one


def test_large_outputs(read):
    """A notebook of 40 MiB of outputs is read by a process of its own; only sources go into the sandbox."""
    content = notebook({"source": "x = 1", "outputs": [{"output_type": "stream", "text": "y" * (40 << 20)}]})
    submission = read(work_ipynb=content)
    assert sum(map(len, submission.files.values())) < 10_000
    assert read_notebook(submission.files["notebook_mini.ipynb"], name="").cells[0].source == "x = 1"


@pytest.mark.parametrize("content", [b"<html>", b"", notebook({"source": "x = 1"})[:-2]])
def test_large_and_unreadable(monkeypatch, content):
    """What the process for large notebooks says about a file is what the reader says."""
    with pytest.raises(SubmissionError) as expected:
        read_bounded(content, name="hw.ipynb")
    monkeypatch.setattr(notebook_intake, "READ_HERE", -1)
    with pytest.raises(SubmissionError) as actual:
        read_bounded(content, name="hw.ipynb")
    assert (actual.value.message, actual.value.remedy) == (expected.value.message, expected.value.remedy)


def test_too_large_to_read(monkeypatch):
    """A notebook that takes more time than there is for it is refused with a remedy."""
    monkeypatch.setattr(notebook_intake, "READ_HERE", -1)
    monkeypatch.setattr(notebook_intake, "_READ_S", 0.001)
    with pytest.raises(SubmissionError, match="could not be read within the memory and time") as caught:
        read_bounded(notebook({"source": "x"}), name="hw.ipynb")
    assert caught.value.remedy == "Clear its outputs, save it, and hand it in again."


def test_percent_script(read):
    """A percent script under the notebook's name is taken for it."""
    submission = read(notebook_mini_py=b'# %% id="a"\nx = 1\n')
    assert "notebook_mini.py" not in submission.files
    assert b"x = 1" in submission.files["notebook_mini.ipynb"]


def test_reference_stays_here(read):
    """The reference's script never goes into a sandbox with a student's notebook."""
    assert set(read(notebook_mini_ipynb=notebook()).files) == {"notebook_mini.ipynb", PLAN_FILE}


@pytest.mark.parametrize(
    "check",
    [
        {"id": "check-mlp", "source": "anything"},
        {"metadata": {"id": "check-mlp"}, "source": "anything"},
        {"metadata": {"grader": {"cell": "check-mlp"}}, "source": "anything"},
        {"source": " !grader  check --task mlp\n"},
        {"source": "# see check-mlp\nx = 2"},
    ],
    ids=["id", "Colab's id", "template's name", "text", "word"],
)
def test_check_cell(read, check):
    """The cell where a task is checked is found by id, by metadata, by its text, or by a word in it."""
    submission = read(notebook_mini_ipynb=notebook({"source": "x = 1"}, {"source": "y check-mlp2"}, check))
    states = {state.module: state.cell for state in read_plan(submission.files[PLAN_FILE]).states}
    assert states == {"notebook": None, "notebook_mlp": 3, "notebook_optimizer": None}


def test_methods_of_the_reference(read):
    """The plan tells the methods of the reference's classes, and nothing of their code."""
    plan = read_plan(read(notebook_mini_ipynb=notebook()).files[PLAN_FILE])
    assert plan.methods == {"MLP": ("__init__", "forward"), "SGDMomentum": ("__init__", "step")}
