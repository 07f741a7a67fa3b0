"""Tests of names that are forbidden in a part of a file: who uses them pays, and nobody else in that file."""

import pytest

from grader.grading.forbidden import ForbiddenUse, ForbiddenUses, flag_calls, shown_calls
from grader.results.verdict import Verdict
from grader.sandbox.wire.protocol import WatchedCall

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[tasks.double]
title = "Double"
points = 5
forbidden = ["torch.autograd.backward", "torch.autograd.grad", "torch.nn.Linear"]
forbidden_in = ["student.py::Double"]
[tasks.square]
title = "Square"
points = 5
forbidden = ["torch.autograd.backward", "torch.autograd.grad", "torch.nn.Linear"]
forbidden_in = ["student.py::Square"]
"""
PROBES = """
from grader.probes import probe

@probe(needs=["student"])
def run(*, kind, x):
    import student
    layer = getattr(student, kind)()
    return {"z": layer.forward(x), "dx": layer.backward(x)}
"""
CHECKS = '''
import pytest
import torch
from grader.compare import assert_matches

X = torch.arange(1.0, 5.0)

@pytest.mark.graded(task="double")
def test_double(probe):
    """Double doubles"""
    assert_matches(probe("run", kind="Double", x=X), {"z": 2 * X, "dx": 2 * X})

@pytest.mark.graded(task="square")
def test_square(probe):
    """Square squares"""
    assert_matches(probe("run", kind="Square", x=X), {"z": X**2, "dx": 2 * X**2})
'''
OWN = """\
import torch

class Double:
    def forward(self, x):
        return 2 * x

    def backward(self, dout):
        return 2 * dout

class Square:
    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, dout):
        return 2 * self.x * dout
"""
GRAD = OWN.replace("        return 2 * self.x * dout", "        return gradient(self.x, dout)")
GRAD += """
def gradient(x, dout):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(x * x, x, dout)[0]
"""
METHOD = OWN.replace(
    "        return 2 * self.x * dout",
    "        x = self.x.clone().requires_grad_()\n        (x * x).backward(dout)\n        return x.grad",
)
IMPORTED = OWN.replace("import torch\n", "import torch\nfrom torch.autograd import grad  # not used\n")
NAMED_ALIKE = (
    OWN
    + """
class Chain:
    def backward(self, dout):
        return Square().backward(Double().backward(dout))
"""
)
HIDDEN = METHOD.replace("(x * x).backward(dout)", 'getattr(x * x, "back" + "ward")(dout)')


@pytest.fixture(scope="module")
def results(make_course, read_tiny, grade_many, tmp_path_factory):
    """Return the results of the submissions by name."""
    folder = tmp_path_factory.mktemp("parts")
    course = make_course(folder / "course", toml=TOML, probes=PROBES, checks=CHECKS, reference=OWN)
    sources = {"own": OWN, "grad": GRAD, "method": METHOD, "imported": IMPORTED, "alike": NAMED_ALIKE, "hidden": HIDDEN}
    files = {name: {"student.py": source} for name, source in sources.items()}
    return grade_many(read_tiny(course), files, folder=folder / "submissions")


def verdicts(result):
    return [check.verdict for task in result.tasks for check in task.checks]


@pytest.mark.parametrize("name", ["own", "imported", "alike"])
def test_honest_work_costs_nothing(results, name):
    """Arithmetic, an import that nobody uses, and a layer's own `backward` are no use of autograd."""
    assert verdicts(results[name]) == [Verdict.PASSED, Verdict.PASSED]
    assert results[name].flags == ()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("grad", "`student.py`, line 20, uses `torch.autograd.grad`"),
        ("method", "`student.py`, line 17, uses `torch.autograd.backward` (as `(x * x).backward(dout)`)"),
    ],
)
def test_a_use_costs_its_own_part(results, name, place):
    """A use in a helper, or one that only shows whose method it is when it runs, costs the part, with the line."""
    assert verdicts(results[name]) == [Verdict.PASSED, Verdict.FORBIDDEN]
    assert place in results[name].tasks[1].checks[0].feedback.message
    assert results[name].flags == ()
    assert results[name].points == 5


def test_what_is_put_together_at_run_time_is_a_flag(results):
    """The line that calls it does not show it: no points are taken, and the instructor is told."""
    assert verdicts(results["hidden"]) == [Verdict.PASSED, Verdict.PASSED]
    (flag,) = results["hidden"].flags
    assert flag.startswith("Task `square`: `torch.autograd.backward` was called at run time")


FORBIDDEN = ForbiddenUses(
    {"t": ("torch.optim.SGD",)}, places={"t": ("a.py::A",)}, files={"a.py": b"class A:\n    rule = SGD(\n\xff"}
)


@pytest.mark.parametrize(
    ("call", "count"),
    [
        (WatchedCall("torch.optim.SGD", "a.py", 2, ("A",)), 1),
        (WatchedCall("torch.optim.SGD", "a.py", 1, ("A",)), 0),  # the line doesn't show it
        (WatchedCall("torch.optim.SGD", "a.py", 2, ("B",)), 0),
        (WatchedCall("torch.optim.SGD", "b.py", 2, ("A",)), 0),
        (WatchedCall("torch.optim.SGD", "", 0, ()), 0),
        (WatchedCall("torch.optim.SGD", "a.py", 3, ("A",)), 0),
        (WatchedCall("torch.optim.SGD", "a.py", -1, ("A",)), 0),
        (WatchedCall("torch.optim.SGD", "a.py", 10**9, ("A",)), 0),
    ],
)
def test_only_a_shown_call_in_its_place_counts(call, count):
    """Whatever a sandbox tells of a call, it is held against the source that was handed in."""
    assert len(shown_calls([call], forbidden=FORBIDDEN, task="t")) == count
    assert shown_calls([call], forbidden=FORBIDDEN, task="another") == ()


def test_a_use_in_another_part_is_no_flag():
    """A network that runs a layer which uses what is forbidden is not accused of hiding it."""
    uses = {"layer": (ForbiddenUse("a.py", 1, "torch.nn.Linear", "x"),), "net": ()}
    assert flag_calls({"net": {"torch.nn.Linear"}}, ForbiddenUses(by_task=uses)) == {}
    assert (
        "`torch.relu` was"
        in flag_calls({"net": {"torch.nn.Linear", "torch.relu"}}, ForbiddenUses(by_task=uses))["net"][0]
    )
