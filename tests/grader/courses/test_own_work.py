"""Tests of grader.courses.own_work."""

import pytest

from grader.courses.own_work import find_assignment
from grader.errors import CourseError

KIT = """\
slug = "tiny"
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[tasks.double]
title = "Doubling"
points = 10
"""
OTHER = KIT.replace('slug = "tiny"\n', "").replace("student.py", "model.py")


@pytest.fixture
def course(make_course, tmp_path):
    make_course(tmp_path / "course")
    return make_course(tmp_path / "course", slug="other", toml=OTHER, reference={"model.py": ""})


@pytest.fixture
def kit(write_files, tmp_path):
    return write_files(tmp_path / "my homework", {"student.py": "", "checks/assignment.toml": KIT})


def _find(path, *, slug=None, course=None):
    return find_assignment(path, slug=slug, course=course)


def test_a_kit_knows_its_assignment(kit):
    """A students' kit is found by its folder `checks`, whatever the student has called the kit."""
    found = _find(kit)
    assert (found.slug, found.reference, found.folder) == ("tiny", None, kit / "checks")


def test_a_folder_in_a_course_is_known_by_its_files(course, write_files):
    """In a course, the assignment is the one whose required file lies in the folder."""
    assert _find(write_files(course / "try", {"model.py": ""})).slug == "other"
    assert _find(course / "reference" / "tiny").slug == "tiny"


def test_an_assignment_can_be_named(course, write_files):
    """A slug that is given wins over what the files look like."""
    assert _find(write_files(course / "try", {"model.py": ""}), slug="tiny").slug == "tiny"


def test_a_course_can_be_named(course, write_files, tmp_path):
    """A folder outside of the course is checked by the course that is given."""
    folder = write_files(tmp_path / "elsewhere", {"student.py": ""})
    assert _find(folder, course=course).slug == "tiny"


def test_a_kit_can_be_checked_by_the_course(kit, course):
    """With another slug than the kit's own, the course's assignment is taken."""
    assert _find(kit, slug="other", course=course).slug == "other"


def test_the_folders_name_decides_between_twins(course, make_course):
    """Where the files fit several assignments, the folder's name decides."""
    make_course(course, slug="twin")
    assert _find(course / "reference" / "twin").slug == "twin"


def test_a_folder_that_fits_several_is_asked_about(course, make_course, write_files):
    """Where several assignments fit, the error names them and the option that decides."""
    make_course(course, slug="twin")
    folder = write_files(course / "try", {"student.py": ""})
    words = r"try could belong to tiny, twin\. Name it: `grader check --assignment SLUG` \(other, tiny, twin\)\."
    with pytest.raises(CourseError, match=words):
        _find(folder)


def test_a_folder_that_fits_none_is_told(course):
    """A folder without any required file holds no assignment, and the error names those there are."""
    (course / "nothing").mkdir()
    words = r"nothing holds no assignment\. Name it: `grader check --assignment SLUG` \(other, tiny\)\."
    with pytest.raises(CourseError, match=words):
        _find(course / "nothing")


def test_a_path_that_does_not_exist_is_told(tmp_path):
    """A path that does not exist is told, with where to go."""
    with pytest.raises(CourseError, match=r"nowhere does not exist\. Go to the folder of your assignment and run"):
        _find(tmp_path / "nowhere")


def test_outside_of_a_course_is_told(tmp_path, monkeypatch):
    """Outside of any course and kit, the error says what is looked for."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseError, match="is not in a course"):
        _find(tmp_path)
