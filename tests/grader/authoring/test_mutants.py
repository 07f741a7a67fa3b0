"""Tests of mutants: regions and their stubs, an even draw, and declarations of what is as good as the reference."""

from collections import Counter

import pytest

from grader.authoring.mutants import choose_mutants, make_mutants, read_equivalents, read_regions, stub_region
from grader.errors import CourseError

SOURCE = b"""\
class A:
    def f(self, x):
        # <solution> Double it.
        return 2 * x
        # </solution>

def g(x):
    # <solution> Say it.
    y = "words"
    # </solution>
    return y + 1
"""


@pytest.fixture
def assignment(tmp_path, make_course, read_tiny):
    """Return the tiny course's assignment, for which students hand in `student.py`."""
    return read_tiny(make_course(tmp_path))


def test_regions_and_their_mutants(assignment):
    """Each region knows what it is part of; what is not in it stays, and plain words have no mutant."""
    files = {"student.py": SOURCE, "other.txt": SOURCE, "picture.png": b"\xff"}
    first, second = read_regions(files, assignment)
    assert (first.name, second.name) == ("student.py:3 (A.f)", "student.py:8 (g)")
    mutants = make_mutants(files, first)
    assert [(one.line, one.old, one.new) for one in mutants] == [
        (4, "return 2 * x", f"return {new}") for new in ("1 * x", "3 * x", "2 / x")
    ]
    assert all(SOURCE.replace(b"2 * x", one.new.removeprefix("return ").encode()) == one.content for one in mutants)
    assert make_mutants(files, second) == []


def test_a_stub_leaves_the_other_regions(assignment):
    """One region is what students find there; the others are written."""
    files = {"student.py": SOURCE}
    stubbed = stub_region(files, read_regions(files, assignment)[0])["student.py"]
    assert b"raise NotImplementedError" in stubbed
    assert b"2 * x" not in stubbed
    assert b'y = "words"' in stubbed


def test_a_reference_that_is_no_python_is_refused(assignment):
    """The message says which file."""
    with pytest.raises(CourseError, match=r"reference/tiny/student.py is not valid Python"):
        read_regions({"student.py": SOURCE + b"def\n"}, assignment)


def test_a_draw_is_even_and_the_same_again():
    """Of a few mutants each region gives as many; another seed draws others; None takes all."""
    piles = [[f"{name}{i}" for i in range(count)] for name, count in (("a", 2), ("b", 50), ("c", 50))]
    drawn = choose_mutants(piles, most=22, seed=1)
    assert Counter(one[0] for one in drawn) == {"a": 2, "b": 10, "c": 10}
    assert drawn == choose_mutants(piles, most=22, seed=1)
    assert drawn != choose_mutants(piles, most=22, seed=2)
    assert choose_mutants(piles, most=None, seed=1) == [one for pile in piles for one in pile]
    assert choose_mutants(piles, most=500, seed=1) == choose_mutants(piles, most=None, seed=1)


ROW = '[[equivalent]]\nfile = "student.py"\nold = "a"\nnew = "b"\nreason = "A free choice."\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("equivalent = 3", r"is not a list of tables"),
        ("[[equivalents]]\n", r"Did you mean `equivalent`\?|is not a key"),
        (ROW.replace("reason", "why"), r"`equivalent number 1.why` is not a key"),
        (ROW.replace('"A free choice."', '" "'), r"expected a text"),
        (ROW.replace('reason = "A free choice."\n', ""), r"reason"),
        (ROW + ROW, r"declared twice"),
    ],
)
def test_bad_declarations_are_refused(assignment, text, words):
    """A reason is needed, and nothing is declared twice."""
    (assignment.folder / "equivalents.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=words):
        read_equivalents(assignment)
