"""Tests of grader.grading.carrying: a fault costs once, and points are only ever saved."""

import pytest

from grader.results.verdict import Verdict

TOML = """\
title = "Carried"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 2.0
import_s = 3.0
[tasks.double]
title = "Doubling"
points = 4
parts = ["student.double"]
[tasks.quad]
title = "Four times"
points = 6
builds_on = ["double"]
"""
PROBES = """\
from grader.probes import probe

@probe(needs=["student"])
def double(*, x):
    import student
    return {"y": student.double(x)}

@probe(needs=["student"])
def quad(*, x):
    import student
    return {"y": student.quad(x)}
"""
CHECKS = '''\
import pytest
import torch
from grader.compare import assert_matches

@pytest.mark.graded(task="double")
def test_double(probe):
    """doubles"""
    assert_matches(probe("double", x=torch.ones(2)), {"y": torch.full((2,), 2.0)})

@pytest.mark.graded(task="quad")
def test_quad(probe):
    """takes four times"""
    assert_matches(probe("quad", x=torch.ones(2)), {"y": torch.full((2,), 4.0)})

@pytest.mark.graded(task="quad", after="test_quad")
def test_quad_again(probe):
    """takes four times again"""
    assert_matches(probe("quad", x=torch.ones(3)), {"y": torch.full((3,), 4.0)})

@pytest.mark.graded(task="quad", after="test_double")
def test_quad_of_zero(probe):
    """takes four times zero"""
    assert_matches(probe("quad", x=torch.zeros(3)), {"y": torch.zeros(3)})
'''
SOUND = "def double(x):\n    return 2 * x\n\ndef quad(x):\n    return double(double(x))\n"


@pytest.fixture(scope="module")
def graded(make_course, read_tiny, grade_many, tmp_path_factory):
    """Return the results of submissions that differ from the reference in one thing each."""
    folder = tmp_path_factory.mktemp("carried")
    course = make_course(folder / "course", toml=TOML, probes=PROBES, checks=CHECKS, reference=SOUND)
    codes = {
        "sound": SOUND,
        "wrong-part": SOUND.replace("2 * x", "3 * x"),
        "crashing-part": SOUND.replace("return 2 * x", "raise ValueError(x)"),
        "unwritten-part": SOUND.replace("return 2 * x", "raise NotImplementedError"),
        "wrong-both": SOUND.replace("2 * x", "3 * x").replace("double(double(x))", "double(x)"),
        "own-fault": SOUND.replace("double(double(x))", "double(x)"),
        "nothing": "def double(x):\n    raise NotImplementedError\n\ndef quad(x):\n    raise NotImplementedError\n",
        "spying": SOUND.replace("2 * x", "3 * x").replace(
            "return double(double(x))", "import inspect; print(inspect.getsource(double)); return double(double(x))"
        ),
    }
    submissions = {name: {"student.py": code} for name, code in codes.items()}
    return grade_many(read_tiny(course), submissions, folder=folder / "in")


@pytest.mark.parametrize(
    ("name", "double", "quad"),
    [
        ("sound", 4, 6),
        ("wrong-part", 0, 6),
        ("crashing-part", 0, 6),
        ("unwritten-part", 0, 6),
        ("wrong-both", 0, 2),
        ("own-fault", 4, 2),
        ("nothing", 0, 0),
        ("spying", 0, 6),
    ],
)
def test_a_fault_costs_once(graded, name, double, quad):
    """What builds on a wrong part is judged with a sound one; its own faults cost, and nothing is given away."""
    assert {task.name: task.points for task in graded[name].tasks} == {"double": double, "quad": quad}
    assert graded[name].max_points == 10


def test_what_is_not_charged_again_says_where_it_comes_from(graded):
    """The verdict stays, the title of the task that has paid is told, and a check that passed is not marked."""
    first, again, zero = graded["wrong-part"].tasks[1].checks
    assert (first.verdict, first.carried, first.is_lost) == (Verdict.WRONG, "“Doubling”", False)
    assert again.verdict is Verdict.SKIPPED
    assert again.is_earned
    assert zero.verdict is Verdict.SKIPPED
    assert zero.feedback.message == "Not run: “doubles” has to pass first. It is not charged again."
    assert not any(check.carried for task in graded["sound"].tasks for check in task.checks)
    assert graded["wrong-part"].tasks[0].checks[0].carried == ""


def test_nothing_of_the_reference_is_told(graded):
    """What a program prints while it runs with a part of the reference reaches nobody."""
    printed = "".join(check.feedback.output for task in graded["spying"].tasks for check in task.checks)
    assert "3 * x" in printed
    assert "2 * x" not in printed
