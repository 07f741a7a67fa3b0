"""Tests of grader.grading.check_imports: files of helpers beside the checks, imported by their bare names."""

import importlib
import sys

import pytest

from grader.authoring.template import write_template
from grader.courses.course import read_kit
from grader.errors import CourseError
from grader.grading.check_imports import find_helpers, importable_helpers
from grader.grading.check_session import collect_checks, in_session
from grader.results.verdict import Verdict

CHECKS = '''\
import pytest
from helpers import TWICE

@pytest.mark.graded(task="double")
def test_double(probe):
    """double"""
    assert probe("double", x=1)["y"] == TWICE

@pytest.mark.graded(task="triple")
def test_triple(probe):
    """triple"""
    assert probe("triple", x=1)["y"] == 3
'''
HIDDEN = '''\
import pytest
from helpers_more_hidden import thrice

@pytest.mark.graded(task="triple")
def test_triple_hidden(probe):
    """thrice"""
    thrice(probe)
'''
THRICE = "from helpers import TWICE\n\ndef thrice(probe):\n    assert probe('triple', x=1)['y'] == TWICE + 1\n"


@pytest.fixture
def course(make_course, tmp_path):
    """Return the folder of a course whose hidden checks have helpers of their own, which import the public ones."""
    files = {"test_tiny.py": CHECKS, "test_tiny_hidden.py": HIDDEN}
    helpers = {"helpers.py": "TWICE = 2\n", "helpers_more_hidden.py": THRICE}
    return make_course(tmp_path / "course", checks=files | helpers)


@pytest.fixture
def assignment(course, read_tiny):
    """Return that course's assignment."""
    return read_tiny(course)


def test_checks_import_helpers_and_helpers_each_other(assignment):
    """Helpers are imported by bare names, and each check is collected once."""
    assert list(collect_checks(assignment)) == ["test_double", "test_triple", "test_triple_hidden"]


def test_public_helpers_are_in_the_kit(assignment, tmp_path):
    """In a students' kit public checks find their helpers, and nothing hidden is there."""
    write_template(assignment, tmp_path / "kit")
    kit = read_kit(tmp_path / "kit")
    assert list(collect_checks(kit)) == ["test_double", "test_triple"]
    assert not [file.name for file in (tmp_path / "kit" / "checks").glob("*_hidden.py")]


def test_helpers_of_one_name_in_two_assignments(assignment, make_course, read_tiny, tmp_path):
    """Each assignment gets its own helpers, whichever was collected before, and none are left behind."""
    other = read_tiny(make_course(tmp_path / "b", checks={"test_tiny.py": CHECKS, "helpers.py": "TWICE = 22\n"}))
    seen = []
    for one in (assignment, other, assignment):
        in_session(one, lambda session: seen.append(session.items[0].function.__globals__["TWICE"]))
    assert seen == [2, 22, 2]
    assert not {"helpers", "helpers_more_hidden"} & {*sys.modules}
    assert "_HelperFinder" not in [type(finder).__name__ for finder in sys.meta_path]


def test_names_are_free_again(assignment, monkeypatch):
    """A module that was there before is back afterwards, also where an import fails: a student's may have the name."""
    monkeypatch.setitem(sys.modules, "helpers", "theirs")
    with importable_helpers(assignment):
        assert importlib.import_module("helpers").TWICE == 2
    assert sys.modules["helpers"] == "theirs"
    (assignment.folder / "helpers.py").write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError), importable_helpers(assignment):
        importlib.import_module("helpers")
    assert sys.modules["helpers"] == "theirs"


def test_helpers_never_enter_the_sandbox(assignment, grade_many, tmp_path):
    """Neither a student's module nor a probe finds a helper, public or hidden; checks that use both are graded."""
    steal = "def double(x):\n    import {}\n    return 2 * x\ndef triple(x):\n    return 3 * x\n"
    names = ("helpers", "helpers_more_hidden")
    thieves = {name: {"student.py": steal.format(name)} for name in names}
    honest = {"student.py": steal.replace("    import {}\n", "")}
    graded = grade_many(assignment, {**thieves, "honest": honest}, folder=tmp_path / "in")
    assert [task.points for task in graded["honest"].tasks] == [10, 5]
    for name in names:
        (check,) = graded[name].tasks[0].checks
        assert check.verdict is not Verdict.PASSED
        assert f"No module named '{name}'" in check.feedback.message


def test_a_helper_that_no_import_can_name(assignment):
    """A file name that is no Python name is told before anything is graded."""
    (assignment.folder / "helpers-2.py").touch()
    words = r"helpers-2\.py can't be imported by its name\. Use letters, digits and `_` only\."
    for look in (find_helpers, collect_checks):
        with pytest.raises(CourseError, match=words):
            look(assignment)


def test_helpers_are_only_what_their_names_say(assignment):
    """A folder of such a name, and other modules, are no helpers."""
    (assignment.folder / "helpers_of_old.py").mkdir()
    (assignment.folder / "my_helpers.py").touch()
    assert list(find_helpers(assignment)) == ["helpers", "helpers_more_hidden"]


def test_a_broken_helper_is_named(assignment):
    """What a helper raises while it is imported is told with the file of checks that needs it."""
    (assignment.folder / "helpers.py").write_text("1 / 0\n")
    with pytest.raises(CourseError, match=r"can't be run: test_tiny\.py: ZeroDivisionError: division by zero"):
        collect_checks(assignment)
