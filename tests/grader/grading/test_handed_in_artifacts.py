"""Tests of grader.grading.artifacts and grader.weights: what was handed in is scored, or told why it can't be."""

import json
import struct

import pytest
import torch
from artifact_course import LABELS, STUDENT, predictions, right, saved, weights, write_course
from safetensors.torch import save

from grader.results.verdict import Verdict

BEST = "weights/best.safetensors"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n"


class Boom:
    """Runs a command where it is unpickled."""

    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/grader-was-here",)


def _header(table, body=b""):
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.fixture(scope="module")
def assignment(make_course, read_tiny, tmp_path_factory):
    return read_tiny(write_course(tmp_path_factory.mktemp("course"), make_course))


@pytest.fixture(scope="module")
def grade(assignment, grade_many, tmp_path_factory):
    """Return a function that grades submissions that differ from the right one; content None leaves a file out."""

    def grade(changes):
        handed_in = {
            name: {path: content for path, content in (right() | own).items() if content is not None}
            for name, own in changes.items()
        }
        results = grade_many(assignment, handed_in, folder=tmp_path_factory.mktemp("in"))
        return {
            name: {check.name: check for task in one.tasks for check in task.checks} | {"result": one}
            for name, one in results.items()
        }

    return grade


FAULTS = {  # name: (file, content, check, verdict, words)
    "absent": (BEST, None, "test_weights", "missing", "`weights/best.safetensors` was not handed in."),
    "empty": (BEST, b"", "test_weights", "wrong", "`weights/best.safetensors` is empty."),
    "too-large": (
        BEST,
        b"w" * (3 << 20),
        "test_weights",
        "missing",
        "`weights/best.safetensors` was not read: it holds 3.0 MiB; at most 2 MiB are read.",
    ),
    "pointer": (BEST, POINTER, "test_weights", "missing", "`weights/best.safetensors` is a Git LFS pointer"),
    "pickle": (BEST, saved(weights()), "test_weights", "wrong", "is a pickle, as `torch.save` writes it"),
    "truncated": (BEST, save(weights())[:100], "test_weights", "wrong", "is no usable safetensors file. The file's"),
    "shorter": (BEST, save(weights())[:-4], "test_weights", "wrong", "has a header that contradicts itself"),
    "five bytes": (BEST, b"12345", "test_weights", "wrong", "The file is truncated: 5 bytes."),
    "huge header": (
        BEST,
        struct.pack("<Q", 1 << 62) + b"{}",
        "test_weights",
        "wrong",
        "header claims 461168",
    ),
    "huge tensor": (
        BEST,
        _header({"layer.weight": {"dtype": "F32", "shape": [1 << 39, 1 << 39], "data_offsets": [0, 8]}}, b"12345678"),
        "test_weights",
        "wrong",
        "The file's tensor 'layer.weight' has a header that contradicts itself.",
    ),
    "no table": (BEST, _header([1, 2]), "test_weights", "wrong", "The file's header is not a table of tensors."),
    "no json": (BEST, struct.pack("<Q", 4) + b"\xff{}}", "test_weights", "wrong", "The file's header is not JSON"),
    "overlapping": (
        BEST,
        _header({n: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for n in ("a", "b")}, b"12345678"),
        "test_weights",
        "wrong",
        "`weights/best.safetensors` is no safetensors file, or was cut off",
    ),
    "other names": (
        BEST,
        save({"fc.weight": torch.zeros(2, 4)}),
        "test_weights",
        "wrong",
        "`weights/best.safetensors` does not fit your model: it lacks `layer.weight`, `layer.bias`; it holds "
        "`fc.weight`, which the model does not have. Hand in the weights of the model that your code builds.",
    ),
    "other shapes": (
        BEST,
        save({"layer.weight": torch.zeros(2, 5), "layer.bias": torch.zeros(2)}),
        "test_weights",
        "wrong",
        "does not fit your model: `layer.weight` has shape (2, 5), in the model (2, 4).",
    ),
    "wrapped": (
        BEST,
        save({f"module.{name}": tensor for name, tensor in weights().items()}),
        "test_weights",
        "wrong",
        "Each name begins with `module.`: save `model.module.state_dict()`.",
    ),
    "NaN": (
        BEST,
        save(weights(sign=float("nan"))),
        "test_weights",
        "wrong",
        "`scores`",
    ),
    "code": ("old.pt", saved(Boom()), "test_old", "wrong", "`old.pt` holds `posix.system`, and nothing but tensors"),
    "code in a dict": ("old.pt", saved(weights(more=Boom())), "test_old", "wrong", "`old.pt` holds `posix.system`"),
    "whole model": ("old.pt", saved(torch.nn.Linear(4, 2)), "test_old", "wrong", "`old.pt` holds `torch.nn.modules"),
    "checkpoint": (
        "old.pt",
        saved({"epoch": 3, "model": weights()}),
        "test_old",
        "wrong",
        "`old.pt` holds a dict with `epoch`, `model`; expected tensors by name.",
    ),
    "a tensor": ("old.pt", saved(torch.zeros(3)), "test_old", "wrong", "`old.pt` holds a Tensor; expected tensors by"),
    "no pickle": ("old.pt", b"hello", "test_old", "wrong", "`old.pt` is not what `torch.save` writes"),
    "cut pickle": ("old.pt", saved(weights())[:300], "test_old", "wrong", "`old.pt` is not what `torch.save` writes"),
    "old absent": ("old.pt", None, "test_old", "missing", "`old.pt` was not handed in."),
    "other length": ("predictions.csv", predictions(LABELS[1:]), "test_predictions", "wrong", "holds 9 predictions"),
    "no label": ("predictions.csv", predictions(["wolf", *LABELS[1:]]), "test_predictions", "wrong", "is `wolf`"),
    "no text": ("predictions.csv", b"caf\xe9", "test_predictions", "wrong", "`predictions.csv` is not UTF-8 (byte 3)"),
    "no lines": ("predictions.csv", b"\n \n", "test_predictions", "wrong", "`predictions.csv` is empty."),
    "header": (
        "predictions.csv",
        b"label\n" + predictions(),
        "test_predictions",
        "wrong",
        "Leave out the header line.",
    ),
    "not there": ("predictions.csv", None, "test_predictions", "missing", "`predictions.csv` was not handed in."),
    "table": ("predictions.csv", POINTER, "test_predictions", "missing", "`predictions.csv` is a Git LFS pointer"),
}


