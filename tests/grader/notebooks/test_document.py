"""Tests of grader.notebooks.document: cells read from any JSON that a student may call a notebook."""

import json

import pytest

from grader.errors import SubmissionError
from grader.notebooks.document import (
    MAX_CELLS,
    MAX_SOURCE,
    CellKind,
    find_cell,
    read_notebook,
    read_stripped,
    write_notebook,
)


def file(*cells, **tree):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | tree).encode()


def code(source, **keys):
    return {"cell_type": "code", "source": source, "outputs": [{"text": "x" * 100}]} | keys


def read(content):
    return read_notebook(content, name="hw.ipynb")


def sources(content):
    return [cell.source for cell in read(content).cells]


def test_cells():
    """Code and text are read, whether a source is one string or a list of lines; cells are counted from 1."""
    notebook = read(file(code(["a = 1\n", "b = 2"], id="one"), {"cell_type": "markdown", "source": "# T"}))
    assert [(cell.number, cell.kind, cell.source) for cell in notebook.cells] == [
        (1, CellKind.CODE, "a = 1\nb = 2"),
        (2, CellKind.MARKDOWN, "# T"),
    ]
    assert notebook.notes == ()


def test_written_without_outputs():
    """What goes into the sandbox holds sources and names of cells, and is read back as it was."""
    notebook = read(file(code("a = 'ü'", id="one", metadata={"id": "two"})))
    content = write_notebook(notebook)
    assert b"xxx" not in content
    assert read_stripped(content) == notebook.cells


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"`hw.ipynb` is empty \(0 bytes\)"),
        (b"  \n", "is empty"),
        (b"<!DOCTYPE html><html>", "it is an HTML page"),
        (b'{"cells": [\n<<<<<<< HEAD\n', "conflict markers of a Git merge"),
        (b"import torch\n", "it is Python source"),
        (b"PK\x03\x04 zip", "it is a ZIP archive"),
        (b'{"cells": [', "was cut off: it ends in the middle, after 11 characters"),
        (b'{"cells": 1 2}', "is not a notebook: Expecting"),
        (b"[1, 2]", "is JSON, but not a notebook: it has no cells"),
        (b'{"cells": {}}', "it has no cells"),
        (b"[" * 200_000, "is not a notebook: it is nested too deeply"),
        (b'{"cells": [' + b"9" * 5000 + b"]}", "is not a notebook: Exceeds the limit"),
        (file(*[{}] * (MAX_CELLS + 1)), r"has 5,001 cells; at most 5,000"),
        (file(code("x" * (MAX_SOURCE + 1))), r"has 4,194,305 characters of source"),
    ],
)
def test_unreadable(content, words):
    """A file without readable cells is refused with what it is instead and what to do."""
    with pytest.raises(SubmissionError, match=words) as caught:
        read(content)
    assert caught.value.remedy or "cells; at most" in caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings(encoding):
    """A byte order mark and the other encodings that JSON knows are read."""
    assert sources(file(code("a = 'ü'")).decode().encode(encoding)) == ["a = 'ü'"]


def test_not_utf8():
    """A notebook in another encoding loses its odd letters, not its cells, and the student is told."""
    notebook = read(b'{"cells": [{"cell_type": "code", "source": "a = 1  # gr\xfc\xdfe"}]}')
    assert notebook.cells[0].source.startswith("a = 1  # gr")
    assert "is not UTF-8 (byte 55)" in notebook.notes[0]


def test_version_3():
    """A notebook of version 3 has worksheets, and its code is called input."""
    old = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1\n", "b = 2"]}]}]}
    assert sources(json.dumps(old).encode()) == ["a = 1\nb = 2"]


def test_odd_cells():
    """A cell of an unknown kind or without text keeps its number, and is noted."""
    notebook = read(file({"cell_type": "zz", "source": "x"}, 7, code({"no": "text"}), code("a = 1")))
    assert [cell.kind for cell in notebook.cells] == ["raw", "raw", "code", "code"]
    assert "cell 1, 2, 3 could not be read" in notebook.notes[0]


def test_half_a_surrogate():
    """Text that is no valid Unicode is read as far as it is."""
    assert sources(b'{"cells": [{"cell_type": "code", "source": "a = \\"\\ud800\\""}]}') == ['a = "?"']


def test_carriage_returns():
    """Windows' line ends become newlines."""
    assert sources(file(code("a\r\nb\rc"))) == ["a\nb\nc"]


@pytest.mark.parametrize(
    "names", [{"id": "check-mlp"}, {"metadata": {"id": "check-mlp"}}, {"metadata": {"grader": {"cell": "check-mlp"}}}]
)
def test_find_cell(names):
    """A cell is found by its id, and by the ids that Colab and the template keep in its metadata."""
    cells = read(file(code("a"), code("b", **names))).cells
    found = find_cell(cells, "check-mlp")
    assert found is not None
    assert found.source == "b"
    assert find_cell(cells, "other") is None


def test_double_ids():
    """Of two cells with one id the first keeps it; an id of another type is none."""
    cells = read(file(code("a", id="x"), code("b", id="x"), code("c", id=7), code("d", id=None))).cells
    assert [cell.names for cell in cells] == [("x",), ("",), ("",), ("",)]


@pytest.mark.parametrize("metadata", [{"kernelspec": {"language": "R"}}, {"language_info": {"name": "r"}}])
def test_foreign_language(metadata):
    """A kernel of another language is noted; the cells are read as Python all the same."""
    assert "says that its language is `r`" in read(file(code("a"), metadata=metadata)).notes[0]


@pytest.mark.parametrize(
    "metadata", [{}, None, [], {"kernelspec": 3}, {"kernelspec": {"name": "x"}, "widgets": {"a": {}}}]
)
def test_odd_metadata(metadata):
    """A missing or malformed kernel, Colab's and widgets' metadata say nothing."""
    assert read(file(code("a"), metadata=metadata)).notes == ()
