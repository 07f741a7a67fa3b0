"""Promises about package submissions as they really come in: read from folders and zips, then graded behind a wall."""

import shutil

import pytest

from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.results.verdict import Verdict
from grader.submissions.submission import Found, read_submission

TOML = """\
title = "Homework 2"
[submission]
required = ["hw2/layers.py", "hw2/training.py"]
editable = ["hw2/*.py", "hw2/**/*.py"]
[limits]
wall_s = 5
[tasks.layers]
title = "Layers"
points = 10
forbidden = ["torch.nn.Linear"]
[tasks.training]
title = "Training"
points = 5
"""
PROBES = """\
from grader.probes import probe

@probe(needs=["hw2.layers"])
def layers(*, x):
    from hw2.layers import double
    return {"y": double(x)}

@probe(needs=["hw2.training"])
def training(*, x):
    from hw2.training import triple
    return {"y": triple(x)}
"""
CHECKS = """\
import pytest
import torch
from grader.compare import assert_matches

@pytest.mark.graded(task="layers")
def test_layers(probe):
    "doubles"
    assert_matches(probe("layers", x=torch.ones(2)), {"y": 2 * torch.ones(2)})

@pytest.mark.graded(task="training")
def test_training(probe):
    "triples"
    assert_matches(probe("training", x=torch.ones(2)), {"y": 3 * torch.ones(2)})
"""
LAYERS = "from cs236781.plot import FACTOR\n\ndef double(x):\n    return FACTOR * x\n"
TRAINING = "from .layers import double\n\ndef triple(x):\n    return double(x) + x\n"
PACKAGE = {"hw2/__init__.py": "", "hw2/layers.py": LAYERS, "hw2/training.py": TRAINING}
SUPPORT = {"cs236781/__init__.py": "", "cs236781/plot.py": "FACTOR = 2\n"}


@pytest.fixture(scope="module")
def homework(make_course, read_tiny, tmp_path_factory):
    """Return an assignment of a package with two modules, and a support package of the course's own."""
    folder = tmp_path_factory.mktemp("course")
    return read_tiny(make_course(folder, toml=TOML, probes=PROBES, checks=CHECKS, reference=PACKAGE | SUPPORT))


@pytest.fixture
def grade_path(homework, process_server, monkeypatch):
    """Return a function that grades a folder or an archive; a real fork server is shared by all tests."""
    import contextlib

    monkeypatch.setattr(
        "grader.grading.grade.start_server", lambda *_args, **_settings: contextlib.nullcontext(process_server)
    )

    def grade(path):
        results = []
        found = Found("handed-in", path)
        order = Order(homework.folder, homework, wall="process")
        grade_all(order, [Job(found)], report=lambda result, _digest: results.append(result))
        return results[0]

    return grade


@pytest.fixture(params=["folder", "zip"])
def hand_in(request, write_files, tmp_path):
    """Return a function that lays files out as a folder, or packs them as a zip, and returns the path."""

    def lay_out(files):
        folder = write_files(tmp_path / "handed-in", files)
        return folder if request.param == "folder" else shutil.make_archive(str(folder), "zip", folder)

    from pathlib import Path

    return lambda files: Path(lay_out(files))


def _below(folder, files=PACKAGE | SUPPORT):
    return {f"{folder}/{path}": content for path, content in files.items()}