@pytest.fixture(scope="module")
def faulty(grade):
    return grade({name: {file: content} for name, (file, content, *_rest) in FAULTS.items()})


@pytest.mark.parametrize("name", FAULTS)
def test_what_can_not_be_scored_is_told(faulty, name):
    """Each fault has its verdict and its sentence, and costs no other check anything."""
    _file, _content, check, verdict, words = FAULTS[name]
    found = faulty[name]
    assert (found[check].verdict, words in found[check].feedback.message) == (Verdict(verdict), True), found[check]
    others = {name for name, one in found.items() if name not in (check, "result") and one.verdict != "passed"}
    assert others == set()


def test_no_pickle_has_run(faulty):
    """Code in a pickle is never run, on neither side of the wall."""
    from pathlib import Path

    assert faulty
    assert not Path("/tmp/grader-was-here").exists()


def test_right_artifacts_earn_everything(grade):
    """The student's own network with the weights, and the predictions, earn all points, and nothing is flagged."""
    result = grade({"ann": {}})["ann"]["result"]
    assert (result.points, result.flags) == (7.0, ())


def test_what_code_saves_is_not_what_was_handed_in(grade):
    """Code that saves a network under the path of the weights, when it is imported, changes nothing."""
    saving = f"\n\ntorch.save(Net().state_dict(), 'old.pt')\nopen('{BEST}', 'wb').write(b'gone')\n"
    assert grade({"saving": {"student.py": (STUDENT + saving).encode()}})["saving"]["result"].points == 7.0


def test_the_students_own_network_counts(grade):
    """Another architecture is as good, with weights that fit it."""
    deep = STUDENT.replace("self.layer = Layer(4, 2)", "self.layer, self.out = Layer(4, 2), Layer(2, 2)")
    deep = deep.replace("return self.layer(x)", "return self.out(self.layer(x))")
    state = weights(**{"out.weight": torch.eye(2), "out.bias": torch.zeros(2)})
    found = grade({"deep": {"student.py": deep.encode(), BEST: save(state), "old.pt": saved(state)}})["deep"]
    assert found["result"].points == 7.0
    assert found["test_weights"].credit.parameters == 16


def test_a_part_is_earned_by_a_part(grade):
    """Weights and predictions that are right in part earn what the table says."""
    half = weights()
    half["layer.weight"][1, 1] = 0.6
    found = grade({"half": {BEST: save(half), "predictions.csv": predictions(["cat"] * 5 + LABELS[5:])}})["half"]
    assert 0.5 < found["test_weights"].credit.part < 1
    assert found["test_predictions"].credit.value == 80.0


def test_missing_is_told_where_parts_are_carried_forward(grade):
    """Where the layer is wrong and the weights are missing, the weights' check says so and is not forgiven."""
    biased = STUDENT.replace("+ self.bias", "+ 1").encode()
    found = grade({"both": {"student.py": biased, BEST: None}})["both"]
    assert found["test_layer"].verdict is Verdict.WRONG
    assert found["test_weights"].feedback.message == "`weights/best.safetensors` was not handed in."
    assert (found["test_weights"].carried, found["test_old"].verdict) == ("", Verdict.PASSED)


def test_weights_beside_a_wrong_part_still_count(grade):
    """A check that fails only since an earlier part is wrong is judged with the student's own weights."""
    broken = STUDENT.replace("return x @", "raise ValueError\n        return x @").encode()
    found = grade({"broken": {"student.py": broken}})["broken"]
    assert found["test_weights"].carried == "“The layer”"
