"""Tests of reading the code of submissions for comparing it."""

import json
from dataclasses import replace

import pytest

from grader.courses.course import find_course, read_assignment
from grader.errors import CourseError
from grader.similar.similarity import CodePart
from grader.similar.sources import read_template, read_works
from grader.submissions.submission import Found


@pytest.fixture
def tiny(make_course, read_tiny, tmp_path):
    """Return the assignment of a course with a package."""
    return read_tiny(make_course(tmp_path / "course"))


def test_a_package_is_its_python_files(tiny, write_files, tmp_path):
    """All Python files are read, whatever their bytes are, with line ends of one kind; other files are not."""
    files = {"student.py": b"\xef\xbb\xbfx = '\xff'\r\ny = 2\r", "more.py": "z = 3\n", "data.csv": "1,2"}
    works, unread = read_works([Found("ann", write_files(tmp_path / "ann", files))], tiny)
    assert (works[0].name, unread) == ("ann", ())
    assert works[0].parts == (CodePart("more.py", "z = 3\n"), CodePart("student.py", "x = '\ufffd'\ny = 2\n"))


def test_a_file_is_read_to_a_bound(tiny, write_files, tmp_path):
    """Of a file that is far too long only the beginning is compared."""
    folder = write_files(tmp_path / "ann", {"student.py": "x = 1\n" * 100_000})
    ((work,), _) = read_works([Found("ann", folder)], tiny)
    assert len(work.parts[0].code) == 300_000


def test_what_cannot_be_read_is_named(tiny, write_files, tmp_path):
    """A submission without anything to read is told with the reason, and the others are compared."""
    good = write_files(tmp_path / "ann", {"student.py": "x = 1"})
    bad = write_files(tmp_path / "bob", {"notes.txt": "none"})
    works, unread = read_works([Found("ann", good), Found("bob", bad)], tiny)
    assert [work.name for work in works] == ["ann"]
    assert [name for name, _ in unread] == ["bob"]
    assert "student.py" in unread[0][1]


def test_a_notebook_is_its_code_cells(grader_folder, write_files, tmp_path):
    """Cells of code are read under their numbers, text cells and outputs are not; nothing of it is run."""
    course = grader_folder.parent / "tests/grader/sample_courses/notebook-mini"
    assignment = read_assignment(find_course(course), "notebook-mini")
    cells = [
        {"cell_type": "markdown", "source": "# x = 1"},
        {"cell_type": "code", "source": ["x = 2\n", "1 / 0"], "outputs": [{"text": "y = 3"}]},
    ]
    notebook = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    folder = write_files(tmp_path / "ann", {"notebook_mini.ipynb": notebook})
    ((work,), unread) = read_works([Found("ann", folder)], assignment)
    assert (work.parts, unread) == ((CodePart("cell 2", "x = 2\n1 / 0"),), ())
    assert len(read_template(assignment).parts) > 1


def test_the_template_is_what_students_get(tiny, tmp_path):
    """Stubs and what the course gives are the template's code, the checks of the kit are not."""
    template = read_template(tiny)
    assert [part.name for part in template.parts] == ["student.py"]
    assert "NotImplementedError" in template.parts[0].code
    assert "return 2 * x" not in template.parts[0].code
    with pytest.raises(CourseError, match="is a students' kit"):
        read_template(replace(tiny, reference=None))
