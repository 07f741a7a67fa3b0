"""Tests of grader.authoring.prices: what known mistakes cost, and on which checks that is measured."""

from dataclasses import replace

import pytest

from grader.authoring.audit_trials import AuditedAssignment, Outcome, try_mistake
from grader.authoring.mistakes import SHARES, Mistake, Price
from grader.authoring.prices import dearest_of_tasks, judge_missing_prices, judge_price, without_most_prices
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
        match costs:
            case str():
                price = Price(*SHARES[costs], of_task=True)
            case (fewest, most):
                price = Price(fewest, most)
            case _:
                price = None
        return Mistake(name, *edit, (), "", tmp_path / "mistakes.toml", price)

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
    assert list(judge_price(make("top", "unusable"), outcome, audited.assignment)) == []


def test_where_prices_are_demanded_all_mistakes_have_one(audited, make):
    """A mistake without a price is a violation where the assignment demands prices, and none elsewhere."""
    mistakes = [make("base", (1.0, 2.0), "priced"), make("top", None, "free")]
    (violation,) = judge_missing_prices(mistakes, replace(audited.assignment, demands_prices=True))
    assert violation.subject == "mistake free"
    assert violation.message == 'It does not say what it costs: `costs = "detail"`, say.'
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
    """One mistake of each task, the dearest, is tried on all short tasks, and is the only one with a price if quick."""
    mistakes = [
        make("middle", (1.0, 2.0), "cheap"),
        make("more", "unusable", "dear"),
        make("top", (0.0, 1.0), "only"),
        make("base", None, "free"),
        make("gone", (1.0, 9.0), "of no check"),
    ]
    assert dearest_of_tasks(mistakes, audited) == {"dear", "only"}
    quick = without_most_prices(mistakes, audited)
    assert [one.name for one in quick] == [one.name for one in mistakes]
    assert {one.name for one in quick if one.costs is not None} == {"dear", "only"}


@pytest.mark.parametrize(
    ("step", "lost", "told"),
    [
        ("nothing", 0.0, []),
        ("nothing", 0.5, ["It costs 0.5 points; expected 0 to 0."]),
        ("detail", 3.5, []),
        ("detail", 4.0, ["It costs 4 points; expected 0 to 3.5."]),
        ("property", 0.4, ["It costs 0.4 points; expected 0.5 to 6.5."]),
        ("result", 2.5, []),
        ("unusable", 5.0, ["It costs 5 points; expected 6 to 10."]),
    ],
)
def test_a_price_can_be_a_part_of_the_task(audited, make, step, lost, told):
    """A word says which part of its task's points a mistake may take."""
    outcome = Outcome({"test_base": CheckResult("test_base", "T", "base", Verdict.WRONG)}, lost=lost)
    assert [one.message for one in judge_price(make("base", step), outcome, audited.assignment)] == told
