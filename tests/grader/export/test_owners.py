"""Tests of grader.export.owners and grader.export.groups, as grader.export.matching uses them."""

import time

import pytest

from grader.export.matching import match
from grader.export.roster import Student
from grader.results.verdict import Origin, Owner

JANE = Student("Doe, Jane", number="100", sis_id="S100", login="jdoe", email="jane@x.edu")
ANN = Student("Lee, Ann", number="101", sis_id="S101", login="alee", email="ann@x.edu", github="ann-codes")


def canvas(name: str, number: str) -> Origin:
    return Origin("canvas", (Owner(name, number),))


def test_the_number_of_the_lms_decides():
    """In Canvas's own gradebook the number is enough, whatever the name has become since."""
    matching = match(["smith"], [JANE, ANN], origins={"smith": canvas("smith", "101")}, lms="canvas")
    assert matching.submissions == {1: "smith"}


def test_a_number_against_the_name_of_another_finds_nobody():
    """Where the number is one student's and the name another's nobody gets the grade."""
    matching = match(["doejane"], [JANE, ANN], origins={"doejane": canvas("doejane", "101")}, lms="canvas")
    assert matching.submissions == {}
    assert matching.unmatched == {"doejane": "fits 2 students by what canvas says: Lee, Ann, Doe, Jane"}


def test_a_number_in_another_roster_needs_the_name():
    """An `id` of a roster that is not the LMS's may be anything."""
    origins = {"smith": canvas("smith", "101"), "leeann": canvas("leeann", "101")}
    assert match(["smith"], [JANE, ANN], origins=origins).submissions == {}
    assert match(["leeann"], [JANE, ANN], origins=origins).submissions == {1: "leeann"}


@pytest.mark.parametrize(
    "owner",
    [Owner(email="ANN@x.edu"), Owner(sis_id="S101"), Owner(login="alee"), Owner(login="ann")],
)
def test_ids_and_addresses_find_their_student(owner):
    """What Gradescope, Sakai and Blackboard say is compared with the column for it."""
    assert match(["x"], [JANE, ANN], origins={"x": Origin("sakai", (owner,))}).submissions == {1: "x"}


def test_a_name_at_github_finds_its_student():
    """The end of a repository's name is looked up in the roster of GitHub Classroom."""
    origins = {"hw2-ann-codes": Origin("github", (Owner(login="Ann-Codes"),))}
    assert match(["hw2-ann-codes"], [JANE, ANN], origins=origins).submissions == {1: "hw2-ann-codes"}


def test_one_hand_in_of_gradescope_counts_for_all_its_submitters():
    """Everybody who is named gets the grade; so does the row that has the number of the hand-in."""
    origins = {"a": Origin("gradescope", (Owner(email="ann@x.edu"), Owner(sis_id="S100")), hand_in="7")}
    assert match(["a"], [JANE, ANN], origins=origins).submissions == {0: "a", 1: "a"}
    by_number = [Student("Bo", hand_in="7"), Student("Cy", hand_in="8")]
    assert match(["a"], by_number, origins=origins).submissions == {0: "a"}


def test_two_hand_ins_of_one_student_get_none():
    """A person has to say which one counts."""
    origins = {name: Origin("gradescope", (Owner(email="ann@x.edu"),)) for name in ("a", "b")}
    matching = match(["a", "b"], [JANE, ANN], origins=origins)
    assert matching.submissions == {}
    assert matching.unmatched == {"a": "Lee, Ann also handed in b", "b": "Lee, Ann also handed in a"}


def test_a_groups_name_is_no_part_of_a_name():
    """Moodle's number decides; without one the name behind the dash does, whole names first."""
    students = [Student("Ann Lee", number="501"), Student("Jean-Luc Ray", number="502")]
    origins = {"Group A-Ann Lee": Origin("moodle", (Owner("Group A-Ann Lee", "501"),))}
    assert match(["Group A-Ann Lee"], students, origins=origins, lms="moodle").submissions == {0: "Group A-Ann Lee"}
    assert match(["B-1-Jean-Luc Ray"], students).submissions == {1: "B-1-Jean-Luc Ray"}
    assert match(["Jean-Luc Ray"], students).submissions == {1: "Jean-Luc Ray"}


GROUP = [Student("Ann", group="G1"), Student("Bo", group="G1"), Student("Cy", group="G2")]


def test_one_hand_in_counts_for_its_group():
    """All members get the grade of the one who handed in, or of what is called as the group."""
    assert match(["Bo"], GROUP).submissions == {0: "Bo", 1: "Bo"}
    assert match(["g1", "Cy"], GROUP).submissions == {0: "g1", 1: "g1", 2: "Cy"}


def test_of_two_hand_ins_of_a_group_the_last_counts():
    """Two hand-ins of one group are attempts, and the other one is told."""
    origins = {"Ann": Origin(written=10.0), "Bo": Origin(written=20.0)}
    matching = match(["Ann", "Bo"], GROUP, origins=origins)
    assert (matching.submissions, matching.unmatched) == ({0: "Bo", 1: "Bo"}, {})
    assert matching.replaced == {"Ann": "the group G1 handed in Bo later"}


def test_attempts_of_a_group_that_nothing_orders_get_none():
    """Where nothing tells what is last, nobody of the group gets a grade."""
    matching = match(["Ann", "Bo"], GROUP)
    assert matching.submissions == {}
    assert matching.unmatched["Ann"] == "the group G1 handed in several times, and nothing tells what is last: Bo"


def test_copies_of_one_hand_in_are_no_attempts():
    """Where an LMS gives each member a copy all keep their own, and who has none gets the first."""
    origins = {name: Origin(written=10.0, content="same") for name in ("Ann", "Bo")}
    group = [*GROUP[:2], Student("Dee", group="G1")]
    matching = match(["Ann", "Bo"], group, origins=origins)
    assert (matching.submissions, matching.unmatched) == ({0: "Ann", 1: "Bo", 2: "Ann"}, {})


def test_a_number_behind_a_dash_is_no_students_id():
    """What is called `hw-7` or `student-7` is not the work of the student whose id is 7."""
    assert match(["hw-7", "student-7"], [Student("Ann", number="7"), Student("Bo", login="7")]).submissions == {}


def test_thousands_are_matched_in_seconds():
    """The cost grows with the class, not with its square."""
    students = [Student(f"First{i} Last{i}", number=str(i), email=f"u{i}@x.edu") for i in range(5000)]
    names = [f"G-z-First{i} Last{i}" for i in range(5000)]
    begun = time.process_time()
    assert match(names, students).submissions == dict(enumerate(names))
    assert match([f"other-{i}" for i in range(5000)], students).submissions == {}
    assert time.process_time() - begun < 20


def test_submitters_without_a_known_id_are_found_by_their_names():
    """The names of several submitters are looked up one by one; two students of one name get nothing."""
    origins = {"a": Origin("gradescope", (Owner("Jane Doe", email="jane@old.edu"), Owner("Ann Lee")), hand_in="7")}
    assert match(["a"], [JANE, ANN], origins=origins).submissions == {0: "a", 1: "a"}
    twins = [JANE, ANN, Student("Ann Lee", number="109")]
    assert match(["a"], twins, origins=origins).unmatched == {
        "a": "fits 2 students by what gradescope says: Lee, Ann, Ann Lee"
    }
