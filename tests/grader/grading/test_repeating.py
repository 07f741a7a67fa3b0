"""Promises of shared processes: what code keeps between calls costs and earns nothing, and a person is told.

They are kept by `grader.grading.session`, `grade` and `repeating`.
"""

import pytest

from grader.grading.repeating import flag_repeated
from grader.results.verdict import CheckResult, Verdict

CHECKS = '''
import pytest, torch

def make(name, x, **settings):
    @pytest.mark.graded(task="square", **settings)
    def check(probe):
        assert probe("square", x=torch.tensor([x]))["y"].tolist() == [x * x], "The square is wrong."
    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"square of {x}"
    return check

test_one = make("test_one", 1.0)
test_two = make("test_two", 2.0)
test_three = make("test_three", 3.0)
test_four = make("test_four", 4.0)

@pytest.mark.graded(task="square")
def test_twice(probe):
    """square twice"""
    for x in (5.0, 6.0):
        assert probe("square", x=torch.tensor([x]))["y"].tolist() == [x * x], "The square is wrong."
'''
PROBES = """
from grader.probes import probe

@probe(needs=["student"])
def square(*, x):
    import student
    return {"y": student.square(x)}
"""
TOML = """
title = "Squares"
[submission]
required = ["student.py"]
editable = ["student.py"]
[tasks.square]
title = "Square"
points = 5
"""
COUNTING = "calls = [[0]]\ndef square(x):\n    calls[0][0] += 1\n"
SUBMISSIONS = {
    "right": "def square(x):\n    return x * x\n",
    "wrong": "def square(x):\n    return x + x + 1\n",
    "keeps": "kept = [[]]\ndef square(x):\n    kept[0].append(x)\n    return kept[0][0] * x\n",
    "tires": COUNTING + "    if calls[0][0] > 2:\n        raise ValueError('again')\n    return x * x\n",
    "ends": COUNTING + "    if calls[0][0] == 2:\n        import os\n        os._exit(4)\n    return x * x\n",
    "learns": COUNTING + "    return x * x if calls[0][0] > 1 else x - 1\n",
    "half": "def square(x):\n    return x * x if x < 3 else x\n",
}
POINTS = {"right": 5, "wrong": 0, "keeps": 5, "tires": 5, "ends": 5, "learns": 0, "half": 2}  # a fresh process for each


@pytest.fixture(scope="module")
def both(grade_many, make_course, read_tiny, tmp_path_factory):
    """Return the results of submissions that keep something between calls: in shared processes, and apart."""
    folder = tmp_path_factory.mktemp("squares")
    right = SUBMISSIONS["right"]
    course = make_course(
        folder / "course", toml=TOML, probes=PROBES, checks={"test_square.py": CHECKS}, reference=right
    )
    files = {name: {"student.py": text} for name, text in SUBMISSIONS.items()}
    return [
        grade_many(read_tiny(course), files, folder=folder / str(apart), apart=apart) for apart in (False, True)
    ]  # fmt: skip


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_what_is_kept_between_calls_costs_and_earns_nothing(both, name):
    shared, apart = ({check.name: check.verdict for check in run[name].tasks[0].checks} for run in both)
    assert shared == apart
    assert [run[name].points for run in both] == [POINTS[name]] * 2


def test_a_person_is_told_what_passes_only_alone(both):
    shared, apart = both
    flagged = {
        name for name in SUBMISSIONS if any("passed in a process of its own" in text for text in _flags(shared[name]))
    }
    assert flagged == {"keeps", "tires", "ends"}
    assert "“square of 2.0”" in _flags(shared["keeps"])[0]
    assert not any(_flags(apart[name]) for name in SUBMISSIONS)


def _flags(result):
    return [text for task in result.tasks for text in task.flags]


def _result(verdict, *, task="a", title="one"):
    return CheckResult(name=title, title=title, task=task, verdict=verdict)


def test_what_may_be_a_matter_of_time_is_no_flag():
    passed = {"one": _result(Verdict.PASSED)}
    slow = (Verdict.TIMED_OUT, Verdict.FORBIDDEN, Verdict.OUT_OF_MEMORY)
    assert [flag_repeated(passed, {"one": _result(verdict)}) for verdict in slow] == [{}] * 3
    assert flag_repeated({"one": _result(Verdict.WRONG)}, {"one": _result(Verdict.WRONG)}) == {}
    assert list(flag_repeated(passed, {"one": _result(Verdict.NOT_IMPLEMENTED)})) == ["a"]
