"""Tests of leeds-fashion-mlp: its reference meets figures that are worked out or known without it."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest
import torch

from grader.authoring.template import is_stale
from grader.courses.course import read_assignment
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

COURSE = Path(__file__).resolve().parents[3]
SLUG = "leeds-fashion-mlp"


def parts_of(path):
    """Return the definitions of the reference notebook, cells that only define something, by name."""
    text = path.read_text()
    namespace = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "tqdm": lambda rows, **_options: rows}
    for name in ("mlp", "accuracy", "train", "evaluate", "epoch-time", "dropout", "hidden-sizes"):
        cell = text.split(f'# %% id="{name}"\n')[1].split("\n# %%")[0]
        exec(compile(cell, name, "exec"), namespace)
    return namespace


@pytest.fixture(scope="module")
def assignment():
    return read_assignment(COURSE, SLUG)


@pytest.fixture(scope="module")
def notebook():
    return parts_of(COURSE / "reference" / SLUG / "leeds_fashion_mlp.py")


@pytest.fixture(scope="module")
def stand_in(monkeypatch_module):
    """Return the data set that the probes put in place of Fashion-MNIST."""
    make_torchvision_importable()
    import torchvision

    original = torchvision.datasets.FashionMNIST
    loader = torch.utils.data.DataLoader
    monkeypatch_module.setattr(loader, "__iter__", loader.__iter__)  # which the probes shorten
    spec = importlib.util.spec_from_file_location("probes", COURSE / "tests" / "assignments" / SLUG / "probes.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch_module.setitem(sys.modules, "probes", module)
    spec.loader.exec_module(module)
    yield module.FashionMNIST
    torchvision.datasets.FashionMNIST = original


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def test_template_is_up_to_date(assignment):
    """The students' kit is what the reference gives today."""
    assert is_stale(assignment, COURSE / "student_template" / SLUG) == ()


def test_points(assignment):
    """All tasks together are worth 100 points, and a person grades three answers and five runs."""
    assert sum(task.points for task in assignment.tasks) == 100
    assert len([question for question in assignment.questions if question.evidence is None]) == 3
    assert len([question for question in assignment.questions if question.evidence is not None]) == 5


def test_stand_in(stand_in):
    """The stand-in has as many training pictures as Fashion-MNIST, with its mean and its deviation."""
    pictures = stand_in(train=True)
    assert len(pictures) == 60_000
    assert float(pictures.data.float().mean() / 255) == pytest.approx(0.2860, abs=5e-5)
    assert float(pictures.data.float().std() / 255) == pytest.approx(0.3530, abs=5e-5)
    assert pictures[3][0].size == (28, 28)
    assert len(stand_in(train=False)) == 10_000


def test_number_of_weights(notebook):
    """784 → 250 → 100 → 10 has 222 360 weights, with 64 neurons 57 750, with 256 227 670."""
    count = lambda model: sum(p.numel() for p in model.parameters())  # noqa: E731
    assert count(notebook["MLP"](784, 10)) == 784 * 250 + 250 + 250 * 100 + 100 + 100 * 10 + 10 == 222_360
    assert count(notebook["MLPDropout"](784, 10)) == 222_360
    assert [count(notebook["MLPHidden"](784, n, 10)) for n in (64, 256)] == [57_750, 227_670]


def test_scores_by_hand(notebook):
    """With all weights 0 the scores are the last biases, whatever the picture."""
    model = notebook["MLP"](6, 3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.output_fc.bias.copy_(torch.tensor([1.0, -2.0, 3.0]))
    assert model(torch.rand(2, 1, 2, 3)).tolist() == [[1.0, -2.0, 3.0]] * 2


def test_accuracy_by_hand(notebook):
    """Three of four rows right is 0.75."""
    y_pred = torch.tensor([[1.0, 2.0], [-1.0, -2.0], [0.0, 0.5], [3.0, 2.9]])
    assert float(notebook["calculate_accuracy"](y_pred, torch.tensor([1, 0, 0, 0]))) == 0.75


def test_guessing_costs_log_10(notebook):
    """A model that knows nothing has a loss of log 10, and keeps it under evaluation."""
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 10))
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    batches = [
        (torch.rand(5, 1, 2, 2), torch.zeros(5, dtype=torch.long)),
        (torch.rand(3, 1, 2, 2), torch.ones(3).long()),
    ]
    loss, accuracy = notebook["evaluate"](model, batches, torch.nn.CrossEntropyLoss(), "cpu")
    assert loss == pytest.approx(math.log(10))
    assert accuracy == 0.5  # all scores are equal, so class 0 is answered: right in the first batch only


def test_one_step_by_hand(notebook):
    """One step of SGD on one picture with two classes and no weights moves them by lr / 2, up and down."""
    model = torch.nn.Linear(1, 2, bias=False)
    torch.nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batches = [(torch.ones(1, 1), torch.tensor([1]))]
    loss, _ = notebook["train"](model, batches, optimizer, torch.nn.CrossEntropyLoss(), "cpu")
    assert loss == pytest.approx(math.log(2))
    assert model.weight.flatten().tolist() == [-0.5, 0.5]


def test_epoch_time(notebook):
    """125.9 seconds are two minutes and five seconds."""
    assert notebook["epoch_time"](10.0, 135.9) == (2, 5)
