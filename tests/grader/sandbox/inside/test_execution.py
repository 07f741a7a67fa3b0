"""Tests of grader.sandbox.inside.execution: whole notebooks run in a kernel of their own behind the wall."""

import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from grader.courses.course import read_assignment
from grader.grading.notebook_execution import make_executed_copy
from grader.grading.opening import limits_of
from grader.submissions.submission import Found, read_submission

COURSE = Path(__file__).parents[2] / "sample_courses" / "notebook-mini"


def notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


@pytest.fixture(scope="module")
def assignment():
    """Return the notebook mini assignment, with little time for a run."""
    found = read_assignment(COURSE, "notebook-mini")
    return replace(found, notebook=replace(found.notebook, cell_s=3.0, execute_s=60.0))


@pytest.fixture(scope="module")
def executed(assignment, walled_server, tmp_path_factory):
    """Return a function that runs cells as a whole behind the wall: the notebook that is kept, and the notes."""

    def run(*sources, **settings):
        path = tmp_path_factory.mktemp("whole") / "notebook_mini.ipynb"
        path.write_bytes(notebook(*sources))
        submission = read_submission(Found("alice", path), assignment)
        timed = replace(assignment, notebook=replace(assignment.notebook, **settings))
        kept = make_executed_copy(walled_server, timed, submission, limits=limits_of(assignment))
        return (nbformat.reads(kept.notebook.decode(), 4) if kept.notebook else None), kept.notes

    return run


def test_torchvision(executed):
    """Torchvision can be imported in the kernel, also where its compiled operators are not for this torch."""
    cells = ["from torchvision import transforms\nprint(transforms.Compose([]))", PRELOADED]
    whole, notes = executed(*cells, cell_s=40.0)
    assert notes == ("The whole notebook ran without an error.",)
    assert whole.cells[0].outputs[0].text.startswith("Compose(")


PLOTS = [
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()",
    "plt.plot([2, 1])",
    "%matplotlib notebook\nplt.plot([1])",
    "%matplotlib widget\nplt.plot([1])",
    "%matplotlib qt\nplt.plot([1])",
    "import matplotlib\nmatplotlib.use('TkAgg')\nplt.plot([1]); plt.show()",
    "plt.switch_backend('Agg')\nplt.plot([1]); plt.show()",
    "%matplotlib\nfigure, axes = plt.subplots(2)",
    "get_ipython().run_line_magic('matplotlib', 'inline')\nplt.imshow([[1]])",
    "import numpy as np\nplt.hist(np.ones(3)); plt.show()",
]
WIDGETS = [
    "from tqdm.notebook import tqdm, trange\nfor i in tqdm(trange(2)): pass",
    "from tqdm.auto import tqdm\nlist(tqdm(range(2)))",
    "import ipywidgets as widgets\nwidgets.IntSlider(value=3, min=1).value",
    "from ipywidgets import interact\n@interact(n=(0, 10))\ndef draw(n): print('drawn', n)",
    "interact(lambda text: print(text), text=['first', 'second']);",
    "box = widgets.VBox([widgets.Button(), widgets.Output()])\ndisplay(box)",
    "out = widgets.Output()\nwith out:\n    print('shown')",
    "slider = widgets.FloatSlider()\nslider.observe(print, names='value')",
    "from ipywidgets import fixed, Layout, HBox\nwidgets.HTML(value='<b>x</b>', layout=Layout(width='3px'))",
    "choice = widgets.Dropdown(options=['a', 'b'])\nchoice.value",
]


def test_plots_and_widgets(executed):
    """Every plot is in the copy, whatever backend is asked for or none; bars and widgets fail no cell."""
    whole, notes = executed(*PLOTS, *WIDGETS, cell_s=40.0)
    assert notes == ("The whole notebook ran without an error.",)
    has_image = ["image/png" in str([output.get("data") for output in cell.outputs]) for cell in whole.cells]
    assert has_image == [True] * len(PLOTS) + [False] * len(WIDGETS)
    assert [text_of(cell).strip() for cell in whole.cells[-7:-5]] == ["drawn 5", "first"]


PRELOADED = "import os\nassert not [value for value in os.environ.values() if value.startswith('/preload')]"


