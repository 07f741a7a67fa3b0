"""Tests of grader.courses.adjust_table: what `[adjust]` may say."""

import pytest

from grader.courses.assignment import Adjustment
from grader.errors import CourseError
from grader.results.verdict import Adjusted


@pytest.fixture
def read(make_course, read_tiny, tmp_path):
    """Return a function that reads an assignment with this text behind its assignment.toml."""

    def read(text):
        course = make_course(tmp_path)
        with (course / "tests" / "assignments" / "tiny" / "assignment.toml").open("a") as file:
            file.write(f"\n{text}")
        return read_tiny(course).adjustments

    return read


def test_checks_are_dropped_or_given(read):
    """`weight = 0` counts a check for nobody, `points = "full"` gives its points to everybody, each with a reason."""
    text = '[adjust.test_a]\nweight = 0\nreason = "It was wrong."\n[adjust.test_b]\npoints = "full"\nreason = "Late."\n'
    dropped, given = (
        Adjustment("test_a", Adjusted.DROPPED, "It was wrong."),
        Adjustment("test_b", Adjusted.GIVEN, "Late."),
    )
    assert read(text) == (dropped, given)
    assert read("") == ()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('weight = 0\npoints = "full"\nreason = "x"', "`adjust.test_a` says both, or neither, .*Write `weight = 0`"),
        ('reason = "x"', "`adjust.test_a` says both, or neither"),
        ('weight = 1\nreason = "x"', "`adjust.test_a.weight` is 1. Write `weight = 0`"),
        ('weight = false\nreason = "x"', "`adjust.test_a.weight` is False"),
        ('points = 3\nreason = "x"', "`adjust.test_a.points` is 3"),
        ("weight = 0", "`adjust.test_a.reason` is missing"),
        ('weight = 0\nwhy = "x"', "`adjust.test_a.why` is not a key"),
    ],
)
def test_mistakes_are_named(read, lines, words):
    """Anything else is refused with what can be written; nobody is adjusted without a reason."""
    with pytest.raises(CourseError, match=words):
        read(f"[adjust.test_a]\n{lines}\n")
