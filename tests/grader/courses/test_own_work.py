"""Tests of grader.courses.own_work."""

import pytest

from grader.courses.own_work import find_own_work
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
    return find_own_work(path, slug=slug, course=course).assignment


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


@pytest.mark.parametrize("place", ["hw", "checks", "checks/assignment.toml", "hw/layers.py", "student.py"])
def test_a_kit_is_found_from_everywhere_in_it(kit, write_files, place):
    """From any folder or file of a kit, the kit as a whole is the work, with its own assignment."""
    write_files(kit, {"hw/layers.py": ""})
    work = find_own_work(kit / place)
    assert (work.assignment.slug, work.path) == ("tiny", kit)


def test_a_copy_within_a_kit_is_checked_itself(kit, write_files):
    """A folder of the kit that holds the required files, too, is the work that was meant."""
    assert find_own_work(write_files(kit / "before", {"student.py": ""})).path == kit / "before"


NOTEBOOK_KIT = KIT.replace("student.py", "nb.ipynb").replace('["*.py"]', '["*.ipynb", "*.py"]\nkind = "notebook"')


@pytest.mark.parametrize(
    ("name", "text", "is_alone"),
    [
        ("nb.ipynb", "{}", False),
        ("tuesday.ipynb", "{}", True),
        ("exported.py", "# %%\nx = 1\n", True),
        ("helper.py", "x = 1\n", False),
    ],
)
def test_a_notebook_can_be_named(write_files, tmp_path, name, text, is_alone):
    """In a notebook's kit the required file means the kit, and another notebook means that one."""
    kit = write_files(tmp_path / "kit", {"nb.ipynb": "{}", "checks/assignment.toml": NOTEBOOK_KIT, name: text})
    assert find_own_work(kit / name).path == (kit / name if is_alone else kit)


@pytest.mark.parametrize("place", ["reference/tiny/student.py", "reference/tiny", "reference/tiny/inner"])
def test_a_file_in_a_course_stands_for_its_folder(course, place):
    """In a course the nearest folder with required files is the work, from a file or a folder in it."""
    (course / "reference/tiny/inner").mkdir()
    work = find_own_work(course / place)
    assert (work.assignment.slug, work.path) == ("tiny", course / "reference/tiny")
    assert find_own_work(course / "reference/tiny/student.py", slug="other").path == course / "reference/tiny"


def test_a_course_that_is_named_counts_more_than_a_kit(kit, course):
    """With a course, a kit is checked with all of the course's checks."""
    assert _find(kit).folder == kit / "checks"
    assert _find(kit, course=course).folder == course / "tests/assignments/tiny"


def test_outside_of_everything_a_student_is_spoken_to(write_files, tmp_path, monkeypatch):
    """Outside of any kit the error says which folder is meant, and nothing of courses."""
    monkeypatch.chdir(tmp_path)
    file = write_files(tmp_path / "elsewhere", {"x.ipynb": ""}) / "x.ipynb"
    words = (
        r"There is no assignment here: neither .*x\.ipynb nor a folder above it holds `checks/assignment\.toml`\. Go to"
    )
    with pytest.raises(CourseError, match=words) as caught:
        find_own_work(file)
    assert "course" not in str(caught.value)


def test_outside_of_a_course_is_told(tmp_path, monkeypatch):
    """Who names an assignment of a course is told that there is no course."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseError, match="is not in a course"):
        _find(tmp_path, slug="tiny")
