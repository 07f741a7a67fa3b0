"""The reference of neuromatch-deep-mlp, run directly: the course document's own figures come out to the digit.

The graded checks of the same code are in tests/assignments/neuromatch-deep-mlp/.
"""

import json
import types
from pathlib import Path

import pytest
import torch

from grader.authoring.template import is_stale
from grader.courses.course import read_assignment
from grader.notebooks.percent import read_percent, write_ipynb
from grader.sandbox.inside.definitions import NotebookRun, Pace
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

COURSE = Path(__file__).parents[3]
SCRIPT = COURSE / "reference" / "neuromatch-deep-mlp" / "neuromatch_deep_mlp.py"


@pytest.fixture(scope="module")
def notebook():
    """Run the reference's definitions as the sandbox does, from the document's seed on."""
    make_torchvision_importable()
    module = types.ModuleType("notebook")
    cells = read_percent(SCRIPT.read_text(encoding="utf-8"), name=SCRIPT.name)
    state = torch.get_rng_state()
    run = NotebookRun(cells, module, root=SCRIPT.parent, end=None, pace=Pace(10, 60))
    run.run()
    torch.set_rng_state(state)
    failed = [event for event in run.log.events if event.error is not None and event.why != "it trains"]
    assert [event.why for event in failed if not run.follows_a_stop(event)] == []
    return module


@pytest.fixture(autouse=True)
def _same_torch():
    """Leave torch's stream of random numbers as it was; one thread, since steps this small only wait for a second."""
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.set_rng_state(state)


def test_the_document_s_figures_of_degree_50(notebook, monkeypatch, capsys):
    """With the seed 2021 as the document uses it: 1325 features, 69.88 % of the training points, 72.62 % of the test's.

    These hang on the order of all random numbers and of the columns; 72.62 is 72.625 as Python rounds it.
    """
    accuracies = []
    train = notebook.train_test_classification

    def watch(*arguments, **options):
        accuracies.append(train(*arguments, **options))
        return accuracies[-1]

    monkeypatch.setattr(notebook, "train_test_classification", watch)
    monkeypatch.setattr(notebook, "sample_grid", lambda: torch.zeros(4, 2))
    monkeypatch.setattr(notebook, "plot_decision_map", lambda *_shown: None)
    notebook.set_seed(seed=2021)
    assert notebook.run_poly_classification(50, "cpu", 2021) == 1325
    assert accuracies == [(69.875, 72.625)]
    printed = capsys.readouterr().out
    assert "Accuracy on the 3200 training samples: 69.88" in printed
    assert "Accuracy on the 800 testing samples: 72.62" in printed


def test_the_data(notebook):
    """The spirals are 4000 points, 800 of them for testing."""
    assert [len(part) for part in (notebook.X_train, notebook.X_test)] == [3200, 800]
    assert notebook.X_test.double().sum(dim=0).tolist() == pytest.approx([-12.2976, 2.1680], abs=1e-3)


def test_the_widths_of_a_hundred_parameters(notebook, monkeypatch):
    """At least 100 parameters take widths of 14, 7, 6, 5 and 4, which are 102, 109, 130, 129 and 112."""
    trained = []

    def watch(net, *_arguments, **_options):
        trained.append((net.mlp[0].out_features, notebook.count_parameters(net)))
        return 0.0, float(len(trained))

    monkeypatch.setattr(notebook, "train_test_classification", watch)
    hidden_layers, test_scores = notebook.run_depth_optimizer(100, 5, "cpu")
    assert trained == [(14, 102), (7, 109), (6, 130), (5, 129), (4, 112)]
    assert list(hidden_layers) == [1, 2, 3, 4, 5]
    assert test_scores == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_the_features_of_degree_2(notebook):
    """The point (2, 3) has the features 3, 9, 2, 6 and 4 up to degree 2."""
    features, count = notebook.make_poly_features(2, torch.tensor([[2.0, 3.0]]))
    assert (features.tolist(), count) == ([[3.0, 9.0, 2.0, 6.0, 4.0]], 5)


@pytest.mark.parametrize(
    ("text", "at_minus_two"), [("ReLU()", 0.0), ("LeakyReLU(0.1)", -0.2), ("LeakyReLU(negative_slope=0.25)", -0.5)]
)
def test_activations_from_text(notebook, text, at_minus_two):
    """An activation is made of its text, with its arguments."""
    assert notebook.make_activation(text)(torch.tensor(-2.0)).item() == pytest.approx(at_minus_two)


@pytest.mark.parametrize("text", ["__import__('os')", "ReLU(open('x'))", "ReLU() + 1"])
def test_activations_are_not_evaluated(notebook, text):
    """A text that is no activation with plain arguments is refused instead of being run."""
    with pytest.raises((AttributeError, ValueError)):
        notebook.make_activation(text)


def test_the_gain(notebook):
    """The gain for a slope of 0.1 is 1.4072, and its weights keep the variance 2 · 1.4072² / (n_in + n_out)."""
    assert notebook.theoretical_gain == pytest.approx(1.40719509, abs=1e-8)
    notebook.gain = notebook.theoretical_gain
    torch.manual_seed(0)
    layer = torch.nn.Linear(600, 400)
    notebook.init_weights(layer)
    assert layer.weight.var().item() == pytest.approx(0.0039604, rel=0.02)
    notebook.init_weights(layer, mode="uniform")
    assert layer.weight.var().item() == pytest.approx(0.0039604, rel=0.02)
    assert layer.weight.abs().max().item() == pytest.approx(0.109001, rel=1e-3)


def test_the_template_is_up_to_date():
    """The students' kit is what the reference gives today."""
    assignment = read_assignment(COURSE, "neuromatch-deep-mlp")
    assert is_stale(assignment, COURSE / "student_template" / "neuromatch-deep-mlp") == ()


def test_the_notebook_is_one(capsys):
    """Every code cell of the notebook that the script makes is Python, and the check cells name their tasks."""
    tree = json.loads(write_ipynb(read_percent(SCRIPT.read_text(encoding="utf-8"), name=SCRIPT.name)))
    checks = [cell for cell in tree["cells"] if cell["id"].startswith("check-")]
    assert len(checks) == 10
    assert all("".join(cell["source"]) == f"%check {cell['id'][6:]}" for cell in checks)


def test_points_lie_in_what_students_write():
    """All 100 points are earned with code that the document leaves open; the initialization is a bonus beside them."""
    tasks = {task.name: task for task in read_assignment(COURSE, SCRIPT.parent.name).tasks}
    assert {name: task.points for name, task in tasks.items() if not task.is_given and not task.bonus} == {
        "depth": 45,
        "loaders": 45,
        "image-training": 10,
    }
    assert [name for name, task in tasks.items() if task.bonus] == ["xavier"]
