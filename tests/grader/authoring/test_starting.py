"""Promises of `starting`: a new assignment is complete, and an audit finds nothing in it."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from grader.authoring.starting import start_assignment
from grader.courses.course import list_slugs
from grader.errors import CourseError

AUTHORING = Path(__file__).resolve().parents[3] / "docs" / "authoring.md"
OPTIONS = [(), ("--numpy",), ("--notebook",), ("--notebook", "--numpy")]


def _told_to_begin_with():
    """Return the commands with which docs/authoring.md begins, each as its arguments."""
    opening = AUTHORING.read_text(encoding="utf-8").split("\n## ")[0]
    lines = [line.split("#")[0].split() for line in opening.splitlines() if line.startswith("    grader ")]
    return [arguments for _grader, *arguments in lines]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_the_way_that_authors_are_told_works(run_grader, tmp_path, options):
    """The commands of docs/authoring.md begin a course in an empty folder; an audit finds no violation in it."""
    begin, audit, check = _told_to_begin_with()
    assert (begin[0], audit[0], check[0]) == ("new", "audit", "check")
    ended = run_grader(*begin, *options, cwd=tmp_path, timeout_s=300)
    assert ended.returncode == 0, ended.stderr
    ended = run_grader(*audit, cwd=tmp_path, timeout_s=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 of 4 mistakes caught, 1 of 1 variants full, 4 proven" in ended.stdout
    ended = run_grader(*check, cwd=tmp_path, timeout_s=100)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "10 of 10 points" in ended.stdout


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


def test_a_course_that_is_there_gets_another_assignment(make_course, monkeypatch, process_server, tmp_path):
    """In a course the new assignment stands beside the others, of which nothing changes."""
    monkeypatch.setattr("grader.authoring.record.start_server", lambda *_args, **_settings: nullcontext(process_server))
    course = make_course(tmp_path)
    before = {file: file.read_bytes() for file in course.rglob("*") if file.is_file()}
    written = start_assignment(course, "homework-2", numpy=True)
    assert list(list_slugs(course)) == ["homework-2", "tiny"]
    assert all("homework-2" in file.parts for file in written)
    assert {file: file.read_bytes() for file in before} == before
