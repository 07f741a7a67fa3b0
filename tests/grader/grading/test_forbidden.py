"""Tests of forbidden names, from assignment.toml to verdict; the scan has its own tests, of the sandbox."""

import pytest

from grader.grading.forbidden import ForbiddenUse, ForbiddenUses, explain_uses, find_uses, flag_calls
from grader.results.verdict import Verdict
from grader.sandbox.wire.protocol import Ending, ProbeOutcome

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[tasks.linear]
title = "Linear"
points = 10
forbidden = ["torch.nn.functional.linear", "torch.nn.Linear"]
[tasks.free]
title = "Free"
points = 5
"""
PROBES = """\
from grader.probes import probe

@probe(needs=["student"])
def linear(*, x, w):
    import student
    return {"z": student.linear(x, w)}
"""
CHECKS = '''\
import pytest
import torch

from grader.compare import assert_matches

def check(probe, rng):
    x, w = torch.randn(4, 3, generator=rng), torch.randn(2, 3, generator=rng)
    assert_matches(probe("linear", x=x, w=w), {"z": x @ w.T})

@pytest.mark.graded(task="linear")
def test_linear(probe, rng):
    """linear is a matrix product"""
    check(probe, rng)

@pytest.mark.graded(task="free")
def test_free(probe, rng):
    """linear is right, whoever computes it"""
    check(probe, rng)
'''
OWN = "def linear(x, w):\n    return x @ w.T\n"
OPEN = "import torch.nn.functional as F\n\ndef linear(x, w):\n    return F.linear(x, w)\n"
HIDDEN = """\
# functional
import torch

def linear(x, w):
    part = getattr(torch.nn, open(__file__).read()[2:12])
    return getattr(part, "lin" + "ear")(x, w)
"""
DOOR = "import torch\n\ndef linear(x, w):\n    return torch.ops.aten.linear(x, w)\n"
THREAD = """\
import threading
import torch

def linear(x, w):
    part, done = vars(torch.nn)["functional"], []
    thread = threading.Thread(target=lambda: done.append(getattr(part, "lin" + "ear")(x, w)))
    thread.start()
    thread.join()
    return done[0]
"""
SCRIPT = """\
import torch

def linear(x, w):
    return torch.jit.CompilationUnit("def f(x, w):\\n    return torch.matmul(x, w.t())\\n").f(x, w)
"""


@pytest.fixture(scope="module")
def results(make_course, read_tiny, grade_many, tmp_path_factory):
    """Return the results of three submissions by name."""
    folder = tmp_path_factory.mktemp("forbidden")
    course = make_course(folder / "course", toml=TOML, probes=PROBES, checks=CHECKS, reference=OWN)
    submissions = {"own": OWN, "open": OPEN, "hidden": HIDDEN, "broken": "def linear(:\n"}
    submissions |= {"door": DOOR, "thread": THREAD, "script": SCRIPT}
    files = {name: {"student.py": source} for name, source in submissions.items()}
    return grade_many(read_tiny(course), files, folder=folder / "submissions")


def verdicts(result):
    return [check.verdict for task in result.tasks for check in task.checks]


def test_own_code_passes(results):
    """Code that does without the forbidden names is graded as ever, without a flag."""
    assert verdicts(results["own"]) == [Verdict.PASSED, Verdict.PASSED]
    assert results["own"].flags == ()


def test_a_use_is_forbidden(results):
    """A use in the source takes the points of the task that forbids it, names file, line and name, and no other's."""
    assert verdicts(results["open"]) == [Verdict.FORBIDDEN, Verdict.PASSED]
    feedback = results["open"].tasks[0].checks[0].feedback
    assert "`student.py`, line 4, uses `torch.nn.functional.linear` (as `F.linear`)" in feedback.message
    assert "which this task forbids" in feedback.message
    assert [(frame.file, frame.line) for frame in feedback.traceback] == [("student.py", 4)]
    assert results["open"].points == 5


def test_another_door_is_forbidden(results):
    """The same operation under another of torch's public names is a use, told as it is spelled."""
    assert verdicts(results["door"]) == [Verdict.FORBIDDEN, Verdict.PASSED]
    feedback = results["door"].tasks[0].checks[0].feedback
    assert "line 4, uses `torch.nn.functional.linear` (as `torch.ops.aten.linear`)" in feedback.message


def test_what_hides_calls_is_a_flag(results):
    """Code that torch compiles from a text costs no points; the instructor is told where no call can be seen."""
    assert verdicts(results["script"]) == [Verdict.PASSED, Verdict.PASSED]
    (flag,) = results["script"].flags
    assert "`student.py` could not be searched" in flag
    assert "it uses `torch.jit.CompilationUnit`, inside which no call can be seen" in flag


@pytest.mark.parametrize("name", ["hidden", "thread"])
def test_a_call_alone_is_a_flag(results, name):
    """A call that the source doesn't show costs no points; the instructor is told the task and the name."""
    assert verdicts(results[name]) == [Verdict.PASSED, Verdict.PASSED]
    (flag,) = results[name].flags
    assert flag.startswith("Task `linear`: `torch.nn.functional.linear` was called at run time")


def test_an_unreadable_source_is_a_flag(results):
    """A source that can't be parsed is named to the instructor; its import fails anyway."""
    assert verdicts(results["broken"]) == [Verdict.CRASHED, Verdict.CRASHED]
    assert (
        "`student.py` could not be searched for forbidden names: it is not valid Python" in results["broken"].flags[0]
    )


class Answering:
    """Answer every probe with one outcome."""

    def __init__(self, outcome):
        self.outcome = outcome

    def run(self, call):
        return self.outcome

    def forget(self):
        pass

    def close(self):
        pass


@pytest.mark.parametrize("outputs", [{}, {"uses": 3}, {"uses": [[1, 2], "x"], "unread": [[1], None]}])
def test_odd_answers_are_no_use(read_tiny, make_course, tmp_path, outputs):
    """Whatever the scan answers, the trusted side takes only what has the form of a use."""
    assignment = read_tiny(make_course(tmp_path, toml=TOML))
    answering = Answering(ProbeOutcome(Ending.OK, outputs=outputs))
    found = find_uses(answering, assignment=assignment, files={"a.py": b"1"})
    assert found.by_task == {"linear": ()}


def test_a_scan_that_fails_is_a_flag(read_tiny, make_course, tmp_path):
    """A scan that is stopped costs nobody points and is told to the instructor."""
    assignment = read_tiny(make_course(tmp_path, toml=TOML))
    stopped = Answering(ProbeOutcome(Ending.TIMED_OUT, detail="ran longer than 10 s"))
    found = find_uses(stopped, assignment=assignment, files={"a.py": b"1"})
    assert found.flags == ("Its source could not be searched for forbidden names: ran longer than 10 s.",)


def test_more_places_are_counted():
    """Several uses are told by the first and the number of the others."""
    uses = tuple(ForbiddenUse("a.py", line, "torch.optim", "torch.optim") for line in (1, 2, 3))
    assert "line 1, uses `torch.optim`, which this task forbids. So do 2 more places." in explain_uses(uses).message
    assert "So does one more place." in explain_uses(uses[:2]).message


def test_known_uses_are_not_flagged_again():
    """Calls of a task whose source shows the use need no flag."""
    forbidden = ForbiddenUses({"t": ("torch.optim",)}, by_task={"t": (ForbiddenUse("a.py", 1, "torch.optim", "x"),)})
    assert flag_calls({"t": {"torch.optim"}}, forbidden) == {}
