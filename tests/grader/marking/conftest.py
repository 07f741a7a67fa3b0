"""Fixtures of the tests of marking: results of a small assignment, and rows of overrides.csv."""

from pathlib import Path

import pytest

from grader.courses.assignment import Assignment, HandedIn, SandboxSettings, Scoring, SubmissionKind, Task
from grader.grading.points import add_up
from grader.marking.override_file import OverrideRow
from grader.results.verdict import CheckResult, Verdict

TASKS = (
    Task("a", "Task A", 6.0),
    Task("b", "Task B", 4.0, scoring=Scoring.ALL_OR_NOTHING),
    Task("c", "Task C", 2.0, bonus=True),
)
OWNERS = {"test_a1": "a", "test_a2": "a", "test_b1": "b", "test_b2": "b", "test_c1": "c"}


@pytest.fixture
def assignment(tmp_path):
    """Return an assignment of a task that pays in parts, one of all or nothing, and a bonus."""
    handed_in = HandedIn(SubmissionKind.PACKAGE, ("a.py",), ("*.py",))
    return Assignment("x", "X", tmp_path, Path(), None, handed_in, SandboxSettings(), {}, TASKS)


@pytest.fixture
def result_of(assignment):
    """Return a function that returns a result: all checks pass but those that are named with another verdict."""

    def result_of(submission="ann", **verdicts):
        checks = {}
        for name, task in OWNERS.items():
            verdict = verdicts.get(name, Verdict.PASSED)
            unjudged = verdict is Verdict.NOT_GRADED
            checks[name] = CheckResult(name, f"Check {name[-2:]}", task, verdict, counted=not unjudged)
        return add_up(submission, assignment, checks, notes=(), seconds=0.0, wall="")

    return result_of


@pytest.fixture
def row_of():
    """Return a function that returns a row of overrides.csv."""

    def row_of(target, *, line=2, submission="ann", points="", verdict=None, reason="She is right.", who="Tom"):
        return OverrideRow(line, submission, target, points, verdict, reason, who)

    return row_of
