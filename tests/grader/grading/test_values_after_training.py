"""Tests of values that a notebook's training sets: right work loses nothing, though trainings are stopped at import."""

import pytest

from grader.results.verdict import Verdict

TOML = """\
title = "Searching"

[submission]
kind = "notebook"
required = ["nb.ipynb"]
editable = ["*.py", "*.ipynb"]

[limits]
wall_s = 5

[tasks.search]
title = "A search"
points = 6

[tasks.alone]
title = "One check"
points = 4
"""
PROBES = """\
from grader.probes import probe

@probe(needs=["notebook"])
def best(*, twice):
    import notebook

    return {"best": notebook.best, "twice": notebook.double() if twice else None}
"""
CHECKS = """\
import pytest
from grader.compare import assert_kinds

@pytest.mark.graded(task="search", grounds="line 1: a search for the best learning rate")
def test_best(probe):
    "The search finds the best learning rate"
    actual = probe("best", twice=False)
    assert actual["best"] == 0.2, f"`best` is {actual['best']}; expected 0.2."

@pytest.mark.graded(task="search", grounds="line 2: twice the best one")
def test_twice(probe):
    "What is found is used"
    actual = probe("best", twice=True)
    assert actual["twice"] == 0.4, f"Twice as much is {actual['twice']}; expected 0.4."

@pytest.mark.graded(task="alone", grounds="line 1: a search for the best learning rate")
def test_alone(probe):
    "The search finds it here, too"
    actual = probe("best", twice=False)
    assert actual["best"] == 0.2, f"`best` is {actual['best']}; expected 0.2."
"""
RIGHT = """\
# %%
import torch
from torch import nn

def learn(lr):
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    return abs(lr - 0.2)

# %%
best, least = None, 9.0
for lr in (0.1, 0.2, 0.3):
    loss = learn(lr)
    if loss < least:
        best, least = lr, loss

# %%
def double():
    return 2 * best
"""
NOTEBOOKS = {
    "right": RIGHT,
    "set below": RIGHT + "\n# %%\nbest = 0.2\n",
    "wrong": RIGHT.replace("lr - 0.2", "lr - 0.3"),
    "never found": RIGHT.replace("best, least = lr, loss", "least = loss"),
    "never ends": RIGHT.replace("    loss =", "    while learn(lr) < 9: pass\n    loss ="),
    "fails": RIGHT.replace("        best,", "        raise OSError\n        best,"),
}


@pytest.fixture(scope="module")
def graded(make_course, read_tiny, grade_many, tmp_path_factory):
    """Return the results of the notebooks above, each graded once."""
    folder = tmp_path_factory.mktemp("after-training")
    course = make_course(folder / "course", toml=TOML, probes=PROBES, checks=CHECKS, reference={"nb.py": RIGHT})
    found = {name.replace(" ", "-"): {"nb.py": text} for name, text in NOTEBOOKS.items()}
    return grade_many(read_tiny(course), found, folder=folder / "in")


@pytest.mark.parametrize(
    ("name", "points"),
    [("right", 10), ("set below", 10), ("wrong", 0), ("never found", 0), ("never ends", 0), ("fails", 0)],
)
def test_what_a_training_sets_counts(graded, name, points):
    """What the training sets is what is graded, in shared processes and alone; nobody is flagged for that."""
    result = graded[name.replace(" ", "-")]
    assert (result.points, result.max_points, result.flags) == (points, 10, ())


@pytest.mark.parametrize(("name", "found"), [("wrong", "0.3"), ("never found", "None"), ("never ends", "None")])
def test_what_is_said_is_of_the_value(graded, name, found):
    """A wrong value is told as it is after the training, or where that doesn't end, as it was before."""
    check = graded[name.replace(" ", "-")].tasks[0].checks[0]
    assert check.verdict is Verdict.WRONG
    assert check.feedback.message.startswith(f"`best` is {found}; expected 0.2.")
