"""Tests of grader.grading.carrying: a fault costs once, and points are only ever saved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.courses.assignment import Task
from grader.grading.carrying import carry_forward
from grader.grading.points import add_up_task
from grader.results.verdict import CheckResult, Verdict

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
parts = ["student.quad"]
builds_on = ["double"]
"""
SUM_TOML = """\
[tasks.sum]
title = "Both together"
points = 5
builds_on = ["double", "quad"]
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


SUM_CHECK = (
    CHECKS
    + '''
@pytest.mark.graded(task="sum")
def test_sum(probe):
    """has both work together"""
    assert_matches(probe("quad", x=torch.ones(2)), {"y": torch.full((2,), 4.0)})
'''
)


@pytest.mark.parametrize(
    ("old", "new", "points"),
    [
        ("double(double(x))", "double(double(x))", 5),
        ("2 * x", "3 * x", 5),
        ("def double(x):\n    return 2 * x", "", 5),
        ("def quad(x):\n    return double(double(x))", "", 0),
        (SOUND, "", 0),
    ],
    ids=["sound", "wrong-part", "no-part", "most-missing", "nothing"],
)
def test_sound_parts_alone_earn_nothing(make_course, read_tiny, grade_many, tmp_path, old, new, points):
    """A task about how parts work together isn't earned where most of what would work is the reference's."""
    course = make_course(tmp_path / "course", toml=TOML + SUM_TOML, probes=PROBES, checks=SUM_CHECK, reference=SOUND)
    result = grade_many(read_tiny(course), {"one": {"student.py": SOUND.replace(old, new)}}, folder=tmp_path / "in")
    assert result["one"].tasks[-1].points == points


NOTEBOOK_TOML = TOML.replace('required = ["student.py"]', 'kind = "notebook"\nrequired = ["nb.ipynb"]')
NOTEBOOK_TOML = NOTEBOOK_TOML.replace('["*.py"]', '["*.py", "*.ipynb"]').replace('"student.', '"')
NOTEBOOK_TOML = NOTEBOOK_TOML.replace("points = 6\n", 'points = 6\ncell = "check-quad"\n')
NOTEBOOK_PROBES = PROBES.replace("import student", "import notebook_quad as student").replace(
    'needs=["student"]', 'needs=["notebook_quad"]'
)
SOUND_CELLS = """\
# %% id="base"
BASE = 2

# %% id="double"
def double(x):
    return BASE * x

# %% id="quad"
def quad(x):
    return double(double(x))

# %% id="check-quad"
# %check quad

# %% id="below"
def double(x):
    return BASE * x
"""
FIRST = 'def double(x):\n    return BASE * x\n\n# %% id="quad"'


@pytest.fixture(scope="module")
def graded_notebooks(make_course, read_tiny, grade_many, tmp_path_factory):
    """Return the results of notebooks that differ from the reference in one thing each."""
    folder = tmp_path_factory.mktemp("carried-cells")
    course = make_course(
        folder / "course", toml=NOTEBOOK_TOML, probes=NOTEBOOK_PROBES, checks=CHECKS, reference={"nb.py": SOUND_CELLS}
    )
    quad = "    return double(double(x))"
    wrong = SOUND_CELLS.replace(FIRST, FIRST.replace("BASE *", "3 *"))
    codes = {
        "sound": SOUND_CELLS,
        "wrong-part": wrong,
        "prints-only": SOUND_CELLS.replace(FIRST, FIRST.replace("return", "print(x);")),
        "part-left-out": SOUND_CELLS.replace(FIRST, '# %% id="quad"').replace("def double(x)", "def other(x)"),
        "wrong-both": wrong.replace(quad, "    return double(x)"),
        "own-fault": SOUND_CELLS.replace(quad, "    return double(x)"),
        "spying": wrong.replace(quad, f"    import inspect; print(inspect.getsource(double))\n{quad}"),
    }
    submissions = {name: {"nb.py": code} for name, code in codes.items()}
    return grade_many(read_tiny(course), submissions, folder=folder / "in")


@pytest.mark.parametrize(
    ("name", "double", "quad"),
    [
        ("sound", 4, 6),
        ("wrong-part", 0, 6),
        ("prints-only", 0, 6),
        ("part-left-out", 0, 6),
        ("wrong-both", 0, 2),
        ("own-fault", 4, 2),
        ("spying", 0, 6),
    ],
)
def test_a_fault_costs_once_in_a_notebook(graded_notebooks, name, double, quad):
    """What builds on a wrong cell is judged with a sound one, where the state of the notebook ended before."""
    assert {task.name: task.points for task in graded_notebooks[name].tasks} == {"double": double, "quad": quad}


def test_nothing_of_a_reference_notebook_is_told(graded_notebooks):
    """What a cell prints while it runs with a part of the reference reaches nobody."""
    checks = [check for task in graded_notebooks["spying"].tasks for check in task.checks]
    printed = "".join(check.feedback.output for check in checks)
    assert "3 * x" in printed
    assert "BASE * x" not in printed


TASKS = (
    Task("part", "Part", 4.0, parts=("student.part",)),
    Task("whole", "Whole", 6.0, parts=("student.whole",), builds_on=("part",)),
    Task("sum", "How they work together", 3.0, builds_on=("part", "whole")),
    Task("other", "Other", 5.0),
)
FILES = {"student.py": b"def part(): pass\ndef whole(): pass\n"}
REPLIES = st.dictionaries(
    st.tuples(st.sampled_from([task.name for task in TASKS]), st.integers(0, 3)),
    st.tuples(st.sampled_from(Verdict), st.booleans(), st.sampled_from(Verdict)),
    max_size=9,
)


@given(REPLIES)
def test_points_are_only_ever_saved(replies):
    """Whatever fails before and passes again: no task loses a point, and only what builds on a paid part gains any."""

    class Assignment:
        tasks = TASKS

    names = {key: f"test_{key[0]}_{key[1]}" for key in replies}
    results = {
        names[key]: CheckResult(names[key], "T", key[0], verdict, counted=counted and verdict is not Verdict.NOT_GRADED)
        for key, (verdict, counted, _again) in replies.items()
    }
    again = {names[key]: CheckResult(names[key], "T", key[0], verdict) for key, (_, _, verdict) in replies.items()}
    before = _points(results)
    part_has_paid = any(result.is_lost for result in results.values() if result.task == "part")
    asked = []
    carry_forward(
        results,
        Assignment,
        files=FILES,
        reference=FILES,
        run_again=lambda _files, wanted: asked.append(wanted) or {name: again[name] for name in wanted},
    )
    after = _points(results)
    below = [add_up_task(task, tuple(one for one in results.values() if one.task == task.name)) for task in TASKS[:2]]
    most_is_sound = 2 * sum(one.points for one in below) > sum(one.max_points - one.unjudged for one in below)
    assert all(before[name] <= after[name] + 1e-9 for name in before)
    assert (after["part"], after["other"]) == (before["part"], before["other"])
    assert most_is_sound or after["sum"] == before["sum"]
    assert part_has_paid or after["whole"] == before["whole"]
    assert asked or after == before
    assert all(result.verdict is not Verdict.PASSED for result in results.values() if result.carried)


def _points(results):
    checks = {task.name: tuple(one for one in results.values() if one.task == task.name) for task in TASKS}
    return {task.name: add_up_task(task, checks[task.name]).points for task in TASKS}
