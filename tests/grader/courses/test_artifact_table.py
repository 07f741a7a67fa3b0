"""Tests of grader.courses.artifact_table: what can't be an artifact is refused with a sentence and a remedy."""

import tomllib
from pathlib import Path

import pytest

from grader.courses.artifact_table import read_artifacts
from grader.courses.assignment import ArtifactKind
from grader.courses.toml_table import Table
from grader.errors import CourseError

WEIGHTS = 'weights = { path = "weights/best.safetensors", mib = 40 }\n'


def _read(text, **limits):
    table = Table(Path("assignment.toml"), "submission.artifacts", tomllib.loads(text))
    return read_artifacts(table, required=("student.py",), limits=limits)


def test_no_table_is_no_artifact():
    """Without the table nothing is asked for beside the code."""
    assert _read("") == ()


def test_artifacts_are_read_by_name():
    """Each artifact has its path, a kind by its suffix, and a size of its own."""
    weights, old, predictions = _read(
        WEIGHTS + 'old = { path = "old.PTH", mib = 0.5 }\npredictions = { path = "predictions.csv", mib = 1 }'
    )
    assert (weights.name, weights.path, weights.most_bytes) == ("weights", "weights/best.safetensors", 40 << 20)
    assert (old.kind, old.most_bytes) == (ArtifactKind.WEIGHTS, 512 * 1024)
    assert (weights.kind, predictions.kind) == (ArtifactKind.WEIGHTS, ArtifactKind.PREDICTIONS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('w = { path = "w.pt", mib = 1, size = 3 }', "`submission.artifacts.w.size` is not a key that is known here."),
        ('w = { path = "w.pt" }', "`submission.artifacts.w.mib` is missing. Add `mib`"),
        ("w = { mib = 1 }", "`submission.artifacts.w.path` is missing."),
        ('w = "w.pt"', "`submission.artifacts.w` is 'w.pt'; expected a table."),
        ('"a b" = { path = "w.pt", mib = 1 }', "`submission.artifacts.a b` is no name that a check can ask for."),
        ('w = { path = "../w.pt", mib = 1 }', "is `../w.pt`, which does not stay below the submission's folder."),
        ('w = { path = "/w.pt", mib = 1 }', "is `/w.pt`, which does not stay below the submission's folder."),
        ('w = { path = "a\\\\w.pt", mib = 1 }', "has a backslash"),
        ('w = { path = "*.pt", mib = 1 }', "is `*.pt`, which is a glob; an artifact is one file."),
        ('w = { path = "a\\u0000.pt", mib = 1 }', "can't be printed"),
        ('w = { path = "checks/w.pt", mib = 1 }', "lies in `checks/`, which belongs to the grader"),
        ('w = { path = "w.pkl", mib = 1 }', "has none of the suffixes .safetensors, .pt, .pth, .csv, .txt."),
        ('w = { path = "w", mib = 1 }', "has none of the suffixes"),
        (WEIGHTS + 'w = { path = "Weights/best.safetensors", mib = 1 }', "as that of `weights`. Give each a path"),
        (WEIGHTS + 'w = { path = "old/best.safetensors", mib = 1 }', "`weights` is called `best.safetensors` as well."),
        ('w = { path = "w.pt", mib = 0 }', "is 0; expected more than 0 and at most 256. Write `mib = 40`."),
        ('w = { path = "w.pt", mib = -1 }', "is -1; expected more than 0"),
        ('w = { path = "w.pt", mib = 2048 }', "is 2048; expected more than 0 and at most 256."),
        ('w = { path = "w.pt", mib = "4" }', "is '4'; expected a number."),
        ('w = { path = "w.pt", mib = 100 }', "holds no file of over 64 MiB. Write `file_mib = 100` in `[limits]`"),
        (
            "".join(f'w{n} = {{ path = "w{n}.pt", mib = 60 }}\n' for n in range(3)),
            "sum up to 180 MiB; expected at most 85. Make them smaller, or write `tmp_mib = 540`",
        ),
    ],
)
def test_what_can_not_be_meant_is_refused(text, words):
    """Unknown keys, paths that lead elsewhere or mean two things, and sizes without room are told with a remedy."""
    with pytest.raises(CourseError) as raised:
        _read(text)
    assert words in str(raised.value)


def test_a_required_file_is_no_artifact():
    """What is required is not asked for twice."""
    table = Table(Path("assignment.toml"), "submission.artifacts", tomllib.loads('w = { path = "w.csv", mib = 1 }'))
    with pytest.raises(CourseError, match=r"is `w\.csv`, which is `required` as well\. Take it out of `required`"):
        read_artifacts(table, required=("w.csv",), limits={})


def test_limits_make_room():
    """A course that raises its limits may ask for larger artifacts, and for no more than 256 MiB in sum."""
    big = "".join(f'w{n} = {{ path = "w{n}.pt", mib = 120 }}\n' for n in range(3))
    assert len(_read(big.replace("120", "80"), file_mib=80, tmp_mib=720)) == 3
    with pytest.raises(CourseError, match=r"sum up to 360 MiB; expected at most 256\. Make them smaller\.$"):
        _read(big, file_mib=120, tmp_mib=1024)
