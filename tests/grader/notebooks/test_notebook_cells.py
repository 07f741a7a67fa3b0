"""Tests of grader.notebooks.cells: what the reference's classes offer. test_notebook_intake.py finds check cells."""

import pytest

from grader.errors import CourseError
from grader.notebooks.cells import methods_in
from grader.notebooks.percent import read_percent


def methods(text):
    return methods_in(read_percent(text, name="hw.py"))


def test_methods():
    """Methods are told by class; magics and shell lines, also behind code, are no obstacle."""
    cell = "class A:\n    def f(self):\n        return 1  # !ls\n\n    def g(self):\n        pass\n# !pip install y\n"
    assert methods(f"# %%\n{cell}# %%\ndef h():\n    pass\n") == {"A": ("f", "g")}


def test_no_python():
    """A reference's cell that is no Python is named with its line and a remedy."""
    with pytest.raises(CourseError) as caught:
        methods('# %% id="mlp"\nif True:\n    x = 1\n  # !pip install y\n')
    assert str(caught.value) == (
        "The reference's cell `mlp`, line 3, is not valid Python: unindent does not match any outer indentation level. "
        "Mend the reference."
    )
