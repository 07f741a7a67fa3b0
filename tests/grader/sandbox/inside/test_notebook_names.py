"""Tests of notebook_names: what is said of a name that a notebook does not give, by its first cause."""

import importlib
import sys

import pytest

from grader.notebooks.document import Cell, CellKind, Notebook, write_notebook
from grader.notebooks.plan import PLAN_FILE, NotebookPlan, NotebookState, write_plan
from grader.sandbox.inside.notebook_modules import describe_notebook, install_notebook
from grader.sandbox.inside.notebook_names import explain_in_notebook
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable


@pytest.fixture
def explain(tmp_path):
    """Return a function that imports a notebook of these cells and returns what is said of a name that it lacks."""

    def say(name, *sources, files=()):
        made = [source if isinstance(source, tuple) else (CellKind.CODE, source) for source in sources]
        cells = tuple(Cell(number, kind, text) for number, (kind, text) in enumerate(made, start=1))
        (tmp_path / "checks").mkdir()
        for file, text in dict(files).items():
            (tmp_path / file).write_text(text)
        (tmp_path / "n.ipynb").write_bytes(write_notebook(Notebook(cells)))
        (tmp_path / PLAN_FILE).write_bytes(write_plan(NotebookPlan("n.ipynb", (NotebookState("a_notebook"),))))
        install_notebook(tmp_path, import_s=10)
        module = importlib.import_module("a_notebook")
        try:
            getattr(module, name)
        except AttributeError as err:
            return str(explain_in_notebook(err)[0])
        return ""

    yield say
    sys.modules.pop("a_notebook", None)
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "NotebookFinder"]


DOWNLOAD = "import urllib.request\ndata = urllib.request.urlopen('http://example.org').read()"
CHAINS = {
    "itself": ("x = int('ten')", "x = x + 1"),
    "through another": ("x = int('ten')", "y = x", "x = y"),
    "a pair": ("x = int('ten')", "x, rest = x[:1], x[1:]"),
    "twice": ("x = int('ten')", "x = x + 1", "x = x * 2"),
    "in a function": ("x = int('ten')", "def f():\n    return x", "x = f()"),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_never_in_a_circle(chain, explain):
    """However names hang together, what failed first is told, once."""
    told = explain("x", *CHAINS[chain])
    assert "`x` is set in `cell 1`, line 1, which failed: `ValueError: invalid literal for int()" in told
    assert told.count("is not defined") == 1


def test_name_that_nothing_set(explain):
    """Where nothing above sets the name, the failure is told as it is."""
    assert explain("x", "x = x + 1") == "name 'x' is not defined"


@pytest.mark.parametrize(
    "cells", [[DOWNLOAD], [DOWNLOAD, "part = data[:3]"], [DOWNLOAD, "data = data[:3]", "part = data"]]
)
def test_download(cells, explain):
    """A download that can't be made is told as that, also by what would have used it."""
    told = explain("part" if "part" in cells[-1] else "data", *cells)
    assert "in `cell 1`, line 2, a download failed, for there is no network while this is graded" in told
    assert "is not defined" not in told


def test_download_of_another_data_set(explain):
    """Of torchvision's data sets it is said which one was meant, and which one is there."""
    make_torchvision_importable()
    datasets = importlib.import_module("torchvision.datasets")
    stand_in = type("FashionMNIST", (), {"__module__": "probes"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "FashionMNIST", stand_in)
        told = explain(
            "train_data", "import torchvision", "train_data = torchvision.datasets.MNIST('.', download=True)"
        )
    assert "the download of `MNIST` failed" in told
    assert told.endswith("the assignment uses `FashionMNIST`.")


def test_seen_elsewhere(explain):
    """A class in a text cell is named with its place; so is a file that `%run` brings."""
    told = explain("MLP", "import torch", (CellKind.MARKDOWN, "class MLP:\n    pass"))
    assert told == (
        "Your notebook's code has no `MLP`. It is written in cell 2, a text cell (Markdown): nothing in it runs. Make "
        "it a code cell."
    )


def test_seen_in_a_file(explain):
    """A class in a file that `%run` brings is named with file, cell and remedy."""
    told = explain("MLP", "%run models.py", files={"models.py": "class MLP:\n    pass\n"})
    assert "It stands in `models.py`, which cell 1 brings with `%run models.py`" in told
    assert "`from models import MLP`" in told


def test_which_definition_counts(explain):
    """Of several definitions the last one that ran counts; equal ones are no several."""
    one, other = "class A:\n    x = 1", "class A:\n    x = 2"
    explain("none", one, one, "class B:\n    pass", "class B:\n    x = unknown", "def f():\n    pass", "f = int")
    assert describe_notebook()["twice"] == [["B", [3, 4], 3]]
    assert other != one
