"""Tests of crediting: what a measure earns, in points, words, pages and exports, and which tables are refused."""

import json
import re
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.kit_files import write_assignment_file
from grader.courses.assignment import Scoring, Task
from grader.courses.checks import Check
from grader.datasets import Accuracy
from grader.errors import CourseError
from grader.export.final_points import final_points
from grader.export.gradescope import gradescope_json
from grader.export.results_json import write_results_json
from grader.grading.crediting import Crediting
from grader.grading.curves import Curves
from grader.report.html import write_pages
from grader.results.results_file import RunInfo, pack_record, unpack_result
from grader.results.shares import shares
from grader.results.student_view import student_view
from grader.results.verdict import Verdict

TABLE = [(80, 0.5), (86, 1), (90, 1.1)]
RUN = RunInfo("tiny", "Tiny", "", "1", "2", "process", "2026-11-20T12:00:00+00:00")


def crediting(*, up_to=1.1, scoring=Scoring.PROPORTIONAL, advice=False):
    """Return what takes the measure of a check of a task with a bonus."""
    check = Check("test_a", "A", "", "a", 1.0, (), "cpu", False, advice=advice)
    curves = Curves()
    curves.draw("Accuracy", {"training": [0.5]})
    return Crediting(check, Task("a", "A", 10.0, scoring=scoring, credit_up_to=up_to), curves)


@pytest.mark.parametrize(
    ("value", "settings", "part"),
    [
        (79.9, {}, 0),
        (80, {}, 0.5),
        (83, {}, 0.75),
        (86, {}, 1),
        (88, {}, 1.05),
        (95, {}, 1.1),
        (Accuracy(43, 50), {}, 1),
        (83, {"stepped": True}, 0.5),
        (86 - 1e-10, {"stepped": True}, 1),
        (89, {"stepped": True}, 1),
    ],
)
def test_what_a_measure_earns(value, settings, part):
    """A measure below the first cut-off earns nothing, above the last the most, and evenly between, or in steps."""
    assert crediting().give(value, TABLE, **settings) == pytest.approx(part)


@pytest.mark.parametrize(("value", "part"), [(0.6, 0), (0.5, 0.5), (0.4, 0.75), (0.3, 1), (0.1, 1)])
def test_less_may_be_better(value, part):
    """Where a measure falls, the least earns the most."""
    assert crediting().give(value, [(0.5, 0.5), (0.3, 1)], falls=True) == pytest.approx(part)


steps = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=6)


@given(steps, st.floats(-100, 500), st.floats(-100, 500), st.booleans(), st.booleans())
def test_more_never_earns_less(widths, one, other, stepped, falls):
    """Of two measures the better one earns no less, and none more than the table's last part."""
    table, cutoff, part = [], 0, 0
    for width, more in widths:
        cutoff, part = cutoff + width, part + more
        table.append((cutoff, part))
    table = [(-cutoff if falls else cutoff, each / part) for cutoff, each in table]
    worse, better = sorted((one, other), reverse=falls)
    earned = [crediting().give(value, table, stepped=stepped, falls=falls) for value in (worse, better)]
    assert 0 <= earned[0] <= earned[1] <= 1


@pytest.mark.parametrize(
    ("table", "settings", "words"),
    [
        ([(86, 1), (80, 0.5)], {}, "out of order: (80, 0.5) follows (86, 1). Cut-offs have to rise"),
        ([(80, 0.5), (80, 1)], {}, "out of order"),
        ([(80, 1), (86, 0.5)], {}, "out of order"),
        ([(80, 0.5), (86, 0.5), (90, 1)], {}, "out of order"),
        ([(0.3, 0.5), (0.5, 1)], {"falls": True}, "Cut-offs have to fall"),
        ([(80, -0.5), (86, 1)], {}, "begins with the part -0.5. Parts are 0 or more."),
        ([(80, 0.5), (86, 0.9)], {}, "ends with the part 0.9: nobody could earn all points."),
        ([(80, 0.5), (86, 1.2)], {}, "goes up to 1.2; `a` allows 1.1. End with 1, or write `credit_up_to = 1.2`"),
        ([], {}, "The credit table of `test_a` is []. Write pairs"),
        ([(float("nan"), 1)], {}, "The credit table of `test_a` is [(nan, 1.0)]."),
        ([80, 86], {}, "The credit table of `test_a` is [80, 86]."),
        ("ab", {}, "The credit table of `test_a` is 'ab'."),
        (TABLE, {"on": "Loss"}, "There is no curve `Loss` to draw cut-offs on. Draw it first, with `curve`."),
    ],
)
def test_tables_that_cannot_be_meant(table, settings, words):
    """A table out of order or of range is the author's fault, and told as that."""
    with pytest.raises(CourseError, match=re.escape(words)):
        crediting().give(85, table, **settings)


