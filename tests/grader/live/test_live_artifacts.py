"""Tests of artifacts where students check their own work: in a kernel, with `grader check`, in notebook courses too."""

import json
import types
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from grader.authoring.template import write_template
from grader.courses.course import read_assignment, read_kit
from grader.live.checks import check_live
from grader.live.source import Cells

TOML = """\
title = "A notebook that trains"
[submission]
kind = "notebook"
required = ["hw.ipynb"]
editable = ["*.ipynb"]
[submission.artifacts]
weights = { path = "weights/best.safetensors", mib = 1 }
predictions = { path = "predictions.csv", mib = 1 }
[tasks.net]
title = "The network"
points = 4
cell = "check-net"
parts = ["Net"]
"""
NET = """\
class Net(torch.nn.Linear):
    def __init__(self):
        # <solution> One layer (N, 4) to (N, 2), without a bias.
        super().__init__(4, 2, bias=False)
        # </solution>
"""
PROBES = """\
from grader.probes import probe
from grader.weights import load_weights


@probe(needs=["notebook"])
def scores(*, weights, x):
    import notebook

    model = notebook.Net()
    load_weights(model, weights)
    return {"scores": model(x.clone())}
"""
CHECKS = '''\
import pytest
import torch

from grader.compare import Spec, assert_matches
from grader.datasets import read_predictions


@pytest.mark.graded(task="net", weight=3)
def test_weights(probe, artifact):
    """The trained network tells points apart"""
    actual = probe("scores", weights=artifact("weights").path, x=torch.eye(4))
    assert_matches(actual, {"scores": Spec((4, 2))})
    assert actual["scores"][0].argmax() == 1, "The first point is of class 1."


@pytest.mark.graded(task="net")
def test_form(artifact):
    """The predictions can be read"""
    read_predictions(artifact("predictions"), ids=range(3), header="id,label")
'''
WEIGHTS = {"weight": torch.tensor([[0.0, 0, 0, 0], [1.0, 0, 0, 0]])}
TRAINED = save(WEIGHTS)
OTHER = save({"weight": -WEIGHTS["weight"]})
PREDICTED = b"id,label\n0,1\n1,0\n2,0\n"


def notebook(*sources):
    """Return a notebook of code cells."""
    cells = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for source in sources
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


SAVING = "from safetensors.torch import save_file\nsave_file(Net().state_dict(), 'weights/best.safetensors')"
WORK = notebook("import torch", NET, "# check-net\n!grader check net", SAVING)


@pytest.fixture(scope="module")
def assignment(make_course, tmp_path_factory):
    files = {"hw.ipynb": WORK, "weights/best.safetensors": TRAINED, "predictions.csv": PREDICTED}
    course = make_course(
        tmp_path_factory.mktemp("course"), toml=TOML, probes=PROBES, checks=CHECKS, reference=files, slug="hw"
    )
    return read_assignment(course, "hw")


@pytest.fixture
def kit(assignment, tmp_path):
    write_template(assignment, tmp_path / "hw")
    return tmp_path / "hw"


def live(kit):
    """Check a kernel that holds what the notebook defines."""
    module = types.ModuleType("__main__")
    exec(f"import torch\n{NET}", vars(module))
    (task,) = check_live(kit, None, module=module, cells=Cells()).tasks
    return {check.name: check for check in task.checks}


def test_a_kernel_checks_the_files_of_its_kit(kit, write_files, monkeypatch, tmp_path):
    """In a kernel the files beside the kit count as they are now, wherever the kernel has gone."""
    monkeypatch.chdir(tmp_path)
    before = live(kit)
    words = "`weights/best.safetensors` is not in the assignment's folder yet: let your code save it there."
    assert {check.verdict for check in before.values()} == {"missing"}
    assert before["test_weights"].feedback.message == words
    write_files(kit, {"weights/best.safetensors": TRAINED, "predictions.csv": PREDICTED})
    assert {check.verdict for check in live(kit).values()} == {"passed"}
    write_files(kit, {"weights/best.safetensors": OTHER, "predictions.csv": b"id,label\n0,1\n"})
    told = {name: check.feedback.message for name, check in live(kit).items()}
    assert told["test_weights"].startswith("The first point is of class 1.")
    assert told["test_form"] == "`predictions.csv` has no prediction for 2 of 3 ids, the first is `1`."


def test_a_kernel_loads_what_the_check_was_given(kit, write_files, monkeypatch, tmp_path):
    """Weights of the same path below the kernel's own folder are others, and are not loaded in place of the kit's."""
    write_files(kit, {"weights/best.safetensors": TRAINED, "predictions.csv": PREDICTED})
    write_files(tmp_path / "elsewhere", {"weights/best.safetensors": OTHER})
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert live(kit)["test_weights"].verdict == "passed"
    assert Path.cwd() == tmp_path / "elsewhere"


def test_a_notebook_with_artifacts_is_graded(assignment, grade_many, tmp_path):
    """Behind the wall a notebook's network loads what lies beside it; the cell that saves weights changes nothing."""
    right = {"hw.ipynb": WORK, "weights/best.safetensors": TRAINED, "predictions.csv": PREDICTED}
    bare = {"best.safetensors": TRAINED, "homework.ipynb": WORK}
    results = grade_many(assignment, {"ann": right, "bob": bare, "cem": {"hw.ipynb": WORK}}, folder=tmp_path)
    assert {name: one.points for name, one in results.items()} == {"ann": 4.0, "bob": 3.0, "cem": 0.0}


def test_a_student_checks_a_notebook_with_artifacts(kit, write_files, call_grader):
    """`grader check` in the kit says what is missing, and passes once it is there."""
    kit_assignment = read_kit(kit)
    assert [one.path for one in kit_assignment.handed_in.artifacts] == ["weights/best.safetensors", "predictions.csv"]
    before = call_grader("check", cwd=kit)
    assert "`predictions.csv` was not handed in." in before.stdout
    write_files(kit, {"hw.ipynb": WORK, "weights/best.safetensors": TRAINED, "predictions.csv": PREDICTED})
    after = call_grader("check", cwd=kit)
    assert (after.returncode, "4 of 4" in after.stdout) == (0, True), after.stdout
