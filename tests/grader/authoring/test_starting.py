"""Promises of `starting`: a new assignment is complete, and an audit finds nothing in it."""

import pytest

from grader.authoring.starting import start_assignment
from grader.errors import CourseError


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--numpy",)], ids=["torch", "numpy"])
def test_a_new_assignment_audits_green(run_grader, tmp_path, options):
    """`grader new` in an empty folder writes all that a course needs, and `grader audit` finds no violation in it."""
    ended = run_grader("new", "homework-1", *options, cwd=tmp_path, timeout_s=300)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "student_template/homework-1/checks/test_first.py").is_file()
    ended = run_grader("audit", "homework-1", "--jobs", "1", cwd=tmp_path, timeout_s=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 of 4 mistakes caught, 1 of 1 variants full, 4 proven" in ended.stdout


@pytest.mark.parametrize("slug", ["Homework", "a_b", "../x", "", "-a", "a--b"])
def test_a_name_that_is_none_is_refused(tmp_path, slug):
    """A name has small letters, digits and dashes, since folders and commands are called so."""
    with pytest.raises(CourseError, match="can't be the name of an assignment"):
        start_assignment(tmp_path, slug, numpy=False)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused(make_course, tmp_path):
    """Nothing that is there is written over."""
    with pytest.raises(CourseError, match="is there already; nothing was written"):
        start_assignment(make_course(tmp_path), "tiny", numpy=False)
