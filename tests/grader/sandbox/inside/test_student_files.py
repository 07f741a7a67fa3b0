"""Tests of importing a package's files: what trains or asks at their top level is passed over, and only that."""

import importlib
import sys

import pytest

from grader.notebooks.newer_python import GRADES
from grader.sandbox.inside.notebook_names import MissingFromNotebook, explain_in_notebook
from grader.sandbox.inside.student_files import install_student_files, left_out_of_files, remove_student_files

TRAINING = """\
import torch
model = torch.nn.Linear(2, 1)
def improve(steps):
    for _ in range(steps):
        model(torch.ones(1, 2)).sum().backward()
    return steps
"""


@pytest.fixture
def package(write_files, tmp_path, monkeypatch):
    """Return a function that writes files and imports one of their modules as a submission's."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    install_student_files(tmp_path)

    def imported(name, **files):
        write_files(tmp_path, {file.replace("_of_", "/") + ".py": text for file, text in files.items()})
        importlib.invalidate_caches()
        return importlib.import_module(name)

    before = set(sys.modules)
    yield imported
    remove_student_files()
    for name in set(sys.modules) - before:
        if name.startswith("student"):
            del sys.modules[name]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it as it is")
def test_newer_python(package):
    """A file with newer Python loses only the statement that has no older words; asked for it, it says the version."""
    text = (
        'row = {"a": 1}\ntype Row = dict\ndef f[T](x: T): pass\nshown = f"{row["a"]}"\ninput()\nbelow = f"{row["a"]}"\n'
    )
    module = package("student_n", student_n=text)
    assert (module.shown, module.below) == ("1", "1")
    why = f"it needs Python 3.12, and Python {GRADES} grades"
    asks = ("student_n.py", 5, "it asks for input")
    assert left_out() == [("student_n.py", 2, why), ("student_n.py", 3, why), asks]
    with pytest.raises(AttributeError) as caught:
        _ = module.f
    told, name = explain_in_notebook(caught.value)
    assert (str(told), name) == (f"`f` is only set in `student_n.py`, line 3, which was not read: {why}.", "f")
    with pytest.raises(SyntaxError):
        package("student_o", student_o="x = ((1")


def left_out():
    return [(one.file, one.statement.line, one.why) for one in left_out_of_files()]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("while True: improve(2)", "it trains"),
        ("if True:\n    x = 1\n    improve(2)", "it trains"),
        ("n = int(input('How many? '))", "it asks for input"),
        ("@input\ndef f(): pass", "it asks for input"),
        ("import socket; s = socket.socket(); s.listen()", "it starts a server"),
        ("raise MemoryError", "it asks for more memory than a submission has"),
        ("x = torch.ones(1 << 60)", "it asks for more memory than a submission has"),
    ],
)
def test_left_out(package, line, why):
    """A statement at the top level is passed over where it does what is not wanted; what stands below it counts."""
    module = package("student_a", student_a=f"{TRAINING}{line}\nafter = __name__\n")
    assert module.after == "student_a"
    assert [(file, reason) for file, _line, reason in left_out()] == [("student_a.py", why)]


def test_several_in_a_package(package):
    """Each file of a package passes over its own statements, and whoever imports it goes on."""
    files = {
        "student_b_of___init__": "from student_b.one import after\nz = input()\n",
        "student_b_of_one": "input()\ninput()\nafter = 5\n",
    }
    assert package("student_b", **files).after == 5
    assert left_out() == [
        ("student_b/__init__.py", 2, "it asks for input"),
        ("student_b/one.py", 1, "it asks for input"),
        ("student_b/one.py", 2, "it asks for input"),
    ]


@pytest.mark.parametrize("line", ["1 / 0", "raise SystemExit(3)", "import student_nowhere", "def f(:"])
def test_other_errors(package, line):
    """Whatever else a file raises is raised, as by Python, and the next import tries again."""
    with pytest.raises((ZeroDivisionError, SystemExit, ImportError, SyntaxError)):
        package("student_c", student_c=f"{line}\nafter = 1\n")
    assert "student_c" not in sys.modules
    assert left_out() == []


def test_caught_by_the_code(package):
    """A question that the code itself has an answer to is none of ours."""
    module = package("student_d", student_d="try:\n    n = int(input())\nexcept EOFError:\n    n = 7\n")
    assert module.n == 7
    assert left_out() == []


def test_future_flags(package):
    """Annotations that are never evaluated stay so below a statement that was passed over."""
    text = "from __future__ import annotations\ninput()\ndef f(x: nowhere): return x\n"
    assert package("student_e", student_e=text).f(3) == 3


def test_completed_where_it_is_asked_for(package):
    """A name that only a training sets is there for whoever asks: the statement runs to its end then."""
    module = package("student_f", student_f=f"{TRAINING}trained = improve(3)\n")
    assert "trained" not in vars(module)
    assert module.trained == 3
    assert left_out() == []


def test_a_name_that_nothing_can_set(package):
    """A name whose statement asks is explained, where it is imported and where a function lacks it."""
    module = package("student_g", student_g="n = int(input())\ndef f(): return n\n")
    with pytest.raises(ImportError) as caught:
        exec("from student_g import n", {})
    told, name = explain_in_notebook(caught.value)
    assert (type(told), name) == (MissingFromNotebook, "n")
    assert str(told) == "`n` is only set in `student_g.py`, line 1, which was stopped: it asks for input."
    with pytest.raises(NameError) as lacking:
        module.f()
    assert "which was stopped: it asks for input" in str(explain_in_notebook(lacking.value)[0])
    with pytest.raises(AttributeError, match="module 'student_g' has no attribute 'm'"):
        module.m  # noqa: B018
