"""Promises of `personal_seeds`: for whom of a roster a submission's checks draw, and which kits a roster asks for."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.personal import Personal, seed_for
from grader.errors import CourseError, ExportError
from grader.export.personal_seeds import kits_of, personal_of
from grader.export.roster import Roster, Student
from grader.results.verdict import Origin, Owner
from grader.submissions.found import Found

ANN, BOB = Student("Ann Lee", email="Ann@x.org"), Student("Bob Ray", email="bob@x.org")
EVE, KIM = Student("Eve Orr", login="eve", group="Team 3"), Student("Kim Yu", login="kim", group="Team 3")
FIELDS = ("name", "email", "login", "group")


@pytest.fixture
def assignment(make_course, read_tiny, tmp_path):
    """Return an assignment whose course has a key."""
    return replace(read_tiny(make_course(tmp_path / "course")), key="k")


def _roster(*students):
    return Roster(students, FIELDS)


def _found(*names, **settings):
    return [Found(name, Path(name), **settings) for name in names]


def test_each_student_has_a_seed_of_their_own(assignment):
    """Submissions are matched as exports match them, and case or spaces of an address change nothing."""
    personal = personal_of(assignment, _found("Lee, Ann", "bob@x.org"), _roster(ANN, BOB))
    seeds = {name: seed_for(assignment, f"email {name}@x.org") for name in ("ann", "bob")}
    assert personal == {"Lee, Ann": Personal(seeds["ann"]), "bob@x.org": Personal(seeds["bob"])}
    assert kits_of(assignment, _roster(BOB, ANN)) == {"Ann Lee": seeds["ann"], "Bob Ray": seeds["bob"]}


def test_a_group_has_one_seed(assignment):
    """Whoever of a group hands in, and under whatever name, the data are the group's; so is the one kit."""
    roster = _roster(ANN, EVE, KIM)
    personal = personal_of(assignment, _found("eve", "kim"), roster) | personal_of(assignment, _found("Team 3"), roster)
    assert len({one.seed for one in personal.values()}) == 1
    assert set(kits_of(assignment, roster)) == {"Ann Lee", "Team 3"}
    assert kits_of(assignment, roster)["Team 3"] == personal["eve"].seed


def test_an_attempt_is_its_students(assignment):
    """All attempts of a student are graded with the same data."""
    later, first = _found("Ann Lee"), _found("Ann Lee, attempt 1", attempt_of="Ann Lee")
    personal = personal_of(assignment, [*later, *first], _roster(ANN, BOB))
    assert personal["Ann Lee"] == personal["Ann Lee, attempt 1"] != Personal()


def test_whose_is_unknown_is_said(assignment):
    """Without a roster, without a student of that name, and with several that nothing joins, the reason is told."""
    assert "--roster FILE" in personal_of(assignment, _found("Ann Lee"), None)["Ann Lee"].missing
    assert "no student" in personal_of(assignment, _found("Zoe"), _roster(ANN, BOB))["Zoe"].missing
    both = Origin(lms="gradescope", owners=(Owner(email="ann@x.org"), Owner(email="bob@x.org")))
    personal = personal_of(assignment, _found("submission_1", origin=both), _roster(ANN, BOB))
    assert "2 students handed it in" in personal["submission_1"].missing
    two = replace(ANN, email="other@x.org")
    assert "fits 2 students" in personal_of(assignment, _found("Ann Lee"), _roster(ANN, two))["Ann Lee"].missing


def test_two_who_cannot_be_told_apart_are_refused(assignment):
    """Two rows that only have one name would get the same data: the roster has to tell them apart."""
    twins = _roster(Student("Ann Lee"), Student("ann  lee"))
    with pytest.raises(ExportError, match="they would get the same data"):
        kits_of(assignment, twins)
    with pytest.raises(ExportError, match="they would get the same data"):
        personal_of(assignment, _found("Ann Lee"), twins)


def test_two_of_one_name_get_two_kits(assignment):
    """Where an address tells two of one name apart, so does the name of the kit."""
    kits = kits_of(assignment, _roster(ANN, replace(ANN, email="other@x.org")))
    assert set(kits) == {"Ann Lee", "Ann Lee other@x.org"}
    assert len(set(kits.values())) == 2


def test_a_course_without_a_key_is_refused(assignment):
    """Seeds that anybody could compute are not given out."""
    with pytest.raises(CourseError, match="has no key"):
        kits_of(replace(assignment, key=""), _roster(ANN))
