"""Tests of grader.grading.notebook_execution: what is kept of a whole notebook's run, whatever the sandbox sends."""

import json
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch

from grader.courses.assignment import HandedIn, SubmissionKind
from grader.courses.course import read_assignment
from grader.grading.notebook_execution import Executed, _read, keep_executed
from grader.notebooks.document import Cell, CellKind
from grader.results.file_names import notebook_file
from grader.sandbox.wire.protocol import Ending, ErrorReport, ProbeOutcome

COURSE = Path(__file__).parents[1] / "sample_courses" / "notebook-mini"
CELLS = (
    Cell(1, CellKind.MARKDOWN, "# T", ("t",)),
    Cell(2, CellKind.CODE, "1 / 0", ("a",)),
    Cell(3, CellKind.CODE, "2"),
)


def outcome(rows, ended=""):
    content = json.dumps({"cells": rows, "ended": ended}).encode() if not isinstance(rows, bytes) else rows
    return ProbeOutcome(Ending.OK, outputs={"executed": torch.frombuffer(bytearray(content), dtype=torch.uint8)})


@pytest.mark.parametrize(
    "value",
    [None, 3, "text", torch.ones(3), torch.frombuffer(bytearray(b"[" * 100_000), dtype=torch.uint8), [1]],
)
def test_malformed(value):
    """Whatever comes back, the student's cells are kept and a note says that there are no outputs."""
    kept = _read(ProbeOutcome(Ending.OK, outputs={"executed": value}), CELLS)
    nbformat.validate(nbformat.reads(kept.notebook.decode(), 4))
    assert "could not be read" in kept.notes[-1]


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "display_data", "data": {"text/html": "<script>", "application/javascript": "x"}},
        {"output_type": "display_data", "data": {"image/png": "<script>"}},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload=x>"}},
        {"output_type": "display_data", "data": {"image/png": "PHNjcmlwdD4="}},
        {"output_type": "evil", "data": {"text/plain": "<script>"}},
        {"output_type": "stream", "name": "<script>", "text": "x"},
        {"output_type": "display_data", "data": {"text/plain": {"deep": "<script>"}}, "metadata": {"x": "<script>"}},
        7,
    ],
)
def test_odd_outputs(output):
    """Of an output only plain text and real images are taken, whatever else it claims to be."""
    kept = _read(outcome([{"cell": 2, "state": "ok", "outputs": [output, {"output_type": "stream"}]}]), CELLS)
    assert b"script" not in kept.notebook
    assert b"onload" not in kept.notebook
    nbformat.validate(nbformat.reads(kept.notebook.decode(), 4))


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (ProbeOutcome(Ending.TIMED_OUT, detail="ran longer than 5 s"), "Running the whole notebook failed: ran longer"),
        (ProbeOutcome(Ending.RAISED, error=ErrorReport("ImportError", "No module named 'nbclient'")), "nbclient"),
        (ProbeOutcome(Ending.SANDBOX_FAILED, detail="x"), "the grader failed there. It costs no points"),
    ],
)
def test_failed_run(ended, words):
    """A run that did not come back says why and leaves no copy."""
    kept = _read(ended, CELLS)
    assert kept.notebook == b""
    assert words in kept.notes[0]


def test_clean_run():
    """A notebook that ran without an error says so."""
    assert _read(outcome([{"cell": 2, "state": "ok", "outputs": []}]), CELLS).notes == (
        "The whole notebook ran without an error.",
    )


def test_many_errors():
    """Many failing cells are counted, not listed."""
    cells = tuple(Cell(number, CellKind.CODE, "x") for number in range(1, 9))
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}
    kept = _read(outcome([{"cell": number, "state": "ok", "outputs": [error]} for number in range(1, 9)]), cells)
    assert kept.notes[-1] == "Run as a whole: 3 more cells failed."
    assert kept.notes[0] == "Run as a whole: 8 of 8 cells failed, cell 1 first."
    assert len(kept.notes) == 7


def test_what_follows_is_counted():
    """Of a download that fails and all that lacks its data, the download is told; a name nobody set is told as well."""
    sources = ["data = load()\nloader = batches(data)", "first = data[0]", "print(first)", "print(second)"]
    cells = tuple(Cell(number, CellKind.CODE, source) for number, source in enumerate(sources, start=1))
    errors = [("URLError", "<urlopen error [Errno -3] Temporary failure in name resolution>")]
    errors += [("NameError", f"name '{name}' is not defined") for name in ("data", "first", "second")]
    rows = [
        {"cell": number, "outputs": [{"output_type": "error", "ename": name, "evalue": value, "traceback": []}]}
        for number, (name, value) in enumerate(errors, start=1)
    ]
    count, *told = _read(outcome(rows), cells).notes
    assert count.startswith("Run as a whole: 4 of 4 cells failed, cell 1 first. Data that a notebook downloads is not")
    assert "stand-ins" in count
    assert "`grader data`" in count
    assert told == [
        "Run as a whole: cell 1 asks for something from the network, and there is none while a notebook is graded.",
        "Run as a whole: cell 4 raised `NameError: name 'second' is not defined`.",
        "Run as a whole: 2 more cells lack what cells that failed would have set.",
    ]


@pytest.mark.parametrize(
    ("submission", "name"),
    [("alice", "alice.ipynb"), ("Alice", r"Alice-\w{12}.ipynb"), ("../x", r"x-\w+.ipynb"), ("con", r"con-\w+.ipynb")],
)
def test_file_name(submission, name):
    """The file of an executed notebook depends on the submission's name only, and is safe everywhere."""
    assert re.fullmatch(name, notebook_file(submission))


def test_other_kinds(tmp_path):
    """A submission that is no notebook is not run as a whole."""
    assignment = read_assignment(COURSE, "notebook-mini")
    package = replace(assignment, handed_in=HandedIn(SubmissionKind.PACKAGE, ("a.py",), ("a.py",)))
    assert keep_executed(None, package, None, folder=tmp_path) == Executed(b"", ())
