"""Tests of grader.courses.check_sources: what of the checks' source belongs to which task."""

import pytest

from grader.courses.check_sources import read_check_sources

HEAD = "import pytest\nHALF = 2\ndef helper(): return HALF\n"
DOUBLE = '@pytest.mark.graded(task="double")\ndef test_double(probe):\n    "d"\n    assert helper()\n'
TRIPLE = '@pytest.mark.graded(task="triple", weight=2, after={})\ndef test_triple(probe):\n    "t"\n'


@pytest.fixture
def read(make_course, read_tiny, tmp_path):
    """Return a function that reads the sources of a course with these files of checks."""

    def read(**files):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        named = {f"{name}.py": text for name, text in files.items()}
        return read_check_sources(read_tiny(make_course(folder, checks=named)))

    return read


def _both(sources, task):
    return "\n".join(sources.covering(task, chosen=("double", "triple")))


def test_a_check_belongs_to_its_task_and_all_else_of_its_file_to_everyone_there(read):
    """A task covers its own checks, and what its files share; neither others' checks nor other files."""
    sources = read(test_a=HEAD + DOUBLE + TRIPLE.format("()"), test_b="OTHER = 1\n")
    assert sources.is_certain
    assert "test_double" in _both(sources, "double")
    assert "test_triple" not in _both(sources, "double")
    assert "HALF" in _both(sources, "double")
    assert "HALF" in _both(sources, "triple")
    assert "OTHER" not in _both(sources, "double")


def test_comments_and_empty_lines_are_nobodys(read):
    """What Python doesn't execute belongs to no task: a comment or a longer neighbour changes nothing."""
    plain = read(test_a=HEAD + DOUBLE)
    spaced = read(test_a="# words\n\n" + HEAD + "\n\n# more\n" + DOUBLE.replace('    "d"\n', '    "d"  # why\n\n'))
    assert _both(plain, "double") == _both(spaced, "double")


def test_grounds_are_nobodys(read):
    """What a check rests on decides no verdict: another line number grades nothing again and draws no other data."""
    stated = DOUBLE.replace('task="double"', 'task="double", grounds="line 7: twice x"')
    assert _both(read(test_a=HEAD + stated), "double") == _both(read(test_a=HEAD + DOUBLE), "double")


@pytest.mark.parametrize("after", ['"test_double"', '("test_double",)', '["test_double[3]"]'])
def test_a_check_covers_those_it_comes_after(read, after):
    """The checks in `after` are covered, with what their files share; only where their tasks are graded too."""
    sources = read(test_a=HEAD + DOUBLE, test_b="import pytest\n" + TRIPLE.format(after))
    assert "HALF" in _both(sources, "triple")
    assert "test_double" in _both(sources, "triple")
    alone = "\n".join(sources.covering("triple", chosen=("triple",)))
    assert "HALF" not in alone
    assert "test_triple" in alone
    assert sources.own("triple") == sources.covering("triple", chosen=("triple",))


def test_after_is_followed_however_far(read):
    """Checks that others come after indirectly are covered, also through the task itself."""
    third = '@pytest.mark.graded(task="double", after="test_triple")\ndef test_third():\n    "x"\n'
    first = '@pytest.mark.graded(task="other")\ndef test_first():\n    "FIRST"\n'
    sources = read(test_a="import pytest\n" + first + TRIPLE.format('"test_first"') + third)
    assert "FIRST" in "\n".join(sources.covering("double", chosen=("double", "triple", "other")))
    assert "FIRST" not in _both(sources, "double")


def test_what_is_imported_from_other_files_of_checks_is_covered(read):
    """A file's helpers belong to the tasks of the files that import them, however indirectly."""
    sources = read(
        test_a="import pytest\nDEEP = 1\n",
        test_b="import pytest\nfrom test_a import DEEP\n",
        test_c="import pytest\nfrom test_b import DEEP as D\n" + DOUBLE,
        test_d="import pytest\n" + TRIPLE.format("()"),
    )
    assert sources.is_certain
    assert "'DEEP'" in _both(sources, "double")
    assert "'DEEP'" not in _both(sources, "triple")


