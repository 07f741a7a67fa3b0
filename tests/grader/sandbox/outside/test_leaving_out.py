"""Tests of leaving_out and import_watch: a statement that ends the process costs itself, in notebooks and packages."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.sandbox.outside.leaving_out import LeavingOut
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import NOTEBOOK, Ending, ProbeCall, ProbeOutcome

COURSE = Path(__file__).parents[2] / "sample_courses" / "notebook-mini"
SETUP = "import torch\nfrom torch import nn"
MLP = """\
class MLP(nn.Module):
    def __init__(self, input_size, num_classes, hidden_sizes):
        super().__init__()
        sizes = [input_size, *hidden_sizes, num_classes]
        layers = []
        for before, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
"""
OPTIMIZER = """\
class SGDMomentum:
    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.averages = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        for p, average in zip(self.params, self.averages):
            average.mul_(self.momentum).add_(p.grad, alpha=1 - self.momentum)
            p -= self.lr * average
"""
CRASHES = "it ends Python itself: compiled code crashed, or a signal killed it"
# Each ends the process that imports it, past everything that Python could stop.
ENDINGS = {
    "null pointer": "import ctypes\nctypes.string_at(0)",
    "abort of the C library": "import ctypes; ctypes.CDLL(None).abort()",
    "exit of the C library": "import ctypes\nctypes.CDLL(None)._exit(0)",
    "kill past the module os": "import ctypes, os\nctypes.CDLL(None).kill(os.getpid(), 9)",
    "segmentation fault": "import ctypes, os\nctypes.CDLL(None).raise_(11) if False else ctypes.memset(8, 1, 1)",
    "faulthandler": "import faulthandler\nfaulthandler._sigsegv()",
    "fatal error": "import ctypes\nctypes.pythonapi.Py_FatalError(b'no')",
    "posix": "import posix\nposix._exit(3)",
    "in a function": "import ctypes\ndef deep(n): return deep(n - 1) if n else ctypes.string_at(0)\ndeep(3)",
    "in a loop": "import ctypes\nfor i in range(3):\n    if i == 2: ctypes.string_at(0)",
    "in a with": "import ctypes, contextlib\nwith contextlib.suppress(BaseException):\n    ctypes.string_at(0)",
    "recursion in C": "import sys\nsys.setrecursionlimit(10**7)\nx = []\nfor i in range(10**6): x = [x]\nrepr(x)",
    "memory": "import mmap\nkept = []\nwhile kept := [*kept, mmap.mmap(-1, 9**8)]:\n    kept[-1][:] = bytes(9**8)",
}


def notebook(sources):
    rows = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": rows}).encode()


def test_first_try_is_careful():
    """After a death statements are told; only one at which the process dies again is left out, five at most."""
    one = LeavingOut(is_notebook=True, limits=Limits())
    died = ProbeOutcome(Ending.KILLED)
    assert not one.learn(ProbeOutcome(Ending.RAISED), ("a.py", 1, 0))
    assert one.settings == {"careful": False, "left out": []}
    assert one.learn(died, None)
    assert one.settings == {"careful": True, "left out": []}
    assert not one.learn(died, None)
    assert all(one.learn(died, ("a.py", line, 0)) for line in range(5))
    assert not one.learn(died, ("a.py", 4, 0))
    assert not one.learn(died, ("a.py", 9, 0))
    assert one.settings["left out"][0] == ["a.py", 0, 0, CRASHES]


def test_a_file_that_never_ends_is_told_as_that():
    """A notebook's statement that nothing could stop is left out; a package whose import takes too long timed out."""
    late = ProbeOutcome(Ending.TIMED_OUT)
    package, notebook = (
        LeavingOut(is_notebook=is_notebook, limits=Limits(import_s=9)) for is_notebook in (False, True)
    )
    assert not package.learn(late, ("a.py", 1, 0))
    assert notebook.learn(late, None)
    assert notebook.learn(late, ("cell 3", 1, 0))
    assert notebook.settings["left out"] == [["cell 3", 1, 0, "it took longer than 9 s, and nothing could stop it"]]


def test_the_import_goes_on_below(plain_server, open_on, call):
    """Whatever ends the process while a package is imported, its statement is left out; above and below are there."""
    for name, ending in ENDINGS.items():
        text = f'"""Text."""\ndef above(): return 1\n{ending}\ndef below(): return __doc__\n'
        sandbox = open_on(plain_server, text)
        told = name, call(sandbox, "below").outputs, call(sandbox, "above").outputs
        assert told == (name, {"result": "Text."}, {"result": 1})
        ((file, line, why),) = sandbox.run(ProbeCall(NOTEBOOK, {})).outputs["left_out"]
        assert (file, 3 <= line <= 2 + ending.count("\n") + 1) == ("student.py", True)
        assert why == ("it held more than 600 MiB of memory" if name == "memory" else CRASHES)


def test_behind_the_wall_too(walled_server, open_on, call):
    """Behind the wall the same is left out; of several files it is the file that was being run that is told."""
    files = {
        "helper.py": b"import ctypes\nok = 1\nctypes.string_at(0)\nlast = 2\n",
        "other.py": b"import os, ctypes\nctypes.CDLL(None).kill(os.getpid(), 9)\nfrom helper import last\n",
    }
    text = "import helper\nfrom other import last\nimport posix; posix._exit(0)\ndef both(): return last, helper.ok\n"
    sandbox = open_on(walled_server, text, files=files)
    assert call(sandbox, "both").outputs == {"result": [2, 1]}
    rows = sandbox.run(ProbeCall(NOTEBOOK, {})).outputs["left_out"]
    assert [(file, line) for file, line, _why in rows] == [("helper.py", 3), ("other.py", 2), ("student.py", 3)]


def test_what_needs_it_says_so(plain_server, open_on, call):
    """A name that only a statement sets which ended the process is missing, and the reason is told."""
    sandbox = open_on(plain_server, "import ctypes\nvalue = ctypes.string_at(0)\ndef f(): return value\n")
    outcome = call(sandbox, "f")
    assert outcome.error.message == (
        f"name 'value' is not defined (`value` is only set in `student.py`, line 2, which was left out: {CRASHES})"
    )


def test_without_end(plain_server, open_on, call):
    """A submission that ends its process again and again is given up, and its ending told."""
    outcome = call(open_on(plain_server, "import ctypes\n" + "ctypes.string_at(0)\n" * 9), "f")
    assert (outcome.ending, outcome.detail) == (Ending.KILLED, "ended while its modules were imported")


NOTEBOOK_ENDINGS = {
    **{name: ENDINGS[name] for name in ("null pointer", "posix", "in a with", "memory")},
    "restart of Colab": "import os\nos.kill(os.getpid(), 9)",
    "exit of os": "import os\nos._exit(1)",
    "loop in C": "n = 9 ** 9 ** 9",
}


@pytest.mark.parametrize("name", NOTEBOOK_ENDINGS)
def test_notebooks(grade_many, tmp_path, name):
    """A cell that ends the process is named with its line; what stands above and below it is graded."""
    assignment = read_assignment(COURSE, "notebook-mini")
    assignment = replace(assignment, limits={**assignment.limits, "import_s": 4})
    ending = NOTEBOOK_ENDINGS[name]
    sources = [SETUP, MLP, ending, "# check-mlp", OPTIMIZER, "# check-optimizer"]
    result = grade_many(assignment, {"a": {"notebook_mini.ipynb": notebook(sources)}}, folder=tmp_path)["a"]
    assert result.points == 10
    (note,) = [note for note in result.notes if note.startswith("cell 3")]
    assert "did not run: it " in note
