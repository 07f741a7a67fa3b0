"""Tests of what assignment.toml says about notebooks, and of every sentence on a mistake in it."""

import pytest

from grader.courses.assignment import NotebookSettings, Question
from grader.courses.course import list_slugs, read_assignment
from grader.errors import CourseError

HEAD = """\
title = "Tiny"
[submission]
kind = "notebook"
required = ["hw.ipynb"]
editable = ["*.ipynb"]
"""
TASK = """
[tasks.double]
title = "Doubling"
points = 1
"""


@pytest.fixture
def read(make_course, tmp_path):
    """Return a function that reads an assignment.toml."""

    def one(text):
        course = make_course(tmp_path, toml=text)
        return read_assignment(course, list_slugs(course)[0])

    return one


def test_defaults(read):
    """A notebook is imported as `notebook`, and no task names a cell."""
    assignment = read(HEAD + TASK)
    assert assignment.notebook == NotebookSettings("notebook", 2.0, 120.0, 600.0)
    assert assignment.tasks[0].cell == ""


def test_settings(read):
    """Module, times, cells of tasks and of questions are read."""
    settings = '[notebook]\nmodule = "nb"\nstatement_s = 1\ncell_s = 5\nexecute_s = 50.5\n'
    answers = '[answers.q-1]\ntitle = "Why?"\npoints = 2\ncell = "q1"\n'
    net = f'{TASK.replace("double", "net")}builds_on = ["double"]\n'
    assignment = read(f'{HEAD}{settings}{TASK}cell = "check"\nparts = ["MLP"]\n{net}{answers}')
    assert (assignment.tasks[0].parts, assignment.tasks[1].builds_on) == (("MLP",), ("double",))
    assert assignment.notebook == NotebookSettings("nb", 1.0, 5.0, 50.5)
    assert assignment.tasks[0].cell == "check"
    assert assignment.questions == (Question("q-1", "Why?", "", 2.0, "q1"),)


PACKAGE = HEAD.replace('"notebook"', '"package"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{PACKAGE}[notebook]\nstatement_s = 1\n{TASK}", "is there, but what is handed in is a package"),
        (f'{PACKAGE}{TASK}cell = "x"\n', "names a cell, but what is handed in is a package"),
        (f'{HEAD}{TASK}parts = ["nb.MLP"]\n', "holds `nb.MLP`, which is no name that a cell can define"),
        (f'{HEAD}[notebook]\nmodule = "a b"\n{TASK}', "is `a b`; expected a name"),
        (f"{HEAD}[notebook]\nstatement_s = 0\n{TASK}", "is 0; expected a number above 0"),
        (f"{HEAD}[notebook]\ncell_s = -1\n{TASK}", "is -1; expected a number above 0"),
        (f'{HEAD}{TASK}[answers.q]\ntitle = "Why?"\nmodule = "x"\n', "module"),
        (f'{HEAD}{TASK}[answers.q]\ntitle = "Why?"\n', "cell"),
        (f'{HEAD}{TASK}[answers.q]\ntitle = "Why?"\ncell = "q"\npoints = -1\n', "is -1; expected 0 or more"),
    ],
)
def test_mistakes(read, text, words):
    """A setting that makes no sense is refused with its place and a remedy."""
    with pytest.raises(CourseError, match=words) as caught:
        read(text)
    assert caught.value.remedy