LAYOUTS = {
    "as asked for": PACKAGE | SUPPORT,
    "the package only": PACKAGE,
    "one folder deeper": _below("hw2"),
    "another name": _below("Homework2"),
    "spaces": _below("My Homework 2 (final)"),
    "ids": _below("HW2_123_456", PACKAGE),
    "four folders deep": _below("a/b/c/d"),
    "upper case": {path.replace("hw2/", "HW2/"): content for path, content in PACKAGE.items()},
    "bare files": {path.removeprefix("hw2/"): content for path, content in PACKAGE.items()},
    "another package name": _below("homework2", {path.removeprefix("hw2/"): PACKAGE[path] for path in PACKAGE}),
    "a copy inside": PACKAGE | _below("hw2", {"hw2/layers.py": "raise SystemExit"}),
    "no __init__.py": {path: content for path, content in PACKAGE.items() if "__init__" not in path},
    "what tools leave": PACKAGE
    | {
        "hw2/__pycache__/layers.cpython-38.pyc": "x",
        "hw2/.ipynb_checkpoints/layers-checkpoint.py": "raise SystemExit",
        ".ipynb_checkpoints/Part1-checkpoint.ipynb": "{}",
        "__MACOSX/hw2/._layers.py": "x",
        ".git/config": "",
        "Part1_Backprop.ipynb": "{not even JSON",
        "main.py": "raise SystemExit",
        "results/exp1.json": "{}",
    },
    "their own cs236781": PACKAGE | {"cs236781/__init__.py": "", "cs236781/plot.py": "FACTOR = 7\n"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_package_is_found_wherever_it_lies(hand_in, grade_path, layout):
    """Right code earns every point however it was packed, and the course's own support files are used."""
    result = grade_path(hand_in(LAYOUTS[layout]))
    assert (result.points, result.max_points) == (15, 15)


def test_big_files_beside_the_package_are_left_out(hand_in, grade_path):
    """Weights and archives beside the package are not read, and the notes say so."""
    heavy = {"checkpoints/cnn.pt": b"0" * (2 << 20), "old.zip": b"PK", "submission.tar.gz": b"x", "small.pt": b"1"}
    result = grade_path(hand_in(PACKAGE | heavy))
    assert result.points == 15
    assert sorted(result.notes) == [
        "Left out `checkpoints/cnn.pt`: model weights over 1 MiB are not needed.",
        "Left out `old.zip`, `submission.tar.gz`: archives inside a submission are not opened.",
    ]


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbf" + LAYERS.encode(),
        LAYERS.replace("\n", "\r\n").encode(),
        LAYERS.replace("\n", "\r").encode(),
        "# -*- coding: latin-1 -*-\n# für alle\n".encode("latin-1") + LAYERS.encode(),
        b"\xef\xbb\xbf# -*- coding: utf-8 -*-\r\n" + LAYERS.replace("\n", "\r\n").encode(),
        LAYERS.replace("    ", "\t").encode(),
    ],
    ids=["BOM", "CRLF", "CR", "latin-1", "BOM and CRLF", "tabs"],
)
def test_files_as_editors_save_them(hand_in, grade_path, source):
    """A byte order mark, other line ends and a declared encoding change nothing, nor does the search for names."""
    result = grade_path(hand_in(PACKAGE | {"hw2/layers.py": source}))
    assert (result.points, result.flags) == (15, ())


def test_an_undeclared_encoding_is_told_with_its_line(hand_in, grade_path):
    """A file that Python itself can't read fails with Python's words, and only what needs it."""
    source = "NAME = 'für'\ndef triple(x):\n    return 3 * x\n".encode("latin-1")
    result = grade_path(hand_in(PACKAGE | {"hw2/training.py": source}))
    layers, training = (task.checks[0] for task in result.tasks)
    assert (result.points, layers.verdict, training.verdict) == (10, Verdict.PASSED, Verdict.CRASHED)
    assert "`hw2/training.py`" in training.feedback.message
    assert "not valid Python" in training.feedback.message


def test_a_module_that_is_not_installed_fails_only_what_needs_it(hand_in, grade_path):
    """A library that the machine lacks costs the tasks whose module imports it, and is named."""
    source = "import a_library_nobody_has\n" + TRAINING
    result = grade_path(hand_in(PACKAGE | {"hw2/training.py": source}))
    assert result.points == 10
    message = result.tasks[1].checks[0].feedback.message
    assert "it imports `a_library_nobody_has`, which is not there" in message


@pytest.mark.parametrize(
    ("files", "read"),
    [
        ({"data.txt": "2"}, 'open("data.txt").read()'),
        ({"hw2/data.txt": "2"}, 'open("hw2/data.txt").read()'),
        ({"hw2/data.txt": "2"}, "(pathlib.Path(__file__).parent / 'data.txt').read_text()"),
        ({"notes/a b.json": "2"}, 'json.load(open("notes/a b.json"))'),
    ],
)
def test_small_files_of_their_own_can_be_read(hand_in, grade_path, files, read):
    """A student's other small files are there, by the paths that they have beside the package."""
    source = f"import json\nimport pathlib\nFACTOR = int({read})\n\ndef double(x):\n    return FACTOR * x\n"
    assert grade_path(hand_in(_below("deep", PACKAGE | files | {"hw2/layers.py": source}))).points == 15


def test_a_file_that_was_left_out_fails_only_what_reads_it(hand_in, grade_path):
    """Weights that are too large to be read fail the module that loads them, with its line; the note says why."""
    source = "import torch\nWEIGHTS = torch.load('best.pt')\n" + TRAINING
    result = grade_path(hand_in(PACKAGE | {"hw2/training.py": source, "best.pt": b"0" * (2 << 20)}))
    assert result.points == 10
    assert "`hw2/training.py`, line 2" in result.tasks[1].checks[0].feedback.message
    assert "Left out `best.pt`: model weights over 1 MiB are not needed." in result.notes


def test_of_two_copies_one_is_taken_and_named(hand_in, homework):
    """Where two whole copies are handed in, the first by name is graded, and the note says which."""
    files = _below("a_final") | _below("b_old")
    submission = read_submission(Found("x", hand_in(files)), homework)
    assert submission.notes == ("The files were found in `a_final/`.",)
