"""Tests of magic_effects: lines of IPython that change what the Python around them finds."""

import os
import sys
import time

import pytest

from grader.notebooks.cell_source import to_python


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a cell's Python in a folder of its own and returns the names that it sets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))

    def run_it(source):
        space = {"os": os}
        exec(compile(to_python(source).python, "cell", "exec"), space)
        return space

    return run_it


@pytest.mark.parametrize("magic", ["%env", "%set_env"])
@pytest.mark.parametrize("text", ["A=5", "A = 5", "A 5", "A='5'", 'A="5"'])
def test_variables_are_set(run, magic, text):
    """Each spelling sets the variable for the lines below."""
    assert run(f"{magic} {text}\nvalue = os.environ['A']")["value"] == "5"


@pytest.mark.parametrize("line", ["!mkdir a b", "! mkdir -p a b", "%mkdir -p a 'b'", "!mkdir -p a/c b"])
def test_folders_are_made(run, line):
    """Each spelling makes the folders, in a block as well, and one that is there already is no error."""
    source = f"for _ in range(2):\n    {line}\nfound = sorted(name for name in os.listdir() if os.path.isdir(name))"
    assert run(source)["found"] == ["a", "b"]


def test_what_cannot_be_done_goes_on_as_in_a_kernel(run):
    """A folder that can't be made or entered is none, and the next line runs."""
    assert run("open('file', 'w').close()\n!mkdir file/a\n%cd nowhere\ndone = 1")["done"] == 1


def test_a_folder_is_entered(run):
    """Relative names below mean the folder that was entered."""
    assert run("!mkdir a\n%cd a\nopen('x', 'w').close()\nhere = os.path.basename(os.getcwd())")["here"] == "a"


@pytest.mark.skipif(sys.platform == "win32", reason="the shell is another one")
@pytest.mark.parametrize("head", ["lines = !", "lines=!", "lines = ! ", "lines = %sx "])
def test_what_a_command_prints(run, head):
    """A name gets the lines that a command prints."""
    assert run(f"{head}printf '1\\n2\\n'")["lines"] == ["1", "2"]


def test_a_command_that_asks_python_prints_nothing(run):
    """Names of Python are not filled into commands: the list is there, and is empty."""
    assert run("lines = !echo {x} $y")["lines"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="the shell is another one")
def test_a_command_ends(run):
    """A command that waits for ever is ended, and so is one that reads."""
    started = time.monotonic()
    assert run("lines = !cat")["lines"] == []
    with pytest.raises(Exception, match="timed out"):
        run("lines = !sleep 30")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("head", ["%%capture out", "%%capture --no-stderr out"])
def test_what_is_captured_has_its_name(run, head):
    """The cell runs, and the name of what it printed is there, with nothing in it."""
    space = run(f"{head}\na = 1")
    assert (space["a"], space["out"].stdout) == (1, "")


@pytest.mark.parametrize("line", ["!pip install x", "%matplotlib inline", "!mkdir a | tee b", "%cd -q", "!ls", "%env"])
def test_other_lines_have_no_effect(line):
    """What only installs, shows or lists is left out, and told so."""
    read = to_python(f"{line}\na = 1")
    assert (read.python, [text for _line, text in read.left_out]) == ("pass\na = 1", [line])


@pytest.mark.parametrize("line", ["%env A=1", "!mkdir a", "x = !ls", "%cd a"])
def test_lines_keep_their_place(line):
    """The Python has as many lines as the cell, each at its place."""
    assert to_python(f"a = 1\nif a:\n    {line}\nb = 2").python.split("\n")[3] == "b = 2"