def test_where_no_part_can_be_earned():
    """A task that pays all or nothing, advice, and a check that has measured already take no credit."""
    for made, words in (
        (crediting(scoring=Scoring.ALL_OR_NOTHING), "belongs to `a`, which pays all or nothing, so it can't earn"),
        (crediting(advice=True), "is advice, so it can't earn a part. Compare with the target instead."),
    ):
        with pytest.raises(CourseError, match=words):
            made.give(85, TABLE)
    twice = crediting()
    twice.give(85, TABLE)
    with pytest.raises(CourseError, match="measures twice"):
        twice.give(86, TABLE)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "The measure is nan; expected a finite number."),
        (float("inf"), "The measure is inf; expected"),
        (None, "The measure is a NoneType; expected a number."),
        ("90", "is a str"),
        (True, "is a bool"),
        ([90], "is a list"),
    ],
)
def test_what_is_no_measure(value, words):
    """Anything but a finite number is the submission's fault, in words."""
    with pytest.raises(AssertionError, match=re.escape(words)):
        crediting().give(value, TABLE)


TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[tasks.measured]
title = "Measured"
points = 10
credit_up_to = 1.1
[tasks.after]
title = "After"
points = 4
"""
PROBES = """\
from grader.probes import probe


@probe(needs=["student"])
def measure():
    import student

    return {"percent": student.percent()}
