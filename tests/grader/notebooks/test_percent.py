"""Tests of grader.notebooks.percent: a reviewed script becomes the same notebook every time."""

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import CourseError
from grader.notebooks.percent import is_percent, read_any_percent, read_percent, write_ipynb

SCRIPT = """\
# A header for readers of the script.

# %% [markdown] id="intro"
# # Title
#
# Text.


# %% id="setup"
import torch

# %matplotlib inline
if True:
    # !pip install x
    # an ordinary comment
    pass

# %% [raw] id="raw"
# kept
# %%
x = 1
"""


def read(text):
    return read_percent(text, name="hw.py")


def test_cells():
    """Markers divide cells; text loses its comment signs, magics in comments come alive."""
    intro, setup, raw, last = read(SCRIPT)
    assert intro.source == "# Title\n\nText."
    assert setup.source.split("\n") == [
        "import torch",
        "",
        "%matplotlib inline",
        "if True:",
        "    !pip install x",
        "    # an ordinary comment",
        "    pass",
    ]
    assert (raw.kind, last.source) == ("raw", "x = 1")
    assert [cell.names[0] for cell in (intro, setup, raw)] == ["intro", "setup", "raw"]


@pytest.mark.parametrize(
    ("script", "source"),
    [
        ("x = 1\n# !pip install y", "x = 1\n!pip install y"),
        ("x = 1  # !pip install y", "x = 1  # !pip install y"),
        ("x = [\n    1,\n    # !pip install y\n]\n# %time x", "x = [\n    1,\n    # !pip install y\n]\n%time x"),
        ('x = """\n# %time\n"""', 'x = """\n# %time\n"""'),
    ],
)
def test_magics_begin_a_statement(script, source):
    """A magic in a comment comes alive on a line of its own where a statement can begin, nowhere else."""
    assert read(f"# %%\n{script}\n")[0].source == source


def test_ids_of_unnamed_cells():
    """A cell without an id gets one of its own text, also where two cells are the same."""
    one, two, three = read("# %%\nx = 1\n# %%\nx = 1\n# %%\ny = 1\n")
    assert two.names[0] == f"{one.names[0]}-2"
    assert len({one.names, two.names, three.names}) == 3
    assert read("# %%\nnew = 0\n# %%\nx = 1\n")[1].names == one.names


def test_notebook():
    """The notebook is valid, has no outputs, and is the same bytes each time."""
    content = write_ipynb(read(SCRIPT))
    assert content == write_ipynb(read(SCRIPT.replace("\n", "\r\n")))
    nbformat.validate(json.loads(content))
    assert json.loads(content)["cells"][1]["metadata"] == {"grader": {"cell": "setup"}}


@pytest.mark.parametrize(
    ("text", "expected"), [("# %%\nx", True), ("x = 1 # %%\n", False), ("# %%time\n", False), ("", False)]
)
def test_is_percent(text, expected):
    """A percent script has a marker on a line of its own."""
    assert is_percent(text) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('# %% id="a"\n# %% id="a"\n', "hw.py, line 2: a second cell `a`"),
        ('# %% id="a b"\n', "hw.py, line 1: a cell can't have the id `a b`"),
        ("# %% [code]\n", r"hw.py, line 1: `\[code\]` is not a kind of cell"),
        ("# %% [markdown]\n# a\nx = 1\n", "hw.py, line 3: code in a text cell"),
    ],
)
def test_mistakes(text, words):
    """A marker or text cell that can't be right is refused with its line and a remedy."""
    with pytest.raises(CourseError, match=words) as caught:
        read(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("script", "kinds", "sources"),
    [
        ("# %% [setup] the first one\nx = 1\n", ["code"], ["x = 1"]),
        ('# %% id="a b"\nx = 1\n# %% id="a"\ny = 2\n# %% id="a"\nz = 3\n', ["code"] * 3, ["x = 1", "y = 2", "z = 3"]),
        ('# %% [markdown]\n"""\nA *text*.\n"""\n', ["markdown"], ["A *text*."]),
        ("# %% [MARKDOWN]\nr'''A text.'''\n", ["markdown"], ["A text."]),
        ("# %% [md]\n# said\nx = 1\n", ["markdown"], ["said\nx = 1"]),
        ("# %% [markdown] [x] [\n", ["markdown"], [""]),
        ('# %% id=""\n# %% id="é"\n', ["code"] * 2, ["", ""]),
    ],
)
def test_a_students_script_is_read_whatever_its_markers_say(script, kinds, sources):
    """Odd kinds are titles, odd and doubled ids are left out, and a text may stand between quotes, as editors do it."""
    cells = read_any_percent(script)
    assert [cell.kind for cell in cells] == kinds
    assert [cell.source for cell in cells] == sources
    names = [cell.names[0] for cell in cells]
    assert len(set(names)) == len(names)
    assert nbformat.reads(write_ipynb(cells).decode(), as_version=4).cells


@given(st.text(alphabet="# %[]markdown\"'=id\n ab", max_size=200))
def test_no_script_of_a_student_is_refused(text):
    """Whatever stands in the file, cells come out whose ids are all different, and they make a valid notebook."""
    cells = read_any_percent("# %%" + text)
    assert len({cell.names[0] for cell in cells}) == len(cells)
    nbformat.validate(nbformat.reads(write_ipynb(cells).decode(), as_version=4))
