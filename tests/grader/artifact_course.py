"""A course whose students hand in trained weights and predictions, for tests of several folders."""

import torch
from safetensors.torch import save

TOML = """\
title = "Trained"
[submission]
required = ["student.py"]
editable = ["student.py"]
[submission.artifacts]
weights = { path = "weights/best.safetensors", mib = 2 }
old = { path = "old.pt", mib = 2 }
predictions = { path = "predictions.csv", mib = 1 }
[limits]
wall_s = 10.0
import_s = 20.0
[audit]
grounds = false
[tasks.layer]
title = "The layer"
points = 1
parts = ["student.Layer"]
[tasks.weights]
title = "Trained weights"
points = 4
parts = ["student.Net"]
builds_on = ["layer"]
[tasks.predictions]
title = "Predictions"
points = 2
hidden = true
"""
STUDENT = """\
import torch


class Layer(torch.nn.Linear):
    def forward(self, x):
        # <solution> Return x (N, D) times the weight (K, D), plus the bias (K,).
        return x @ self.weight.T + self.bias
        # </solution>


class Net(torch.nn.Module):
    def __init__(self):
        # <solution> One layer (N, 4) to (N, 2).
        super().__init__()
        self.layer = Layer(4, 2)
        # </solution>

    def forward(self, x):
        # <solution> Return scores (N, 2).
        return self.layer(x)
        # </solution>
"""
PROBES = """\
from grader.probes import probe
from grader.weights import load_weights


@probe(needs=["student"])
def layer(*, x):
    import student

    layer = student.Layer(4, 2)
    return {"y": layer(x.clone()), "w": layer.weight, "b": layer.bias}


@probe(needs=["student"])
def scores(*, weights, x):
    import student

    model = student.Net()
    load_weights(model, weights)
    return {"scores": model(x.clone())}
"""
CHECKS = '''\
import pytest
import torch

from grader.compare import Spec, assert_matches, measured
from grader.datasets import Accuracy, count_parameters


@pytest.mark.graded(task="layer")
def test_layer(probe, rng):
    """The layer is linear"""
    x = torch.randn(5, 4, generator=rng)
    actual = probe("layer", x=x)
    assert_matches(actual, {"w": Spec((2, 4)), "b": Spec((2,))})
    assert_matches(actual, measured(lambda *, x, w, b: {"y": x @ w.T + b}, x=x, w=actual["w"], b=actual["b"]))


@pytest.mark.graded(task="weights", weight=3)
def test_weights(probe, artifact, credit, rng):
    """The trained network tells new points apart"""
    file = artifact("weights")
    x = torch.randn(200, 4, generator=rng)
    actual = probe("scores", weights=file.path, x=x)
    assert_matches(actual, {"scores": Spec((200, 2))})
    right = int((actual["scores"].argmax(dim=1) == (x[:, 0] > 0)).sum())
    credit(Accuracy(right, 200), [(80, 0.5), (95, 1)], parameters=count_parameters(file))


@pytest.mark.graded(task="weights")
def test_old(probe, artifact, rng):
    """Weights that torch.save wrote are read, too"""
    x = torch.randn(200, 4, generator=rng)
    actual = probe("scores", weights=artifact("old").path, x=x)
    assert_matches(actual, {"scores": Spec((200, 2))})
    right = int((actual["scores"].argmax(dim=1) == (x[:, 0] > 0)).sum())
    assert right > 180, f"{right} of 200 points are right; expected more than 180."
'''
HIDDEN = '''\
from pathlib import Path

import pytest
import torch

from grader.datasets import Accuracy, read_predictions

ANIMALS = ("cat", "dog")
LABELS = Path(__file__).with_name("labels.txt").read_text(encoding="utf-8").split()


@pytest.mark.graded(task="predictions")
def test_predictions(artifact, credit):
    """The predictions are right"""
    found = read_predictions(artifact("predictions"), rows=len(LABELS), classes=ANIMALS)
    labels = torch.tensor([ANIMALS.index(label) for label in LABELS])
    credit(Accuracy(int((found == labels).sum()), len(labels)), [(50, 0.5), (90, 1)])
'''
LABELS = ["cat", "dog", "dog", "cat", "cat", "dog", "cat", "dog", "dog", "dog"]
MISTAKES = """\
[[mistake]]
name = "biased"
file = "student.py"
find = "+ self.bias"
replace = "+ 1"
check = "test_layer"
verdict = "wrong"

[[mistake]]
name = "wider"
file = "student.py"
find = "self.layer = Layer(4, 2)"
replace = "self.layer = Layer(4, 3)"
check = "test_weights"
verdict = "wrong"
words = ["`weights/best.safetensors` does not fit your model", "(2, 4)", "(3, 4)"]

[[mistake]]
name = "negative"
file = "student.py"
find = "return self.layer(x)"
replace = "return -self.layer(x)"
check = "test_weights"
verdict = "wrong"

[[mistake]]
name = "untrained"
file = "weights/best.safetensors"
instead = "untrained.safetensors"
check = "test_weights"
verdict = "wrong"

[[mistake]]
name = "forgotten"
file = "predictions.csv"
left_out = true
check = "test_predictions"
verdict = "missing"
words = ["`predictions.csv` was not handed in."]
"""


def weights(*, sign=1.0, **others):
    """Return a state dict of the network that is right for `sign` 1, and wrong for -1."""
    w = torch.zeros(2, 4)
    w[1, 0], w[0, 0] = sign, -sign
    return {"layer.weight": w, "layer.bias": torch.zeros(2), **others}


def saved(state):
    """Return what torch.save writes."""
    import io

    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def predictions(labels=LABELS):
    """Return a prediction file."""
    return "".join(f"{label}\n" for label in labels).encode()


def right():
    """Return all that a submission consists of, all of it right."""
    return {
        "student.py": STUDENT.encode(),
        "weights/best.safetensors": save(weights()),
        "old.pt": saved(weights()),
        "predictions.csv": predictions(),
    }


def write_course(folder, make_course):
    """Write the course and return its folder; the reference brings its own artifacts, beside its code."""
    checks = {
        "test_trained.py": CHECKS,
        "test_trained_hidden.py": HIDDEN,
        "labels.txt": "\n".join(LABELS),
        "mistakes.toml": MISTAKES,
        "mistakes/untrained.safetensors": save(weights(sign=-1.0)),
        "variants/bytes/weights/best.safetensors": save(weights(), metadata={"by": "variant"}),
    }
    return make_course(folder, toml=TOML, probes=PROBES, checks=checks, reference=right(), slug="trained")
