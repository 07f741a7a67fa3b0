"""Tests of grader.export.matching."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.export.matching import match
from grader.export.roster import Student

ANN = Student("Ann Lee", number="501", sis_id="s1", login="alee", email="ann@x.org")
BOB = Student("Bob Ray", number="502", sis_id="s2", login="bray", email="bob@x.org")


@pytest.mark.parametrize(
    "name",
    [
        "Ann Lee",
        "501",
        "s1",
        "alee",
        "ann@x.org",
        "Ann Lee_501_assignsubmission_file_",
        "Ann Lee_501_assignsubmission_file",
        "leeann_501_99_hw1.zip",
        "leeann_LATE_501_99_hw1.zip",
        "Ann Lee (501)",
        "leeann (501)",
        "ANN LEE",
        " ann  lee ",
        "Ann@X.org",
        "Lee, Ann",
        "leeann",
        "annlee",
    ],
)
def test_a_student_is_found_by_any_of_their_names(name):
    """Equal names and ids, LMS names, other case, and letters alone lead to the student."""
    matching = match([name], [BOB, ANN])
    assert (matching.submissions, matching.unmatched) == ({1: name}, {})


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("Zoë Ödön", Student(unicodedata.normalize("NFD", "Zoë Ödön"))),
        ("Li ﬁona", Student("LI FIONA")),
        ("Sean OBrien", Student("Sean O'Brien")),  # Moodle leaves the apostrophe out
        ("A B", Student("A_B")),
        ("oconnorjuan", Student("O'Connor, Juan")),
        ("group 7", Student("Ann", submission="Group 7")),
    ],
)
def test_spelling_does_not_matter(name, student):
    """Composed letters, case and what an LMS leaves out of file names are no difference."""
    assert match([name], [BOB, student]).submissions == {1: name}


@pytest.mark.parametrize(
    "name", ["Ann", "Lee", "Ann Lee (999)", "Ann Lee (2)", "Ann Lee_502_assignsubmission_file_", ""]
)
def test_a_doubtful_name_finds_nobody(name):
    """A part of a name, or a number that is another student's, is no match."""
    matching = match([name], [ANN, BOB])
    assert (matching.submissions, list(matching.unmatched)) == ({}, [name])


def test_two_students_of_one_name_are_told_apart_by_number_only():
    """A name that fits two students is never given to one, unless its number says which."""
    twin = Student("Ann Lee", number="777")
    matching = match(["Ann Lee"], [ANN, twin])
    assert matching.submissions == {}
    assert matching.unmatched == {"Ann Lee": "fits 2 students: Ann Lee, Ann Lee"}
    assert match(["Ann Lee (777)", "Ann Lee (501)"], [ANN, twin]).submissions == {
        0: "Ann Lee (501)",
        1: "Ann Lee (777)",
    }


def test_two_submissions_of_one_student_get_none():
    """Where two names fit one student equally well, a person has to choose."""
    matching = match(["ANN LEE", "ann lee"], [ANN])
    assert matching.submissions == {}
    assert matching.unmatched == {
        "ANN LEE": "Ann Lee is also fitted by ann lee",
        "ann lee": "Ann Lee is also fitted by ANN LEE",
    }


def test_the_surer_match_comes_first():
    """An equal name keeps its student; a similar one is told whose it would have been."""
    matching = match(["ann lee", "Ann Lee"], [ANN])
    assert matching.submissions == {0: "Ann Lee"}
    assert matching.unmatched == {"ann lee": "Ann Lee has another submission already: Ann Lee"}


def test_what_the_instructor_wrote_down_counts_alone():
    """A row's own submission may be shared by a group; its other names are not tried."""
    group = [Student("Ann Lee", submission="group7"), Student("Bob Ray", submission="group7")]
    matching = match(["group7", "Ann Lee"], group)
    assert matching.submissions == {0: "group7", 1: "group7"}
    assert matching.unmatched == {"Ann Lee": "no student of the roster has this name"}
    assert matching.students_of("group7") == (0, 1)


def test_a_blind_worksheet_is_matched_by_number():
    """Where names are hidden, the number alone says who it is."""
    blind = [Student(number="11"), Student(number="12")]
    assert match(["Participant (12)", "Participant (13)"], blind).submissions == {1: "Participant (12)"}


_NAMES = st.text(alphabet="aAbB ,_(1)é", max_size=6)
_STUDENTS = st.builds(Student, name=_NAMES, number=st.sampled_from(["", "1", "11"]), login=_NAMES)


@given(names=st.lists(_NAMES, max_size=5, unique=True), students=st.lists(_STUDENTS, max_size=5))
def test_nobody_gets_two_and_nothing_is_lost(names, students):
    """Every submission has one student or a reason, and the order of names changes nothing."""
    matching = match(names, students)
    matched = list(matching.submissions.values())
    assert len(matched) == len(set(matched))
    assert sorted([*matched, *matching.unmatched]) == sorted(names)
    assert match(names[::-1], students).submissions == matching.submissions


@given(names=st.lists(_NAMES, max_size=4, unique=True), students=st.lists(_STUDENTS, max_size=3))
def test_the_order_of_students_changes_nothing(names, students):
    """The same submissions are given to the same students in whatever order the roster lists them."""
    given_to = {
        frozenset(
            (order[place], name) for place, name in match(names, [students[i] for i in order]).submissions.items()
        )
        for order in itertools.permutations(range(len(students)))
    }
    assert len(given_to) == 1