def test_helpers_belong_to_the_tasks_of_the_files_that_import_them(read):
    """A file of helpers counts as a whole, for those that import it, also by way of another; it holds no check."""
    sources = read(
        helpers="DEEP = 1\n",
        helpers_more_hidden="import helpers as h\nMORE = 1\n",
        helpers_other="OTHER = 1\n",
        test_a="import pytest\n" + TRIPLE.format("()") + "from helpers_other import OTHER\n",
        test_a_hidden="import pytest\nfrom helpers_more_hidden import MORE\n" + DOUBLE,
    )
    assert sources.is_certain
    assert [check.name for check in sources.checks] == ["test_triple", "test_double"]
    for name, whose in (("'DEEP'", ["double"]), ("'MORE'", ["double"]), ("'OTHER'", ["triple"])):
        assert [task for task in ("double", "triple") if f"Name(id={name}" in _both(sources, task)] == whose


@pytest.mark.parametrize(
    "how",
    [
        "from helpers import DEEP\n",
        "import helpers\n",
        "import os, helpers as h\n",
        'pytest_plugins = ["helpers"]\n',
        "def look():\n    from helpers import DEEP\n",
        'def look(): return runpy.run_path("helpers.py")\n',
    ],
)
def test_helpers_are_imported_in_many_ways(read, how):
    """However a file takes what it needs from helpers, they decide its tasks."""
    first = "import pytest\n" + how + DOUBLE
    sources = read(helpers="DEEP = 1\n", test_a=first, test_b="import pytest\n" + TRIPLE.format("()"))
    assert sources.is_certain
    assert "'DEEP'" in _both(sources, "double")
    assert "'DEEP'" not in _both(sources, "triple")


@pytest.mark.parametrize("odd", ["def broken(:\n", "exec('X = 1')\n", "def test_x(): pass\n", "install()\n"])
def test_helpers_that_cannot_be_read_off_are_everyones(read, odd):
    """Helpers that may do more than define something make all sources belong to all tasks, as such checks do."""
    sources = read(helpers=odd, test_a=HEAD + DOUBLE, test_b="import pytest\n" + TRIPLE.format("()"))
    assert not sources.is_certain
    assert _both(sources, "double") == _both(sources, "triple")


@pytest.mark.parametrize(
    "odd",
    [
        'T = "double"\n@pytest.mark.graded(task=T)\ndef test_x(): "x"\n',
        '@pytest.mark.graded(task="double", after=NAMES)\ndef test_x(): "x"\n',
        '@pytest.mark.graded(**{"task": "double"})\ndef test_x(): "x"\n',
        '@pytest.mark.graded(task="double")\n@pytest.mark.graded(task="triple")\ndef test_x(): "x"\n',
        'def test_x(): "x"\n',
        'class TestX:\n    @pytest.mark.graded(task="double")\n    def test_x(self): "x"\n',
        'class Checks:\n    def test_x(self): "x"\n',
        "import unittest\nclass X(unittest.TestCase): pass\n",
        "test_x = make()\n",
        "a, test_x = make()\n",
        "if True:\n    def test_x(): pass\n",
        "from test_a import test_double\n",
        "from somewhere import *\n",
        "import test_a\n",
        "globals()['x'] = 1\n",
        "install()\n",
        "async def test_x(): pass\n",
        'def helper(): return test_y\n@pytest.mark.graded(task="triple")\ndef test_y(): "y"\n',
        "def broken(:\n",
        "X = 1\n\0",
    ],
)
def test_where_a_task_cannot_be_read_off_everything_is_everyones(read, odd):
    """A check whose task or use is not plain to see makes all sources belong to all tasks: better coarse than stale."""
    sources = read(test_a=HEAD + DOUBLE, test_b="import pytest\n" + TRIPLE.format("()"), test_c="import pytest\n" + odd)
    assert not sources.is_certain
    assert _both(sources, "double") == _both(sources, "triple")
    assert "HALF" in _both(sources, "triple")


def test_plain_modules_are_certain(read):
    """Fixtures, classes of data, constants and imports leave no doubt."""
    rest = (
        '"""Words."""\nfrom dataclasses import dataclass\nimport torch.nn as nn\nTEST = 1\nX: int = 2\n'
        "@pytest.fixture\ndef ready(): return 1\n@dataclass\nclass Case:\n    x: int\n"
        "    def value(self): return self.x\n"
    )
    assert read(test_a="import pytest\n" + rest + DOUBLE).is_certain
