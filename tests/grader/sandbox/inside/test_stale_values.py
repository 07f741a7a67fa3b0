"""Tests of stale_values: what a stopped training would have changed is known, and computed as a kernel computes it."""

from types import ModuleType

import pytest
import torch

from grader.notebooks.document import Cell, CellKind
from grader.sandbox.inside.definitions import NotebookRun, Pace

SETUP = """\
import torch
from torch import nn

def learn(model, steps=2):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).square().sum().backward()
        optimizer.step()
    return float(model(torch.ones(1, 2)).square().sum())

def make():
    torch.manual_seed(3)
    return nn.Linear(2, 1)

"""
# What a notebook computes for `value`; the training in it is stopped while the notebook is imported.
STALE = {
    "found by a search": "value = None\nfor lr in (0.1, 0.2):\n    learn(make())\n    value = lr",
    "the best so far": "value, least = None, 9e9\nfor n in (1, 2):\n    loss = learn(make(), n)\n    if loss < least:\n"
    "        value, least = n, loss",
    "filled list": "value = []\nfor n in (1, 2):\n    value.append(learn(make(), n))",
    "filled dictionary": "value = {'a': 0}\nfor n in (1, 2):\n    value[n] = learn(make(), n)",
    "filled dictionary below a key": "value = {'a': []}\nfor n in (1, 2):\n    value['a'].append(learn(make(), n))",
    "counted": "value = 5\nfor n in (1, 2):\n    learn(make(), n)\n    value += n",
    "set again": "value = 0\nvalue = learn(make())",
    "trained model": "value = make()\nlearn(value)",
    "trained in a loop at the top": "value = make()\nfor _ in range(3):\n    loss = value(torch.ones(1, 2)).sum()\n"
    "    loss.backward()\n    with torch.no_grad():\n        value.weight -= 0.1 * value.weight.grad",
    "computed from it": "best = 0\nbest = learn(make())\nvalue = best * 2",
    "computed from it twice": "best = 1\nfor n in (3, 4):\n    learn(make())\n    best = n\n"
    "half = best / 2\nvalue = [half]",
    "through a function": "best = 1\nfor n in (3, 4):\n    learn(make())\n    best = n\ndef value(): return best",
    "through two functions": "best = 1\nfor n in (3, 4):\n    learn(make())\n    best = n\ndef inner(): return best\n"
    "def value(): return inner() + 1",
    "through a method": "best = 1\nfor n in (3, 4):\n    learn(make())\n    best = n\nclass value:\n"
    "    def __call__(self): return best\nvalue = value()",
    "in a branch": "value = 0\nif True:\n    learn(make())\n    value = 7",
    "in a try": "value = 0\ntry:\n    learn(make())\n    value = 7\nfinally:\n    done = True",
    "in a with": "value = 0\nwith torch.enable_grad():\n    learn(make())\n    value = 7",
    "two trainings": "value = []\nvalue.append(learn(make(), 1))\nvalue.append(learn(make(), 2))",
}
# A training is stopped, and `value` is what it is all the same.
FRESH = {
    "above": "value = 3\nother = 0\nother = learn(make())",
    "set below": "value = 0\nfor n in (1, 2):\n    learn(make())\n    value = n\nvalue = 5",
    "a function above": "def value(): return 4\nlearn(make())",
    "a class": "class value:\n    def __call__(self): return 4\nvalue = value()\nlearn(make())",
    "a model that nobody trains": "value = make()\nlearn(make())",
    "no training": "value = None\nfor value in (1, 2):\n    pass",
}


def plain(value):
    """Return what can be compared of a value: a model's numbers, what a function returns."""
    if isinstance(value, torch.nn.Module):
        return [parameter.tolist() for parameter in value.parameters()]
    return value() if callable(value) else value


def by_kernel(source):
    """Return what a kernel computes."""
    space = {"__name__": "kernel"}
    exec(compile(SETUP + source, "kernel", "exec"), space)
    return plain(space["value"])


@pytest.fixture
def imported(tmp_path):
    """Return a function that imports a notebook: its run and its module."""

    def run(source):
        module = ModuleType("notebook")
        cells = [Cell(1, CellKind.CODE, SETUP), Cell(2, CellKind.CODE, source)]
        one = NotebookRun(cells, module, root=tmp_path, end=None, pace=Pace(5.0, 20.0))
        one.run()
        return one, module

    return run


@pytest.mark.parametrize("name", STALE)
def test_a_stale_value_becomes_the_kernels(imported, name):
    """What a training would have changed is known, and is the kernel's once that has run; then it is stale no more."""
    run, module = imported(STALE[name])
    assert run.is_stale("value")
    assert plain(module.value) != by_kernel(STALE[name])
    run.refresh("value", seconds=20)
    assert plain(module.value) == by_kernel(STALE[name])
    assert not run.is_stale("value")


@pytest.mark.parametrize("name", FRESH)
def test_what_no_training_changes_is_not_stale(imported, name):
    """A value that a stopped training has nothing to do with is the kernel's, and nothing is run for it."""
    run, module = imported(FRESH[name])
    assert not run.is_stale("value")
    assert plain(module.value) == by_kernel(FRESH[name])
