"""Tests of coverage: lines out of grounds, and what the list of a document's demands has to hold."""

import pytest

from grader.authoring.audit import coverage_of
from grader.authoring.coverage import named_lines, write_page
from grader.courses.course import list_slugs
from grader.errors import CourseError

ASSIGNMENT = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[tasks.double]
title = "Doubling"
points = 10
[tasks.triple]
title = "Tripling"
points = 5
"""
TWO = """\
[[demand]]
lines = "1 to 3"
asks = "Double | a number."
[[demand]]
lines = "9"
asks = "Say why."
"""


CHECKS = '''\
import pytest

@pytest.mark.graded(task="double", grounds="sheet, lines 2 and 5: twice the input")
def test_double(probe):
    """doubles"""

@pytest.mark.graded(task="triple", grounds="sheet, line 7: three times the input")
def test_triple(probe):
    """triples"""
'''


@pytest.fixture
def covered(tmp_path, make_course):
    """Return a function that writes a list of demands into a tiny course and reads how they are treated."""
    course = make_course(tmp_path / "course", checks=CHECKS)
    (slug,) = list_slugs(course)

    def read(demands):
        (course / "tests" / "assignments" / slug / "demands.toml").write_text(demands, encoding="utf-8")
        return coverage_of(course, slug)

    return read


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        ("sheet, line 7: three times x", {7}),
        ("hw2 part 3, lines 1 and 4 to 6: of 20 samples", {1, 4, 5, 6}),
        ("lines 2, 3 and 9 to 10: a line 40 of prose", {2, 3, 9, 10}),
        ("the sheet: no number", set()),
        ("part 2, section 3: 5 lines 6", set()),
        ("", set()),
    ],
)
def test_lines_of_grounds(place, lines):
    """Numbers behind “line” and before the colon count, single ones and spans; a part's number does not."""
    assert named_lines(place) == lines


def test_a_demand_is_treated_by_the_checks_that_name_a_line_of_it(covered):
    """Where grounds and a demand share a line the check treats it; a demand without anybody is a violation."""
    found = covered(TWO)
    assert [[one.check for one in row.checks] for row in found.rows] == [["test_double"], []]
    assert [(one.subject, one.message) for one in found.violations] == [
        ("line 9", "Nothing says how this is treated: Say why."),
        ("test_triple", "It rests on what no demand lists (sheet, line 7: three times the input)."),
    ]
    page = write_page(found, "tiny")
    assert "| 1 to 3 | Double \\| a number. | graded: `test_double` |" in page
    assert "| 9 | Say why. | **no entry** |" in page
    assert "2 demands: 1 graded." in page


def test_a_reason_is_a_treatment(covered):
    """Who says why nobody grades a demand has treated it."""
    found = covered(f'{TWO}not_graded = "that\'s why"\n')
    assert [one for one in found.violations if one.subject == "line 9"] == []
    assert "not graded: that's why" in write_page(found, "tiny")


def test_what_a_person_is_shown_is_a_treatment(tmp_path, make_course):
    """A demand may name evidence; evidence that no demand names is a violation."""
    shown = '\n[submission.evidence.plots]\ntitle = "The plots"\nfiles = ["*.png"]\n'
    course = make_course(tmp_path, checks=CHECKS, toml=ASSIGNMENT + shown)
    (slug,) = list_slugs(course)
    demands = course / "tests" / "assignments" / slug / "demands.toml"
    demands.write_text(TWO, encoding="utf-8")
    assert ("plots", "No demand is treated by this evidence.") in [
        (one.subject, one.message) for one in coverage_of(course, slug).violations
    ]
    demands.write_text(f'{TWO}evidence = "plots"\n', encoding="utf-8")
    found = coverage_of(course, slug)
    assert {one.subject for one in found.violations} == {"test_triple"}
    assert "shown to a person, “The plots”" in write_page(found, "tiny")
    assert "1 shown to a person" in write_page(found, "tiny")


@pytest.mark.parametrize(
    ("demands", "words"),
    [
        ("demand = 3", "is not a list of tables"),
        ('[[demand]]\nlines = "1"\n', "`demand 1.asks` is missing"),
        ('[[demand]]\nlines = "above"\nasks = "x"\n', "is `above`. Write `lines ="),
        ('[[demand]]\nlines = "1"\nasks = "x"\nanswer = "q9"\n', "is `q9`, which is no question"),
        ('[[demand]]\nlines = "1"\nasks = "x"\nevidence = "e9"\n', "is `e9`, which is no evidence"),
        ('[[demand]]\nlines = "1"\nasks = "x"\nwhy = "y"\n', "why"),
        ("[demand", "TOML"),
    ],
)
def test_a_bad_list_is_refused(covered, demands, words):
    """Each mistake in the list is told with its place."""
    with pytest.raises(CourseError) as caught:
        covered(demands)
    assert words in str(caught.value)


def test_no_list_is_refused(tmp_path, make_course):
    """A course whose assignment has no list is told what to write."""
    course = make_course(tmp_path)
    with pytest.raises(CourseError, match=r"has no demands.toml. List what the document asks"):
        coverage_of(course, list_slugs(course)[0])