"""
CHECKS = '''\
import pytest


@pytest.mark.graded(task="measured", grounds="sheet, line 1: the accuracy is 86 %")
def test_measured(probe, curve, credit):
    """The measure is 86 % at least"""
    percent = probe("measure")["percent"]
    curve("Accuracy", {"each epoch": [percent, percent]}, unit="%")
    credit(percent, [(80, 0.5), (86, 1), (90, 1.1)], unit="%", on="Accuracy")


@pytest.mark.graded(task="after", after="test_measured", grounds="sheet, line 2: it is a number")
def test_measured_hidden_too(probe, credit):
    """The measure is a number"""
    credit(probe("measure")["percent"], [(1, 1)], stepped=True)
'''
MEASURES = {"ann": "70", "bob": "85.2", "cy": "86", "dee": "95", "eve": "float('nan')", "fay": "1/0"}


@pytest.fixture(scope="module")
def graded(make_course, read_tiny, grade_many, tmp_path_factory):
    """Return a graded class in which each student has another measure."""
    folder = tmp_path_factory.mktemp("credit")
    course = make_course(
        folder / "course", toml=TOML, probes=PROBES, checks=CHECKS, reference="def percent(): return 90\n"
    )
    files = {name: {"student.py": f"def percent(): return {text}\n"} for name, text in MEASURES.items()}
    return grade_many(read_tiny(course), files, folder=folder / "in")


def test_a_class_by_a_measure(graded):
    """Points follow the measure; in part is not passed, and what builds on a part of it still runs."""
    checks = {name: result.tasks[0].checks[0] for name, result in graded.items()}
    assert {name: result.tasks[0].points for name, result in graded.items()} == {
        "ann": 0,
        "bob": 9.33,
        "cy": 10,
        "dee": 11,
        "eve": 0,
        "fay": 0,
    }
    assert {name: check.verdict for name, check in checks.items()} == {
        "ann": Verdict.WRONG,
        "bob": Verdict.WRONG,
        "cy": Verdict.PASSED,
        "dee": Verdict.PASSED,
        "eve": Verdict.WRONG,
        "fay": Verdict.CRASHED,
    }
    assert {result.max_points for result in graded.values()} == {14}
    assert checks["bob"].credit.words == "85.2 % earns 9.33 of 10 points; 86 % earns all 10."
    assert checks["ann"].credit.words == "70 % earns none of 10 points; 80 % earns 5."
    assert checks["cy"].credit.words == "86 % earns 10 of 10 points; 90 % earns the bonus, 11."
    assert checks["dee"].credit.words == "95 % earns 11 of 10 points."
    assert checks["eve"].feedback.message == "The measure is nan; expected a finite number."
    assert {name: result.tasks[1].checks[0].verdict for name, result in graded.items() if name in "bobann"} == {
        "ann": Verdict.SKIPPED,
        "bob": Verdict.PASSED,
    }


def test_pages_and_exports_tell_what_a_measure_earns(graded, tmp_path):
    """Scorecards draw the cut-offs and say the part; tables and exports have the points of the part, a bonus too."""
    results = list(graded.values())
    write_pages(tmp_path, RUN, results=results)
    card = (tmp_path / "scorecards" / "bob.html").read_text(encoding="utf-8")
    assert "85.2 % earns 9.33 of 10 points; 86 % earns all 10." in card
    assert "in part" in card
    assert card.count('<line class="target" x1="46"') == 3
    assert "Cut-offs, of the points: 80 % earns 50 %, 86 % earns 100 %, 90 % earns 110 %" in card
    assert "90 % earns the bonus, 11." in (tmp_path / "scorecards" / "cy.html").read_text(encoding="utf-8")
    write_results_json(tmp_path / "results.json", RUN, results=results)
    stored = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["submissions"]
    assert {one["submission"]: one["points"] for one in stored} == {
        "ann": 0,
        "bob": 13.33,
        "cy": 14,
        "dee": 15,
        "eve": 0,
        "fay": 0,
    }
    final = final_points(results, may_exceed=False)
    assert (final.points["dee"], final.possible, dict(final.withheld)) == (14, 14, {})
    told = json.loads(gradescope_json(graded["dee"], final=final_points(results), run=RUN, hidden_as="hidden"))
    assert (told["score"], told["tests"][0]["score"], told["tests"][0]["max_score"]) == (15, 11, 10)
    assert told["tests"][0]["output"] == "95 % earns 11 of 10 points."
    for result in results:
        assert unpack_result(pack_record(result)) == result
        for task in result.tasks:
            assert sum(share.points for share in shares(task)) == pytest.approx(task.points, abs=0.01)


def test_a_hidden_measure_is_not_told(graded):
    """Students read the points of a hidden check that measures, not the measure."""
    task = replace(graded["bob"].tasks[0], hidden=True)
    shown = student_view(replace(graded["bob"], tasks=(task,))).tasks[0]
    assert shares(shown)[0].points == pytest.approx(9.333, abs=0.001)
    assert (shown.checks[0].credit.words, shown.checks[0].credit.value) == ("", 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("= 1.1", "= 0.5", "`tasks.measured.credit_up_to` is 0.5; expected 1 to 2"),
        ("= 1.1", "= 3", "is 3; expected 1 to 2"),
        (
            "= 1.1",
            '= 1.1\nscoring = "all-or-nothing"',
            "is for checks that earn a part, and the task pays",
        ),
    ],
)
def test_how_much_a_bonus_may_be(make_course, read_tiny, tmp_path, old, new, words):
    """`credit_up_to` is from 1 to 2, and not for a task that pays all or nothing."""
    course = make_course(tmp_path, toml=TOML.replace(old, new), probes=PROBES, checks=CHECKS)
    with pytest.raises(CourseError, match=re.escape(words)):
        read_tiny(course)


def test_a_kit_knows_how_much_a_bonus_may_be(make_course, read_tiny, tmp_path):
    """The students' kit has `credit_up_to`, so that its checks take the same tables as the course's."""
    course = make_course(tmp_path, toml=TOML, probes=PROBES, checks=CHECKS)
    written = tomllib.loads(write_assignment_file(read_tiny(course)))["tasks"]
    assert (written["measured"]["credit_up_to"], "credit_up_to" in written["after"]) == (1.1, False)


def test_a_measure_stands_beside_a_cut_off():
    """A measure has as many digits as tell it from each cut-off: what is not reached never looks reached."""
    made = crediting()
    made.give(85.99999, TABLE)
    assert made.credit.words.startswith("85.99999 earns")
