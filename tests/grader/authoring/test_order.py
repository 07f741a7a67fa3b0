"""Promises of `grader.authoring.order`: what depends on the order of checks, or on what they leave behind, is found."""

from contextlib import nullcontext

import pytest

from grader.authoring.audit import AuditPart, AuditRequest, audit_assignment
from grader.authoring.audit_trials import Outcome
from grader.authoring.order import judge_order
from grader.results.verdict import CheckResult, Verdict

TOML = """
title = "Count"
[submission]
required = ["student.py"]
editable = ["student.py"]
[tasks.count]
title = "Count"
points = 2
"""
PROBES = """
from grader.probes import probe

calls = [[0]]

@probe(needs=["student"])
def count(*, x):
    import student
    calls[0][0] += 1
    return {"y": student.same(x) + calls[0][0] - 1}
"""
CHECKS = """
import pytest, torch

@pytest.mark.graded(task="count")
def test_first(probe):
    \"\"\"the first call adds nothing\"\"\"
    assert probe("count", x=torch.tensor([3.0]))["y"].tolist() == [3.0]

@pytest.mark.graded(task="count")
def test_second(probe):
    \"\"\"the second call adds one\"\"\"
    assert probe("count", x=torch.tensor([3.0]))["y"].tolist() == [4.0]
"""
REFERENCE = "def same(x):\n    # <solution> Return x.\n    return x\n    # </solution>\n"


def test_a_check_that_needs_what_another_left_behind_is_a_violation(make_course, tmp_path):
    make_course(tmp_path, toml=TOML, probes=PROBES, checks={"test_count.py": CHECKS}, reference=REFERENCE, slug="count")
    request = AuditRequest(frozenset({AuditPart.ORDER}), jobs=1)
    (found,) = audit_assignment(tmp_path, "count", request=request, progress=_silent).violations
    assert found.subject == "reference"
    assert "“the second call adds one” is passed after the checks of its task, and wrong in the" in found.message


def _silent(*, total):
    return nullcontext(lambda _subject: None)


def _outcome(**verdicts):
    return Outcome({name: CheckResult(name, name, "a", verdict) for name, verdict in verdicts.items()})


@pytest.mark.parametrize("verdict", Verdict)
def test_every_difference_counts_and_nothing_else(verdict):
    both = {"one": _outcome(a=verdict, b=Verdict.PASSED)}
    other = {"one": _outcome(a=Verdict.PASSED, b=Verdict.PASSED, c=Verdict.WRONG)}
    assert len(list(judge_order(both, other))) == (verdict is not Verdict.PASSED)
