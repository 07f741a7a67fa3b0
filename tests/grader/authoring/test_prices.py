"""Tests of grader.authoring.prices: what known mistakes cost, and on which checks that is measured."""

from dataclasses import replace

import pytest

from grader.authoring.audit_trials import AuditedAssignment, Outcome, try_mistake
from grader.authoring.mistakes import Mistake
from grader.authoring.prices import judge_missing_prices, judge_price, widely_priced
from grader.courses.assignment import Task
from grader.courses.checks import Check
from grader.results.verdict import CheckResult, Verdict

TASKS = (
    Task("base", "Base", 10.0, parts=("student.base",)),
    Task("middle", "Middle", 6.0, parts=("student.middle",), builds_on=("base",)),
    Task("top", "Top", 4.0, builds_on=("middle",)),
    Task("long-top", "Long top", 4.0, builds_on=("middle",), long=True),
    Task("other", "Other", 5.0),
)


@pytest.fixture
def audited(read_tiny, make_course, tmp_path):
    """Return an assignment of five tasks with a check each, two of the middle one."""
    assignment = replace(read_tiny(make_course(tmp_path)), tasks=TASKS)
    names = {"base": "base", "middle": "middle", "more": "middle", "top": "top", "long": "long-top", "other": "other"}
    checks = {
        f"test_{name}": Check(f"test_{name}", "T", "", task, 1.0, (), "cpu", False) for name, task in names.items()
    }
    return AuditedAssignment(assignment, {"student.py": b"x = 1\n"}, checks)


@pytest.fixture
def make(tmp_path):
    """Return a function that makes a mistake of a check with a price."""

    def make_one(check, costs, name="wrong"):
        edit = ("student.py", "x = 1", "x = 2", f"test_{check}", Verdict.WRONG)
        return Mistake(name, *edit, (), "", tmp_path / "mistakes.toml", costs)

    return make_one


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (4.0, []),
        (3.0, ["It costs 3 points; expected 4 to 20."]),
        (13.5, []),
        (14.0, ["It costs 14 points, more than the 13.5 that one fault of its task may cost."]),
    ],
)
def test_a_price_outside_of_its_range_is_told(audited, make, lost, told):
    """A mistake costs what it says, and no more than its task and a quarter of the tasks that build on it."""
    result = CheckResult("test_base", "T", "base", Verdict.WRONG)
    outcome = Outcome({"test_base": result}, lost=lost)
    mistake = make("base", (4.0, 20.0))
    assert [one.message for one in judge_price(mistake, outcome, audited.assignment)] == told
    assert list(judge_price(replace(mistake, costs=None), outcome, audited.assignment)) == []


def test_a_fault_below_may_cost_what_its_own_task_may(audited, make):
    """Where the fault that a check tells is in a part below, which pays, the bound is that part's."""
    lost = CheckResult("test_base", "T", "base", Verdict.WRONG)
    carried = CheckResult("test_top", "T", "top", Verdict.WRONG, carried="“Base”")
    outcome = Outcome({"test_base": lost, "test_top": carried}, lost=10.0)
    assert list(judge_price(make("top", (5.0, 10.0)), outcome, audited.assignment)) == []


def test_where_prices_are_demanded_all_mistakes_have_one(audited, make):
    """A mistake without a price is a violation where the assignment demands prices, and none elsewhere."""
    mistakes = [make("base", (1.0, 2.0), "priced"), make("top", None, "free")]
    (violation,) = judge_missing_prices(mistakes, replace(audited.assignment, demands_prices=True))
    assert violation.subject == "mistake free"
    assert violation.message == "It does not say what it costs: `costs = [4, 8]`, say."
    assert list(judge_missing_prices(mistakes, audited.assignment)) == []


@pytest.mark.parametrize(
    ("check", "widely", "names"),
    [
        ("middle", False, {"base", "middle", "more", "top"}),
        ("base", False, {"base", "middle", "more", "top"}),
        ("other", False, {"other"}),
        ("long", False, {"base", "middle", "more", "long"}),
        ("other", True, {"base", "middle", "more", "top", "other"}),
    ],
)
def test_what_a_price_is_measured_on(audited, make, check, widely, names):
    """A price is measured on the whole task, what it builds on and what builds on it; widely on all short tasks."""
    (trial,) = try_mistake(make(check, (1.0, 2.0)), audited, widely=widely)
    assert set(trial.checks) == {f"test_{name}" for name in names}


def test_without_a_price_only_the_check_runs(audited, make):
    """Where nobody measures what a mistake costs, nothing but its check is asked."""
    (trial,) = try_mistake(make("middle", None), audited)
    assert trial.checks == ("test_middle",)


def test_the_dearest_mistake_of_each_task_is_priced_widely(audited, make):
    """One mistake of each task, the dearest, is tried on all short tasks."""
    mistakes = [
        make("middle", (1.0, 2.0), "cheap"),
        make("more", (1.0, 5.0), "dear"),
        make("top", (0.0, 1.0), "only"),
        make("base", None, "free"),
        make("gone", (1.0, 9.0), "of no check"),
    ]
    assert widely_priced(mistakes, audited) == {"dear", "only"}
