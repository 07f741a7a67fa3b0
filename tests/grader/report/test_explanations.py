"""Promises of `explanations` and `course_faults`: one group is one cause, and a fault of the course is told once."""

import pytest

from grader.compare.hypotheses import HYPOTHESES
from grader.report.course_faults import course_faults
from grader.report.explanations import common_explanations, explained_by
from grader.results.verdict import CheckResult, Feedback, Frame, Item, Status, SubmissionResult, TaskResult, Verdict


def _wrong(message, lookalike="", name="test_a"):
    items = (Item("y", "close", message, lookalike=lookalike),)
    return CheckResult(name, "a", "task", Verdict.WRONG, feedback=Feedback(message=message, items=items))


def _crash(source, line=3, error="`ValueError: no`", file="layers.py"):
    frames = (Frame(file, line, "f", source),)
    message = f"`{file}`, line {line}, raised {error}."
    return CheckResult("test_a", "a", "task", Verdict.CRASHED, feedback=Feedback(message=message, traceback=frames))


def _class(*checks):
    tasks = [TaskResult("task", "Task", 0.0, 1.0, False, (check,)) for check in checks]
    return [
        SubmissionResult(f"s{number}", Status.GRADED, 0.0, 1.0, (task,)) for number, task in enumerate(tasks, start=1)
    ]


FIRST = "`y` differs at 3 of 30 elements; the worst is [0, 1]: 0.5 instead of 1.0."
SECOND = "`y` differs at all 30 elements; the worst is [2]: 12.5 instead of 25.0."


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        (_wrong(f"{FIRST} It is half of it.", "half"), _wrong(f"{SECOND} It is half of it.", "half"), True),
        (_wrong(f"{FIRST} That is x.", "other"), _wrong(f"{FIRST} That is the mean.", "other"), False),
        (
            _wrong(f"{FIRST} It equals layer 1.", "equals another"),
            _wrong(f"{SECOND} It equals layer 1.", "equals another"),
            True,
        ),
        (
            _wrong(f"{FIRST} It equals layer 1.", "equals another"),
            _wrong(f"{FIRST} It equals layer 2.", "equals another"),
            False,
        ),
        (_wrong(f"{FIRST} It is 3 too large.", "offset"), _wrong(f"{SECOND} It is 5 too large.", "offset"), True),
        (_wrong("The median has to be 3."), _wrong("The median has to be 4."), True),
        (_wrong("The median is not sorted."), _wrong("The mean is not sorted."), False),
        (_crash("x = a @ b", 3), _crash("x  = a @ b", 30), True),
        (_crash("x = a @ b", 3), _crash("x = a @ b", 30, file="cell 12"), True),
        (_crash("x = a @ b", 3), _crash("y = a @ b", 3), False),
        (_crash("x = a @ b"), _crash("x = a @ b", error="`TypeError: no`"), False),
    ],
)
def test_a_group_is_one_cause(one, other, are_one):
    """Failures are one group if the same was recognised in the same words, or the same line raised the same."""
    assert (explained_by(one) == explained_by(other)) is are_one
    files = {"s1": "1.html", "s2": "2.html"}
    assert len(common_explanations(_class(one, other), files=files)) == (1 if are_one else 2)


def _fault(message, name="test_a"):
    return CheckResult(name, "a", "task", Verdict.NOT_GRADED, counted=False, feedback=Feedback(message=message))


def test_a_fault_of_the_course_is_told_once():
    """What ended in the author's fault is told once for the class, with how many met it and a few of them."""
    met = [_fault(f"`NameError` (probes.py, line {line}: `x`).") for line in (3, 3, 3, 3)]
    results = _class(*met, _fault("Other.", "test_b"), _wrong("Wrong."))
    files = {result.submission: f"{result.submission}.html" for result in results}
    first, second = course_faults(results, files=files)
    assert (first.check, first.count, [link.submission for link in first.links]) == ("test_a", 4, ["s1", "s2", "s3"])
    assert first.message == "`NameError` (probes.py, line 3: `x`)."
    assert (second.check, second.count) == ("test_b", 1)


CHECKS = """\
import pytest
import torch

from grader.compare import Context, assert_matches


@pytest.mark.graded(task="double")
def test_double(probe, rng):
    \"\"\"double returns twice its input\"\"\"
    x = torch.randn(4, 3, generator=rng)
    others = {"the output of layer 1": x + 7, "the output of layer 2": x.exp(), "the input": x}
    assert_matches(probe("double", x=x), {"y": 2 * x}, context=Context(others=others))
"""
CLASS = {
    "sound": "return 2 * x",
    "input-1": "return x",
    "input-2": "return x.clone()",
    "layer-one": "return x + 7",
    "layer-two": "return x.exp()",
    "negative-1": "return -2 * x",
    "negative-2": "return 0 - 2 * x",
    "negative-in-float64": "return -2 * x.double()",
    "nothing-1": "x = 2 * x",
    "nothing-2": "y = 2 * x",
    "line-1": "return x @ x",
    "line-2": "import math\n    y = 2 * x\n    return x @ x",
    "other-line": "return 2 * (x @ x)",
    "same-line-1": "one = 'a'\n    return x[one]",
    "same-line-2": "one = 7\n    return x[one]",
}
GROUPS = [
    {"input-1", "input-2"}, {"layer-one"}, {"layer-two"}, {"negative-1", "negative-2"}, {"negative-in-float64"},
    {"nothing-1", "nothing-2"}, {"line-1", "line-2"}, {"other-line"}, {"same-line-1"}, {"same-line-2"},
]  # fmt: skip


def test_different_mistakes_of_one_class_are_different_groups(make_course, read_tiny, grade_many, tmp_path):
    """A class that was really graded falls into groups of one cause each, of which everybody is told the same."""
    assignment = read_tiny(make_course(tmp_path / "course", checks=CHECKS))
    submissions = {name: {"student.py": f"def double(x):\n    {body}\n"} for name, body in CLASS.items()}
    results = grade_many(assignment, submissions, folder=tmp_path / "in")
    groups = common_explanations(results.values(), files={name: f"{name}.html" for name in results})
    assert sorted(sorted(link.submission for link in group.links) for group in groups) == sorted(map(sorted, GROUPS))
    messages = {group.links[0].submission: group.message for group in groups}
    assert "It equals the output of layer 1." in messages["layer-one"]
    assert "It equals the output of layer 2." in messages["layer-two"]


def test_the_lookalike_that_authors_name_is_one():
    """What the page knows by its name is a lookalike that exists."""
    (named,) = [one for one in HYPOTHESES if one.name == "equals another"]
    assert named.sentence == "It equals {words}."
