"""Promises about replies of a kind that no check expects: the student's failure, in words, and never the grader's."""

from contextlib import nullcontext

import pytest
import torch

from grader.courses.course import read_assignment
from grader.errors import CourseError
from grader.grading import plugin
from grader.grading.check_session import in_session
from grader.grading.grade import grade_all, run_checks
from grader.grading.job import Job, Order
from grader.grading.judging import has_stumbled
from grader.grading.session import ProbeOutput, RecordedAssets, Subject
from grader.grading.stumbles import MissingOutput, explain_stumble
from grader.results.verdict import Status, Verdict
from grader.sandbox.wire.protocol import Ending, ProbeOutcome
from grader.sandbox.wire.tensors import Opaque
from grader.submissions.submission import Found

CHECKS = '''\
import pytest

@pytest.mark.graded(task="double")
def test_losses(probe):
    """losses are numbers"""
    assert sum(probe("losses")["losses"]) == 6

@pytest.mark.graded(task="double")
def test_own_slip(probe):
    """has a slip of its own, after something came back"""
    probe("losses")["nowhere"]

@pytest.mark.graded(task="triple")
def test_fine(probe):
    """is fine"""
    assert probe("losses")["fine"] == 1
'''
PROBES = """\
from grader.probes import probe

@probe(needs=["student"])
def losses():
    import student
    return {"losses": student.losses(), "fine": 1}
"""
GOOD = "def losses(): return [1, 2, 3]\n"


@pytest.fixture(scope="module")
def course(make_course, tmp_path_factory):
    """Return a course with a check that expects numbers, and one with a slip of its author."""
    return make_course(
        tmp_path_factory.mktemp("course"), checks={"test_it.py": CHECKS}, probes=PROBES, reference={"student.py": GOOD}
    )


@pytest.fixture
def grade(course, read_tiny, process_server, monkeypatch, write_files, tmp_path):
    """Return a function that grades one source and returns its result."""
    monkeypatch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))

    def one(source):
        assignment, results = read_tiny(course), []
        folder = write_files(tmp_path / "me", {"student.py": source})
        order = Order(course, assignment, wall="process")
        grade_all(order, [Job(Found("me", folder))], report=lambda result, _digest: results.append(result))
        return results[0], {check.name: check for task in results[0].tasks for check in task.checks}

    return one


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("{1, 2, 3}", "`losses` is a set"),
        ("__import__('collections').deque([1, 2, 3])", "`losses` is a collections.deque"),
        ("...", "`losses` is `...`"),
        ("(number for number in [1, 2, 3])", "`losses` is a generator"),
        ("'abc'", '`losses` is "abc" (str)'),
        ("[1, 'x']", "`losses` is a list of 2 items"),
        ("[[], {1}]", "`losses[1]` is a set"),
    ],
)
def test_an_odd_reply_is_the_students_failure(grade, reply, words):
    """A check that stumbles over what came back is wrong and counted, and the sentence says what came back."""
    _result, checks = grade(f"def losses(): return {reply}\n")
    losses = checks["test_losses"]
    assert (losses.verdict, losses.counted) == (Verdict.WRONG, True)
    assert losses.feedback.message.startswith("What came back can't be checked: ")
    assert words in losses.feedback.message
    assert checks["test_fine"].verdict is Verdict.PASSED


def test_a_slip_of_the_check_stays_the_graders(grade):
    """A check that ends in the same way on the reference is not graded, whatever a submission sent."""
    for source in (GOOD, "def losses(): return {1}\n"):
        result, checks = grade(source)
        slip = checks["test_own_slip"]
        assert (slip.verdict, slip.counted, result.status) == (Verdict.NOT_GRADED, False, Status.NOT_GRADED)
        assert "ends in the same way for the course's own solution" in slip.feedback.message


def test_a_missing_output_is_named_with_what_came():
    """An output that is missing is told with the names that came instead."""
    output = ProbeOutput({"dW1": 1, "dW2": 2}, devices={})
    with pytest.raises(MissingOutput) as caught:
        output["W1"]
    words = "`W1` is missing from what came back: `dW1`, `dW2`. There is `dW1`: is that meant to be it?"
    assert explain_stumble(caught.value, {"dW1": 1, "dW2": 2}) == words
    assert output.get("W1") is None


def test_nothing_that_came_back_is_told():
    """Where a probe returned nothing at all, that is said."""
    words = explain_stumble(TypeError("no"), {})
    assert words == "Nothing came back that can be checked. The check ended with `TypeError: no`."


def test_many_outputs_are_counted():
    """At most five outputs are named, and how many more there are is said."""
    words = explain_stumble(TypeError("no"), dict.fromkeys("abcdefg", 1))
    assert "`e` is 1 (int), and 2 more. The check ended" in words


@pytest.mark.parametrize(
    ("error", "has"),
    [
        (KeyError("y"), True),
        (RuntimeError("shape"), True),
        (MemoryError(), True),
        (AssertionError("wrong"), False),
        (CourseError("Ours."), False),
        (KeyboardInterrupt(), False),
        (NameError("name 'yy' is not defined"), False),
        (ImportError("no such module"), False),
    ],
)
def test_what_stumbling_is(error, has):
    """A check's own words, the grader's own errors and Ctrl-C are no stumbling; everything else is."""
    assert has_stumbled(error) is has


class AnyName(dict):
    """Be outputs that have every name, always with the same odd value."""

    def __init__(self, value):
        super().__init__(a=value)
        self._value = value

    def __contains__(self, _name):
        return True

    def __getitem__(self, _name):
        return self._value


class Replying:
    """Be a sandbox that answers every call with the same outputs."""

    def __init__(self, outputs):
        self._outputs = outputs

    def run(self, _call):
        return ProbeOutcome(Ending.OK, outputs=self._outputs)

    def forget(self):
        pass


ODD = {
    "nothing": None,
    "a set": Opaque("set"),
    "an empty list": [],
    "an empty dict": {},
    "a text": "x",
    "a flag": True,
    "not a number": float("nan"),
    "a huge number": 10**30,
    "an empty tensor": torch.empty(0),
    "a tensor of no shape": torch.tensor(3.0),
    "whole numbers": torch.ones(2, 3, dtype=torch.int64),
    "a deep list": [[[[1, "x", None]]]],
    "lists of tensors": [torch.ones(1), torch.full((2, 2), float("inf"))],
}


def _is_ours(result):
    """Say whether a check costs nobody points though it isn't advice, and another task's failure hasn't paid for it."""
    has_paid = "It is not charged again." in result.feedback.message
    return not (result.counted or result.advice or has_paid)


@pytest.mark.parametrize("slug", ["technion-hw2", "uva-mlp", "uva-cnn", "neuromatch-deep-mlp", "leeds-fashion-mlp"])
def test_no_reply_is_the_graders_fault(slug, grader_folder):
    """Whatever comes back, under whatever name, no check of a bundled course that does not train fails for our sake."""
    assignment = read_assignment(grader_folder.parent, slug)
    expect, ours = RecordedAssets(assignment.assets).expect, []

    def run(session):
        for kind, value in {**ODD, "no outputs": ...}.items():
            outputs = {} if value is ... else AnyName(value)
            subject = Subject(Replying(outputs), expect)
            results = run_checks(session, subject)
            ours.extend((kind, name, r.feedback.message) for name, r in results.items() if _is_ours(r))
        assert session.config.stash[plugin.CHECKS]

    in_session(assignment, run, tasks=[task.name for task in assignment.tasks if not task.long])
    assert ours == []
