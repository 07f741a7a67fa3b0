"""Tests of grading lazy submissions: the mini course gives nothing away, and a course that does is told so."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.authoring.lazy_audit import LazyRequest, audit_laziness
from grader.errors import CourseError

SAMPLES = Path(__file__).parents[1] / "sample_courses"
TOML = """\
title = "Lazy"
[submission]
required = ["student.py"]
editable = ["student.py"]
[tasks.split]
title = "split"
points = 3
"""
PROBES = """
from grader.probes import probe

@probe(needs=["student"])
def split(*, x):
    import student
    return {"y": student.split(x)}
"""
CHECKS = '''\
import pytest
import torch
from grader.compare import Spec, assert_matches

X = torch.arange(1.0, 9.0)

@pytest.mark.graded(task="split")
def test_shape(probe):
    """has the right shape"""
    assert_matches(probe("split", x=X), {"y": Spec((8,))})

@pytest.mark.graded(task="split")
def test_kept(probe):
    """keeps all numbers"""
    actual = probe("split", x=X)
    assert_matches(actual, {"y": Spec((8,))})
    assert actual["y"].sort().values.equal(X), "Some are gone."

@pytest.mark.graded(task="split", advice=True)
def test_advice(probe):
    """returns something"""
    probe("split", x=X)
'''
REFERENCE = """\
def split(x):
    # <solution> Turn it round.
    return x.flip(0)
    # </solution>
"""
GRANT = '[[granted]]\ncheck = "{}"\nwhy = "only the shape is asked for"\n'


@contextmanager
def silent(*, total):
    yield lambda _subject: None


def audit(course, slug, **options):
    return audit_laziness(course, slug, request=LazyRequest(jobs=1, **options), progress=silent)


@pytest.fixture
def lazy_course(make_course, tmp_path):
    """Return a course whose checks ask for a shape, and for what the input is already."""
    files = {"student.py": REFERENCE}
    return make_course(tmp_path, toml=TOML, probes=PROBES, checks=CHECKS, reference=files, slug="lazy")


def test_the_mini_course_gives_nothing_away():
    """No lazy form of any part of the mini course earns a check that the unwritten part loses."""
    found = audit(SAMPLES / "mini", "mini")
    assert found.violations == []
    assert found.parts == 5
    assert found.tried > 60


def test_what_is_given_away_is_told(lazy_course):
    """A check that a lazy part passes is named with the part and the way; advice, which gives nothing, isn't."""
    found = audit(lazy_course, "lazy")
    told = {str(violation).split(" Let the check")[0] for violation in found.violations}
    part = "lazy: student.py: split, returns"
    assert f"{part} its first argument: `test_kept` gives its points all the same." in told
    assert f"{part} zeros of the right shape: `test_shape` gives its points all the same." in told
    assert f"{part} ones like its first argument: `test_shape` gives its points all the same." in told
    assert not any("test_advice" in one for one in told)
    assert not any("zeros of the right shape: `test_kept`" in one for one in told)
    assert any(one.startswith("lazy: everything") for one in told)


def test_what_is_granted_is_counted(lazy_course):
    """A check that asks for no more is granted with a reason; a grant that nothing needs is a violation."""
    folder = lazy_course / "tests" / "assignments" / "lazy"
    (folder / "mistakes.toml").write_text(GRANT.format("test_shape") + GRANT.format("test_kept"))
    assert audit(lazy_course, "lazy", quick=True).violations == []
    checks = folder / "test_tiny.py"
    checks.write_text(checks.read_text().replace("X.flip", "X").replace(".sort().values.equal(X)", ".equal(X.flip(0))"))
    (violation,) = audit(lazy_course, "lazy", quick=True).violations
    assert str(violation) == (
        "lazy: `test_kept` is granted, and no lazy submission earned it. Take the grant out of mistakes.toml."
    )


def test_a_name_that_no_part_has_is_refused(lazy_course):
    """A name that no part has is refused with those that there are."""
    with pytest.raises(
        CourseError, match=r"No part of the reference has `join` in its name\. Known: student\.py: split"
    ):
        audit(lazy_course, "lazy", names=("join",))
