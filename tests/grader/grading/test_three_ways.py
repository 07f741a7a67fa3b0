"""Tests that `grader check`, `%check` and `grader grade` say the same of the same work, whatever is odd about it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.course import read_assignment, read_kit
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.sandbox.outside.walls import Wall
from grader.submissions.submission import Found

COURSE = Path(__file__).parents[1] / "sample_courses" / "notebook-mini"
KIT = COURSE / "student_template" / "notebook-mini"
SCRIPT = Path(__file__).with_name("kernel_of_cases.py")
SETUP = "import torch\nfrom torch import nn\nimport numpy as np\nimport matplotlib.pyplot as plt"
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
TRAINING = """\
model = MLP(4, 2, [8])
for epoch in range(3):
    model(torch.ones(3, 4)).square().mean().backward()
    for p in model.parameters(): p.data -= 0.1 * p.grad
"""


def cells(setup=SETUP, mlp=MLP, optimizer=OPTIMIZER, before=(), between=(), after=()):
    return [setup, *before, mlp, "# check-mlp", *between, optimizer, "# check-optimizer", *after]


def all_of(statements):
    """Return one notebook with all statements, each a cell; its MLP needs what each of them has set."""
    kept = [f"{statement}\nSET[{name!r}] = WIDTH; del WIDTH" for name, (_value, statement) in statements.items()]
    wanted = {name: value for name, (value, _statement) in statements.items()}
    start = f"        if SET != {wanted!r}: raise ValueError(SET)\n        super().__init__()"
    return cells(before=["SET = {}", MLP, *kept], mlp=MLP.replace("        super().__init__()", start))


COUNTER = "class Counter:\n    n = 0\n    def step(self): self.n += 1; return self.n\n"
# Nothing here is asked for by the task; a student's kernel runs it, so all of it has to count.
STATEMENTS = {
    "train_transform": (3, "def train_transform(x): return x + 1\nWIDTH = train_transform(2)"),
    "fit_line": (4, "def fit_line(n): return 2 * n\nWIDTH = fit_line(2)"),
    "train_test_split": (2, "def train_test_split(x): return x[:1], x[1:]\nWIDTH = len(train_test_split('ab')) "),
    "counter.step": (1, f"{COUNTER}WIDTH = Counter().step()"),
    "backward of its own": (5, "class Node:\n    def backward(self): return 5\nWIDTH = Node().backward()"),
    "px.numel": (9, "px = torch.zeros(3, 3)\nWIDTH = px.numel()"),
    "show": (1, "def show(x): return x\ndef plot_all(x): return show(x)\nWIDTH = plot_all(1)"),
    "plt in a default": (1, "def draw(x, axes=plt.figure().gca()): return x\nWIDTH = draw(1)"),
    "plt in a loop": (2, "for WIDTH in range(3):\n    plt.plot([WIDTH])"),
    "plt.style in a with": (7, "with plt.style.context('ggplot'):\n    WIDTH = 7"),
    "plt.subplots": (2, "figure, axes = plt.subplots(1, 2)\nWIDTH = len(axes)\nplt.show()"),
    "input in a dead branch": (3, "if False:\n    WIDTH = input()\nelse:\n    WIDTH = 3"),
    "input that is caught": (6, "try:\n    WIDTH = int(input())\nexcept Exception:\n    WIDTH = 6"),
    "download that is caught": (
        2, "from urllib.request import urlopen\ntry:\n    urlopen('http://example.org')\nexcept OSError:\n    WIDTH = 2"
    ),
    "gradient of a tensor": (4, "w = torch.tensor(2.0, requires_grad=True)\n(w ** 2).backward()\nWIDTH = w.grad"),
    "cache": (1, "import os\nos.makedirs('runs/a', exist_ok=True)\nWIDTH = len(os.listdir('runs'))"),
    "saved and loaded": (2, "torch.save({'w': 2}, 'w.pt')\nWIDTH = torch.load('w.pt')['w']"),
    "seeds": (1, "torch.manual_seed(0)\nnp.random.seed(0)\nWIDTH = 1"),
    "assertions": (2, "WIDTH = 2\nassert WIDTH == 2"),
    "dataclass": (
        3, "from dataclasses import dataclass\n@dataclass\nclass Config:\n    width: int = 3\nWIDTH = Config().width"
    ),
    "threads": (
        2, "import threading\ndef go(): global WIDTH; WIDTH = 2\none = threading.Timer(0, go)\none.start()\none.join()"
    ),
    "await": (1, "import asyncio\nasync def work(): return 1\nWIDTH = await work()"),
}  # fmt: skip
SOUND = {
    "what only looks like training, plotting or asking": all_of(STATEMENTS),
    "plain": cells(),
    "training below": cells(after=[TRAINING]),
    "module written by a cell": cells(
        before=["%%writefile sizes.py\ndef pairs(s): return list(zip(s, s[1:]))", "from sizes import pairs"],
        mlp=MLP.replace("zip(sizes, sizes[1:])", "pairs(sizes)"),
    ),
    "files written by cells": cells(
        before=[
            "%%writefile pairs.json\n[1, 2,", "%%file -a 'pairs.json'\n3]", "%%file own_sizes.py\nimport json",
            "%%writefile --append own_sizes.py\ndef pairs(s): return list(zip(s, s[1:]))\nread = json.load",
            "from own_sizes import pairs, read\nassert_sum = 6 / (sum(read(open('pairs.json'))) == 6)",
        ],
        mlp=MLP.replace("zip(sizes, sizes[1:])", "pairs(sizes) if assert_sum == 6 else 1 / 0"),
    ),
    "magics with an effect": cells(
        before=[
            "import os\n%env OWN_WIDTH=5\n%set_env OWN_DEPTH 2\nwidth = int(os.environ['OWN_WIDTH'])",
            "!mkdir -p models/own\nopen('models/own/a.txt', 'w').write('1')",
            "%mkdir plots\nopen('plots/b', 'w').close()",
            "lines = !echo 5\nfirst = int(lines[0])",
            "%%capture out\nprint(1)",
            "out.show()\nassert isinstance(out.stdout, str) and isinstance(Out, dict) and len(In) > 0",
            "get_ipython().user_ns['OWN'] = 3",
            "get_ipython().run_cell_magic('time', '', 'FOUR = 4\\n')\nget_ipython().run_line_magic('env', 'SIX=6')",
            "get_ipython().system('mkdir -p saved')\nopen('saved/c', 'w').close()",
            "two = get_ipython().getoutput('echo 2')",
            "OKAY = [width, first, OWN, FOUR, os.environ['SIX'], list(two)] == [5, 5, 3, 4, '6', ['2']]",
        ],
        mlp=MLP.replace("zip(sizes, sizes[1:])", "zip(sizes, sizes[1:]) if OKAY else 1 / 0"),
    ),
    "failing cells": cells(before=["1 / 0"], between=["undefined", "assert False"], after=["raise ValueError"]),
    "cell that is no Python": cells(before=["def broken(:\n    pass"]),
    "patched later": [
        SETUP, MLP.replace("return self.layers(x)", "return None"), "MLP.forward = lambda self, x: self.layers(x)",
        "# check-mlp", OPTIMIZER, "# check-optimizer",
    ],
    "defined again below": cells(after=["class MLP:\n    pass", "SGDMomentum = None"]),
}  # fmt: skip
# Each loses something, and the same in all three ways.
FAULTY = {
    "blank": cells(mlp="class MLP(nn.Module):\n    def __init__(self, *sizes):\n        raise NotImplementedError"),
    "missing": cells(mlp=""),
    "other name": cells(mlp=MLP.replace("class MLP", "class Net")),
    "last activation": cells(mlp=MLP.replace("layers[:-1]", "layers")),
    "crash": cells(mlp=MLP.replace("return self", "return selv")),
    "forbidden": cells(optimizer="class SGDMomentum(torch.optim.SGD):\n    pass"),
    "no momentum": cells(optimizer=OPTIMIZER.replace("alpha=1 - self.momentum", "alpha=1.0")),
    "overwritten above its check": cells(mlp=f"{MLP}\nMLP = 3"),
}


def notebook(sources):
    rows = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": rows}).encode()


def patient(assignment):
    """Return the assignment with time enough on a busy machine: what is compared here are verdicts."""
    notebook = replace(assignment.notebook, statement_s=10.0)
    return replace(assignment, notebook=notebook, limits={**assignment.limits, "import_s": 60})


def in_kernel(kit, notebooks):
    """Return what `%check` says of each notebook, {name: {check: verdict}}."""
    tasks = [task.name for task in read_kit(kit).tasks if not task.long]
    given = {
        "notebooks": {name: [("", source) for source in sources] for name, sources in notebooks.items()},
        "tasks": dict.fromkeys(notebooks, tasks),
    }
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(kit)],
        input=json.dumps(given), capture_output=True, text=True, timeout=400, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def graded(assignment, submissions, *, wall, folder, write_files, grade):
    """Return what a grading says of each submission, a dict of files: {name: {check: verdict}}."""
    founds = [Found(name, write_files(folder / name, files)) for name, files in submissions.items()]
    told = {}

    def report(result, _digest):
        told[result.submission] = {one.name: one.verdict for task in result.tasks for one in task.checks}

    grade(Order(assignment.folder, assignment, wall=wall), map(Job, founds), report=report)
    return told


@pytest.fixture(scope="module")
def ways(grade_found, write_files, tmp_path_factory):
    """Return what each of the three ways says of all notebooks."""
    folder = tmp_path_factory.mktemp("ways")
    notebooks = SOUND | FAULTY
    files = {name: {"notebook_mini.ipynb": notebook(sources)} for name, sources in notebooks.items()}
    at_home = lambda order, jobs, *, report: grade_found(  # noqa: E731
        order.assignment, [job.found for job in jobs], report=report, wall=order.wall
    )
    own, theirs = map(patient, (read_kit(KIT), read_assignment(COURSE, "notebook-mini")))
    return {
        "check": graded(own, files, wall=Wall.PROCESS, folder=folder / "own", write_files=write_files, grade=at_home),
        "grade": graded(
            theirs, files, wall=Wall.BUBBLEWRAP, folder=folder / "all", write_files=write_files, grade=grade_all
        ),
        "%check": in_kernel(KIT, notebooks),
    }


@pytest.mark.parametrize("name", SOUND)
def test_what_runs_in_the_kernel_counts(ways, name):
    """A solution that works in its author's kernel passes every check in all three ways."""
    told = {way: {check for check, verdict in rows[name].items() if verdict != "passed"} for way, rows in ways.items()}
    assert told == {"check": set(), "grade": set(), "%check": set()}
    assert all(rows[name] for rows in ways.values())


@pytest.mark.parametrize("name", FAULTY)
def test_what_is_wrong_is_wrong_everywhere(ways, name):
    """A fault gets the same verdicts in all three ways."""
    assert ways["check"][name] == ways["grade"][name] == ways["%check"][name]
    assert set(ways["check"][name].values()) != {"passed"}
