"""Tests of grader.notebooks.cell_source: a cell's Python, line for line, without what only IPython understands."""

import ast

import pytest

from grader.notebooks.cell_source import to_python


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("a = 1\nb = 2", "a = 1\nb = 2"),
        ("%matplotlib inline\na = 1", "pass\na = 1"),
        ("!pip install x\na = 1", "pass\na = 1"),
        ("%ls\na = 1", "pass\na = 1"),
        ("t = %timeit -o f()\na = 1", "pass\na = 1"),
        ("?print\nprint?\nnn.Linear??\na = 1", "pass\npass\npass\na = 1"),
        ("if True:\n    !ls\na = 1", "if True:\n    pass\na = 1"),
        (
            "try:\n    import x\nexcept ImportError:\n    !pip install x>=1.6\n    import x",
            "try:\n    import x\nexcept ImportError:\n    pass\n    import x",
        ),
        ("!pip install \\\n  x \\\n  y\na = 1", "pass\n\n\na = 1"),
        ("%time a = f()", "a = f()"),
        ("%timeit -n 10 f()", "f()"),
        ("%%time\na = 1", "\na = 1"),
        ("%%capture\n%matplotlib inline\na = 1", "\npass\na = 1"),
        ("\n\n%%bash\nls", "\n\n\n"),
        ("%%html\n<b>x</b>", "\n"),
        ("    a = 1\n    b = 2", "a = 1\nb = 2"),
        ("\n  a = 1\n  if a:\n    b = 2", "\na = 1\nif a:\n  b = 2"),
        ("  %matplotlib inline\n  a = 1", "pass\na = 1"),
        ("a = (3\n%b)\nc = 1", "a = (3\n%b)\nc = 1"),
        ('a = """\n%matplotlib\n!ls\n"""\n%pylab', 'a = """\n%matplotlib\n!ls\n"""\npass'),
        ("a = 'it''s' # (\n!ls", "a = 'it''s' # (\npass"),
        ("a = 1 + \\\n  2\n!ls", "a = 1 + \\\n  2\npass"),
        ("x = [1,\n  2]\n!ls", "x = [1,\n  2]\npass"),
        ("await f()", "await f()"),
        ("", ""),
    ],
)  # fmt: skip
def test_python(source, python):
    """Every line keeps its number; lines that begin a statement and are no Python become `pass`."""
    assert to_python(source).python == python


@pytest.mark.parametrize("source", ["def broken(:\n  pass", "x = (1,\n!ls", "a ! b", "x = 'open\n%magic"])
def test_broken(source):
    """What is no Python without its magics stays broken, with its lines, and is for the compiler to judge."""
    python = to_python(source).python
    assert python.count("\n") == source.count("\n")
    with pytest.raises(SyntaxError):
        ast.parse(python)


def test_left_out():
    """What was left out is told with its line."""
    assert to_python("a = 1\n!pip install x").left_out == ((2, "!pip install x"),)
    assert to_python("%%bash\nls").left_out == ((1, "%%bash"),)


@pytest.mark.parametrize("name", ["b.py", "a/b.py", "./b.py", "config.json", "notes", "../b.py"])
@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("option", ["", "-a ", "--append  "])
@pytest.mark.parametrize("magic", ["writefile", "file"])
def test_written_file(magic, option, quote, name):
    """A cell that writes a file tells its name and text, and whether it adds to it; where it lies is judged later."""
    source = to_python(f"%%{magic} {option}{quote}{name}{quote} \nx = 1")
    assert (source.written, source.appends) == ((name, "x = 1\n"), bool(option))
    assert source.python.strip() == ""


@pytest.mark.parametrize("head", ["%%writefile", "%%writefile 'a.py", "%%writefile a b.py", "%%writefiles a.py"])
def test_no_written_file(head):
    """What names no file writes none."""
    assert to_python(f"{head}\nx = 1").written is None


CELLS = [
    "a = 1",
    "    a = 1\n    b = 2",
    "%matplotlib inline\na = 1",
    "if True:\n    !ls\na = 1",
    "%%time\na = 1",
    "\n  a = 1\n  if a:\n    b = 2",
]


@pytest.mark.parametrize("source", CELLS)
def test_same_names_as_ipython(source):
    """IPython's own transformation binds the same names."""
    manager = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager()
    theirs = manager.transform_cell(source)
    if "run_cell_magic" not in theirs:
        assert _bound(to_python(source).python) == _bound(theirs)


def _bound(text):
    names = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    return {node.id for node in names if isinstance(node.ctx, ast.Store)}