@pytest.fixture(scope="module")
def odd(executed):
    """Return a notebook of odd cells after its run, and the notes."""
    return executed(
        "print('first')",
        "1 / 0",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "while True: pass",
        "input('name')",
        "!pip install x\n%pip install y\n!grader check",
        "from IPython.display import HTML\nHTML('<script>alert(1)</script>')",
        "import socket; socket.create_connection(('127.0.0.1', 80))",
        "for i in range(10**6): print(i)",
        "%%bash\necho from bash",
        "def broken(:",
        "2 + 2",
    )


def text_of(cell):
    return "".join(output.get("text", "") or str(output.get("data", {}).get("text/plain")) for output in cell.outputs)


def test_valid(odd):
    """What is kept is a valid notebook with all cells in order."""
    kept, _notes = odd
    nbformat.validate(kept)
    assert [cell.id for cell in kept.cells][:2] == ["cell-1", "cell-2"]
    assert (text_of(kept.cells[0]), text_of(kept.cells[-1])) == ("first\n", "4")


def test_errors_are_kept(odd):
    """A cell that fails is noted and keeps its error; the cells after it run."""
    kept, notes = odd
    assert kept.cells[1].outputs[0].ename == "ZeroDivisionError"
    assert "\x1b" not in kept.cells[1].outputs[0].traceback[0]
    assert " of 12 cells failed, cell 2 first." in notes[0]
    assert notes[1:4] == (
        "Run as a whole: cell 2 raised `ZeroDivisionError: division by zero`.",
        "Run as a whole: cell 4 ran too long and was stopped.",
        "Run as a whole: cell 5 raised `StdinNotImplementedError: raw_input was called, but this frontend does not "
        "support input requests.`.",
    )
    assert kept.cells[10].outputs[0].ename == "SyntaxError"


def test_images_are_kept(odd):
    """Plots are kept as images."""
    kept, _notes = odd
    assert kept.cells[2].outputs[-1].data["image/png"].startswith("iVBOR")


def test_nothing_is_installed(odd):
    """pip says that it does nothing, and the grader does not call itself."""
    said = text_of(odd[0].cells[5])
    assert said.count("The grader has no network: nothing was installed.") == 2
    assert "does not check a notebook while it runs it" in said


def test_nothing_to_run_is_kept(odd):
    """HTML and scripts are left out, their plain form stays."""
    kept, _notes = odd
    assert "script" not in json.dumps(kept.cells[6].outputs)
    assert text_of(kept.cells[6]) == "<IPython.core.display.HTML object>"


def test_no_network(odd):
    """There is no network in the kernel, not even a loopback."""
    assert odd[0].cells[7].outputs[0].output_type == "error"


def test_outputs_are_bounded(odd):
    """Of endless output the beginning and the end are kept, and that something is missing."""
    said = text_of(odd[0].cells[8])
    assert said.startswith("0\n1\n")
    assert len(said) < 60_000
    assert "left out" in said


def test_dead_kernel(executed):
    """A cell that ends the kernel ends the run, and is named."""
    kept, notes = executed("print(1)", "import os\nos.kill(os.getpid(), 9)", "print(3)")
    assert notes[0] == "Run as a whole: 1 of 3 cells failed, cell 2 first."
    assert "Run as a whole: cell 2 ended the kernel" in notes[1]
    assert "ended early" in notes[2]
    assert [text_of(cell) for cell in kept.cells] == ["1\n", "", ""]


def test_total_time(executed):
    """After the time for the whole notebook no further cell is started, and what ran is kept."""
    kept, notes = executed("print(1)", "import time\ntime.sleep(2)", "print(3)", execute_s=2.0)
    assert text_of(kept.cells[0]) == "1\n"
    assert "ended early" in notes[-1]
    assert text_of(kept.cells[2]) == ""


def test_whole_memory(executed):
    """A notebook that goes over the memory of a submission leaves no copy, and a note."""
    greedy = "import os, time\nfor _ in range(3): os.fork()\nx = b'x' * (300 << 20)\ntime.sleep(2.5)"
    kept, notes = executed(greedy)
    assert kept is None
    assert "memory" in notes[0]
