"""Tests of grader.cluster.bundle: the course that a worker gets grades as the coordinator's does."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.cluster.bundle import make_bundle, unpack_bundle
from grader.courses.course import find_course, list_slugs, read_assignment
from grader.errors import ProtocolError
from grader.grading.keys import task_digests

SLUGS = list_slugs(find_course(Path(__file__).parent))


@pytest.mark.parametrize("slug", SLUGS)
def test_an_unpacked_course_grades_the_same(slug, request, tmp_path):
    """For every bundled assignment, what decides results is the same in the unpacked course, to the last byte."""
    assignment = read_assignment(find_course(request.path), slug)
    course = unpack_bundle(make_bundle(assignment), tmp_path / "course")
    unpacked = read_assignment(course, slug)
    assert task_digests(unpacked, wall="bubblewrap") == task_digests(assignment, wall="bubblewrap")
    assert replace(unpacked, folder=assignment.folder, assets=assignment.assets, reference=assignment.reference) == (
        assignment
    )


def test_known_mistakes_stay_at_home(make_course, read_tiny, write_files, tmp_path):
    """Known mistakes, variants and caches are no part of it; helpers, hidden or not, and those in a folder are."""
    course = make_course(tmp_path / "course")
    names = ("mistakes.toml", "variants/one/student.py", "helpers/more.py", "helpers/__pycache__/more.pyc", ".x/y")
    write_files(course / "tests/assignments/tiny", dict.fromkeys(names, "x = 1\n"))
    write_files(course / "tests/assignments/tiny", {"helpers.py": "", "helpers_x_hidden.py": ""})
    write_files(course / "assets/tiny", {"manifest.json": "{}"})
    unpacked = unpack_bundle(make_bundle(read_tiny(course)), tmp_path / "unpacked")
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    home = "tests/assignments/tiny/"
    assert files == {
        *(home + name for name in ("assignment.toml", "probes.py", "test_tiny.py", "helpers/more.py")),
        *(home + name for name in ("helpers.py", "helpers_x_hidden.py")),
        "assets/tiny/manifest.json",
        "reference/tiny/student.py",
    }


def test_a_damaged_course_is_not_unpacked(make_course, read_tiny, tmp_path):
    """Bytes that are not the bundle's leave nothing behind; what is unpacked, only its user can read."""
    bundle = make_bundle(read_tiny(make_course(tmp_path / "course")))
    with pytest.raises(ProtocolError, match="The course was damaged on its way to the worker"):
        unpack_bundle(replace(bundle, content=bundle.content + b" "), tmp_path / "x" / "unpacked")
    assert not (tmp_path / "x").exists()
    assert unpack_bundle(bundle, tmp_path / "x" / "unpacked").stat().st_mode & 0o077 == 0


def test_a_course_that_can_t_be_written(make_course, read_tiny, write_files, tmp_path):
    """A worker whose folder can't be used says so, and what to do."""
    bundle = make_bundle(read_tiny(make_course(tmp_path / "course")))
    write_files(tmp_path, {"file": ""})
    with pytest.raises(ProtocolError, match=r"The course can't be written there: .*another --local-directory"):
        unpack_bundle(bundle, tmp_path / "file" / "unpacked")
