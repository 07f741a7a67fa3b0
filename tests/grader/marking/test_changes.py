"""Tests of grader.marking.changes and its pages: changes are counted from what was handed out, and why is said."""

import csv
from dataclasses import replace

import pytest

from grader.errors import StoreError
from grader.marking.changes import changed_since, find_changes, hand_out, note_of, with_change_notes
from grader.marking.changes_page import write_changes
from grader.marking.memory import FILE, HandedOut, Memory
from grader.marking.overriding import overridden
from grader.marking.snapshot import pack_snapshot, snapshot_of, unpack_snapshot
from grader.results.lateness import Lateness
from grader.results.results_file import RunInfo
from grader.results.verdict import Adjusted, Answer, Feedback, Origin, Status, Verdict

RUN = RunInfo("x", "X", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")
W = Verdict.WRONG


def _said(result, words, *, hidden=False):
    """Return the result whose failed checks say these words."""
    tasks = tuple(
        replace(
            task,
            checks=tuple(
                replace(check, feedback=Feedback(words if check.verdict is W else ""), hidden=hidden)
                for check in task.checks
            ),
        )
        for task in result.tasks
    )
    return replace(result, tasks=tasks)


def _change(folder, before, now, *, by="canvas"):
    hand_out(folder, [before], by=by)
    (change,) = find_changes(folder, [now], by=by)
    return change


def test_a_change_says_what_moved_and_why(tmp_path, result_of):
    """A change has the points before and now, each check that moved, and what it said."""
    change = _change(tmp_path, _said(result_of(test_a1=W), "`y` is off."), result_of())
    assert note_of(change).partition(": ")[2] == (
        "9 of 10 points then, 12 of 10 now. “Check a1” was wrong, 0 of 3 points and is passed, 3 of 3 points, since "
        "the check or the grader was changed. It said: `y` is off."
    )
    (noted,) = with_change_notes([result_of()], [change])
    assert noted.notes == (note_of(change),)
    assert with_change_notes([result_of("bob")], [change])[0].notes == ()


def test_what_hidden_checks_said_is_not_told_to_students(tmp_path, result_of):
    """The note names a hidden check that moved, without its explanation."""
    before, now = _said(result_of(test_a1=W), "SECRET", hidden=True), _said(result_of(), "", hidden=True)
    note = note_of(_change(tmp_path, before, now))
    assert "“Check a1” was wrong" in note
    assert "SECRET" not in note


def test_only_some_checks_are_told_and_the_others_counted(tmp_path, result_of):
    """A note tells of three checks at most."""
    before = result_of(test_a1=W, test_a2=W, test_b1=W, test_b2=W, test_c1=W)
    assert note_of(_change(tmp_path, before, result_of())).endswith("And 2 more.")


def test_each_cause_has_its_words(tmp_path, result_of, row_of):
    """A person's word, an adjustment and another hand-in are told as what they are."""
    wrong = result_of(test_a1=W)
    (by_hand,) = overridden([wrong], [row_of("test_a1", verdict=Verdict.PASSED)]).results
    whole = overridden([wrong], [row_of("a", points="6")]).results[0]
    checks = tuple(replace(check, adjusted=Adjusted.GIVEN, reason="Why.") for check in wrong.tasks[0].checks)
    given = replace(wrong, points=12.0, tasks=(replace(wrong.tasks[0], checks=checks, points=6.0), *wrong.tasks[1:]))
    again = replace(result_of(), origin=Origin(content="other"))
    reasons = [_change(tmp_path, wrong, now).moved for now in (by_hand, whole, given, again)]
    assert [[(one.name, one.why) for one in moved] for moved in reasons] == [
        [("test_a1", "a person marked it")],
        [("a", "a person marked it")],
        [("test_a1", "an instructor adjusted the check for everybody")],
        [("test_a1", "something else was handed in")],
    ]


def test_lateness_is_a_cause_of_its_own(tmp_path, result_of):
    """Where only lateness changed, that is told and no check."""
    late = replace(result_of(), points=6.0, lateness=Lateness("", "", "", keeps=50.0))
    change = _change(tmp_path, late, result_of())
    assert change.moved == ()
    assert note_of(change).endswith("Lateness left 50 % of the points then, and leaves 100 % now.")


def test_what_is_not_final_is_no_change(tmp_path, result_of):
    """Points that are open, or of a submission that is gone, are compared with nothing."""
    hand_out(tmp_path, [result_of()], by="canvas")
    for status in (Status.NOT_GRADED, Status.PROVISIONAL, Status.GONE, Status.UNREADABLE):
        assert find_changes(tmp_path, [replace(result_of(test_a1=W), status=status)]) == ()
    hand_out(tmp_path / "no", [replace(result_of(), status=Status.GONE)], by="canvas")


def test_each_format_has_its_own_memory(tmp_path, result_of):
    """What is to be exported is what this format has not said; a mark for a text answer counts as well."""
    first, second = result_of(test_a1=W), result_of()
    hand_out(tmp_path, [first], by="csv")
    assert changed_since(tmp_path, [first], by="csv") == frozenset()
    assert changed_since(tmp_path, [first], by="canvas") == {"ann"}
    answered = replace(first, answers=(Answer("Q", "text", 4.0, name="q", given=3.0),))
    assert changed_since(tmp_path, [second], by="csv") == changed_since(tmp_path, [answered], by="csv") == {"ann"}


def test_the_first_grade_is_remembered_until_one_is_handed_out(tmp_path, result_of):
    """Without an export the first final grade is compared, of the same hand-in; looking remembers nothing."""
    wrong, right = result_of(test_a1=W), result_of()
    assert find_changes(tmp_path, [wrong]) == ()
    assert not (tmp_path / FILE).exists()
    assert find_changes(tmp_path, [wrong], remember=True) == ()
    (change,) = find_changes(tmp_path, [right], remember=True)
    assert note_of(change).startswith("Changed since it was first graded on 20")
    other = replace(right, origin=Origin(content="other"))
    assert find_changes(tmp_path, [other], remember=True) == ()


def test_memory_of_another_version_is_none(tmp_path, result_of):
    """What can't be read of an earlier version is no change: the grade is remembered anew."""
    Memory(tmp_path).hand_out("csv", {"ann": '{"points": 1}'}, at="2026-01-01T00:00:00+00:00")
    assert find_changes(tmp_path, [result_of()]) == ()
    assert unpack_snapshot("[") is None
    snapshot = snapshot_of(result_of())
    assert unpack_snapshot(pack_snapshot(snapshot)) == snapshot


def test_odd_names_are_remembered(tmp_path):
    """A name that is no text for a database comes back as it was."""
    name = "a\udcff\\b"
    Memory(tmp_path).hand_out("csv", {name: "x"}, at="now")
    Memory(tmp_path).keep_overrides({(name, "t"): ("said", "mark")})
    assert Memory(tmp_path).handed_out() == {name: {"csv": HandedOut("csv", "now", "x")}}
    assert Memory(tmp_path).overrides() == {(name, "t"): ("said", "mark")}


def test_a_damaged_memory_is_named(tmp_path):
    """The error names the file that can't be read, and moving it away is enough."""
    (tmp_path / "told.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"told\.sqlite is damaged") as caught:
        Memory(tmp_path).handed_out()
    assert "grade again" not in caught.value.remedy
    (tmp_path / "told.sqlite").unlink()
    assert Memory(tmp_path).handed_out() == {}


def test_pages_are_there_only_where_something_changed(tmp_path, result_of):
    """Names and words of students are escaped on both pages; where nothing has changed any more both are removed."""
    before = replace(_said(result_of(test_a1=W), "<b>=1"), submission="=ann<i>")
    change = _change(tmp_path, before, replace(result_of(), submission="=ann<i>"))
    write_changes(tmp_path, RUN, [change], names=["=ann<i>"])
    page = (tmp_path / "changes.html").read_text(encoding="utf-8")
    assert "=ann&lt;i&gt;" in page
    assert "&lt;b&gt;=1" in page
    with (tmp_path / "changes.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["submission"], row["said_before"], row["check_or_task"]) == ("'=ann<i>", "<b>=1", "test_a1")
    write_changes(tmp_path, RUN, [], names=["=ann<i>"])
    assert not {"changes.html", "changes.csv"} & {path.name for path in tmp_path.iterdir()}


def test_an_old_page_that_cannot_be_removed_is_an_error(tmp_path):
    """Where the old page is a folder, the error names it."""
    (tmp_path / "changes.html").mkdir()
    with pytest.raises(StoreError, match=r"The old .*changes.html can't be removed: .* Fix the folder's permissions"):
        write_changes(tmp_path, RUN, [], names=[])
