"""Promises of `personal`: the seed of a student's own data, and the file of a kit that holds it."""

import json
from dataclasses import replace

import pytest

from grader.courses.personal import (
    NOBODY,
    PERSONAL_FILE,
    Personal,
    drawn_for,
    draws_for_each,
    personal_file,
    personal_of_kit,
    seed_for,
    told_of_other_kit,
)
from grader.errors import CourseError

OWN = '''\
import pytest


@pytest.mark.graded(task="double")
def test_own(probe, rng, personal):
    """draws for each student"""
'''
BY_FIXTURE = """\
import pytest


@pytest.fixture
def own(personal, rng):
    return personal(rng)
"""


@pytest.fixture
def assignment(make_course, read_tiny, tmp_path):
    """Return an assignment whose course has a key."""
    return replace(read_tiny(make_course(tmp_path / "course")), key="k")


def test_a_seed_follows_key_assignment_and_student(assignment):
    """The same student gets the same seed again; another key, assignment or student another one."""
    seed = seed_for(assignment, "email ann@x.org")
    assert seed == seed_for(assignment, "email ann@x.org")
    others = [replace(assignment, key="l"), replace(assignment, slug="other")]
    seeds = {seed, seed_for(assignment, "email bob@x.org"), *(seed_for(one, "email ann@x.org") for one in others)}
    assert len(seeds) == 4
    assert assignment.key not in seed


def test_without_a_key_there_is_no_seed(assignment):
    """A course without a key says with which command it gets one."""
    with pytest.raises(CourseError, match="has no key") as caught:
        seed_for(replace(assignment, key=""), "ann")
    assert "grader record tiny" in caught.value.remedy


def test_a_draw_follows_the_check_and_the_student():
    """What is drawn differs between checks and between students, and for nobody it is a draw of its own."""
    draws = [drawn_for(one, seed=seed) for one in (NOBODY, Personal("a"), Personal("b")) for seed in (1, 2)]
    assert len(set(draws)) == 6
    assert drawn_for(Personal("a"), seed=1) == draws[2]


@pytest.mark.parametrize(
    ("source", "is_drawn"), [(OWN, True), (BY_FIXTURE, True), (OWN.replace(", personal", ""), False)]
)
def test_whether_checks_draw_is_read_off_their_source(assignment, write_files, source, is_drawn):
    """Checks and fixtures that ask for `personal` are found without running anything; the word alone is none."""
    write_files(assignment.folder, {"test_own.py": source})
    assert draws_for_each(assignment) is is_drawn


def test_a_kit_says_for_whom_it_draws(assignment, write_files):
    """A kit's file names seed and student; a kit without one, and the course itself, draw for nobody."""
    kit = replace(assignment, reference=None, folder=assignment.folder / "kit" / "checks")
    assert personal_of_kit(kit) == NOBODY
    content = personal_file(assignment, student="Änn", seed="12ab")
    write_files(kit.folder.parent, {PERSONAL_FILE: content})
    assert json.loads(content) == {"assignment": "tiny", "student": "Änn", "seed": "12ab"}
    assert personal_of_kit(kit) == Personal("12ab")
    assert personal_of_kit(replace(kit, reference=assignment.reference)) == NOBODY


@pytest.mark.parametrize("content", [b"", b"[]", b'{"seed": 3}', b'{"seed": ""}', b"\xff", b"[" * 100_000])
def test_a_damaged_kit_says_so(assignment, write_files, content):
    """A file that can't be read is told, and nobody's data are drawn in its place."""
    kit = replace(assignment, reference=None, folder=assignment.folder / "kit" / "checks")
    write_files(kit.folder.parent, {PERSONAL_FILE: content})
    with pytest.raises(CourseError, match=r"personal\.json can't be read"):
        personal_of_kit(kit)


def test_a_foreign_kit_is_told(assignment):
    """A submission with another seed than the roster gives is a flag; the right one, none and nonsense are not."""
    own, other = (personal_file(assignment, student="ann", seed=seed) for seed in ("aa", "bb"))
    assert "not the one that this student gets" in told_of_other_kit({PERSONAL_FILE: other}, Personal("aa"))[0]
    for content in (own, b"nonsense"):
        assert told_of_other_kit({PERSONAL_FILE: content}, Personal("aa")) == ()
    assert told_of_other_kit({}, Personal("aa")) == told_of_other_kit({PERSONAL_FILE: own}, NOBODY) == ()


def test_results_for_different_students_are_told_apart():
    """Each seed, each reason why nobody is known, and nobody have identities of their own."""
    known = [NOBODY, Personal("a"), Personal("b"), Personal(missing="a"), Personal(missing="b")]
    assert len({one.identity for one in known}) == len(known)
