"""Tests of grader.grading.following: what comes after a failed check counts where it is right, and only there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.courses.checks import Check
from grader.grading.following import as_follower, failed_before
from grader.results.verdict import CheckResult, Feedback, Verdict

TOML = """\
title = "Following"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 2.0
import_s = 3.0
[tasks.double]
title = "Doubling"
points = 10
[tasks.other]
title = "Something else"
points = 2
"""
PROBES = """\
from grader.probes import probe

@probe(needs=["student"])
def double(*, x):
    import student
    return {"y": student.double(x)}
"""
CHECKS = '''\
import pytest
import torch
from grader.compare import Spec, assert_matches

@pytest.mark.graded(task="double", weight=4)
def test_values(probe):
    """has the values"""
    assert_matches(probe("double", x=torch.ones(2)), {"y": torch.full((2,), 2.0)})

@pytest.mark.graded(task="double", weight=3, after="test_values")
def test_shape(probe):
    """keeps the shape"""
    assert_matches(probe("double", x=torch.ones(3, 2)), {"y": Spec((3, 2))})

@pytest.mark.graded(task="double", weight=2, after="test_shape")
def test_sign(probe):
    """keeps the sign"""
    assert (probe("double", x=-torch.ones(5))["y"] < 0).all(), "It is not negative."

@pytest.mark.graded(task="double", weight=1, after="test_values", strict=True)
def test_nothing(probe):
    """returns no rows for no rows"""
    assert_matches(probe("double", x=torch.ones(0, 2)), {"y": Spec((0, 2))})

@pytest.mark.graded(task="other", after="test_values")
def test_other(probe):
    """comes after another task's check"""
    assert_matches(probe("double", x=torch.ones(3)), {"y": Spec((3,))})
'''
SOUND = "def double(x):\n    return 2 * x\n"
CODES = {
    "sound": SOUND,
    "three times": SOUND.replace("2 * x", "3 * x"),
    "first row": SOUND.replace("2 * x", "3 * x[:1]"),
    "crash on one axis": SOUND.replace("2 * x", "2 * x if x.ndim > 1 else undefined"),
    "unwritten": SOUND.replace("return 2 * x", "raise NotImplementedError"),
    "missing": "def triple(x):\n    return 3 * x\n",
}


@pytest.fixture(scope="module")
def graded(make_course, read_tiny, grade_many, tmp_path_factory):
    """Return {submission: {check: result}} and the points of both tasks."""
    folder = tmp_path_factory.mktemp("following")
    course = make_course(folder / "course", toml=TOML, probes=PROBES, checks=CHECKS, reference=SOUND)
    submissions = {name: {"student.py": code} for name, code in CODES.items()}
    return grade_many(read_tiny(course), submissions, folder=folder / "in")


def checks_of(result):
    return {check.name: check for task in result.tasks for check in task.checks}


@pytest.mark.parametrize(
    ("name", "points"),
    [("sound", 10), ("three times", 5), ("first row", 2), ("crash on one axis", 3), ("unwritten", 0), ("missing", 0)],
)
def test_what_is_right_behind_a_failure_earns_its_points(graded, name, points):
    """A wrong value costs its own check and what is wrong as well; nothing is earned where there is nothing to see."""
    assert graded[name].tasks[0].points == points


def test_what_is_wrong_as_well_is_told_as_skipped(graded):
    """It names the check that has to pass first, and the chain goes on behind it; a strict one is not run at all."""
    checks = checks_of(graded["first row"])
    assert checks["test_shape"].verdict is Verdict.SKIPPED
    assert checks["test_shape"].because == "test_values"
    words = "Not right either, which may come from the same: “has the values” has to pass first."
    assert checks["test_shape"].feedback.message == words
    assert checks["test_sign"].verdict is Verdict.PASSED
    assert checks["test_nothing"].feedback.message == "Not run: “has the values” has to pass first."


def test_what_was_never_there_is_not_looked_at_again(graded):
    """Behind a stub and behind a missing function all others are skipped, and so is another task's check."""
    for name in ("unwritten", "missing"):
        first, *others = checks_of(graded[name]).values()
        assert first.verdict in (Verdict.NOT_IMPLEMENTED, Verdict.MISSING)
        assert all(other.feedback.message.startswith("Not run: ") for other in others)
    assert checks_of(graded["three times"])["test_other"].verdict is Verdict.SKIPPED


NAMES = ("a", "b", "c")


def check(name, *, after, strict=False):
    return Check(name, name, "", "task", 1.0, after, "cpu", hidden=False, strict=strict)


@given(
    verdicts=st.tuples(*[st.sampled_from(Verdict)] * 3),
    tasks=st.tuples(*[st.sampled_from(["task", "another"])] * 3),
    chained=st.booleans(),
    strict=st.booleans(),
)
def test_a_check_runs_after_a_failure_only_where_its_own_task_can_be_looked_at(verdicts, tasks, chained, strict):
    """It runs if all that failed before it goes back to something wrong or crashed of its task; not if strict."""
    causes = ("", "a" if chained else "", "b" if chained else "")
    results = {
        name: CheckResult(name, name, task, verdict, because=because if verdict is Verdict.SKIPPED else "")
        for name, task, verdict, because in zip(NAMES, tasks, verdicts, causes, strict=True)
    }
    before = failed_before(check("d", after=NAMES, strict=strict), results)
    failed = [result for result in results.values() if result.verdict is not Verdict.PASSED]
    assert (before is None) == (not failed)

    def root(result):
        return result if not result.because else root(results[result.because])

    open_ones = [one for one in failed if root(one).task == "task" and root(one).verdict in ("wrong", "crashed")]
    if before is not None:
        assert before.failed in failed
        assert before.runs == (len(open_ones) == len(failed) and not strict)


@given(verdict=st.sampled_from(Verdict), advice=st.booleans(), counted=st.booleans())
def test_only_a_pass_earns_behind_a_failure(verdict, advice, counted):
    """Whatever became of it, it passes exactly where it passed, and costs exactly where it cost."""
    found = CheckResult("b", "b", "task", verdict, counted=not advice, advice=advice, feedback=Feedback("words"))
    failed = CheckResult("a", "is first", "task", Verdict.WRONG, counted=counted)
    told = as_follower(found, failed)
    assert (told.verdict is Verdict.PASSED) == (verdict is Verdict.PASSED)
    assert not (advice and told.is_scored)
    if told.verdict is not verdict:
        assert told.verdict is Verdict.SKIPPED
        assert told.because == "a"
        assert "is first" in told.feedback.message
