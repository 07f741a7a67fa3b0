"""Tests of grader.notebooks.saved_outputs: what cells showed is read, bounded, and believed in nothing."""

import json

import pytest

from grader.notebooks.saved_outputs import MOST_PICTURES, MOST_TEXT, as_rows, from_rows, read_saved


def _notebook(*cells):
    return json.dumps({"nbformat": 4, "cells": list(cells)}).encode()


def _code(*outputs, count=1):
    return {"cell_type": "code", "source": "x", "execution_count": count, "outputs": list(outputs)}


def _stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def _shown(**data):
    return {"output_type": "display_data", "data": {kind.replace("_", "/"): value for kind, value in data.items()}}


def _read(*outputs, count=1):
    return read_saved(_notebook(_code(*outputs, count=count)))[1]


def test_text_errors_and_pictures_are_read():
    """Printed text comes in its order, with errors and values; a picture's text form is left out."""
    cell = _read(
        _stream(["one\n", "two\n"]),
        _shown(image_png=["iVBO", "Rw0K"], text_plain="<Figure size 640x480>"),
        {"output_type": "execute_result", "data": {"text/plain": "0.53"}},
        _stream("careful\n", "stderr"),
        {"output_type": "error", "ename": "NameError", "evalue": "name 'x' is not defined", "traceback": ["…"]},
    )
    assert cell.text == "one\ntwo\n0.53\ncareful\nNameError: name 'x' is not defined"
    assert (cell.was_run, cell.pictures, cell.left_out) == (True, ("iVBORw0K",), 0)


def test_a_cell_is_run_if_it_has_a_number_or_shows_something():
    """A cell that has neither a number nor an output was not run; texts are no cells that could be."""
    content = _notebook(_code(count=None), _code(count=3), _code(_stream("x"), count=None), {"cell_type": "markdown"})
    assert {number: cell.was_run for number, cell in read_saved(content).items()} == {1: False, 2: True, 3: True}


def test_a_progress_bar_shows_its_last_state():
    """What was written over is gone, as in a terminal, and so are colours."""
    assert _read(_stream("\x1b[31m 10%|#\r 50%|##\r100%|####\x1b[0m\r\ndone\r\n")).text == "100%|####\ndone"


@pytest.mark.parametrize(
    "data",
    [
        {"text_html": "<script>alert(1)</script>"},
        {"image_svg+xml": "<svg onload='alert(1)'/>"},
        {"application_javascript": "alert(1)"},
        {"application_vnd.jupyter.widget-view+json": {"model_id": "1"}},
    ],
    ids=str,
)
def test_what_a_browser_would_run_is_only_counted(data):
    """HTML, SVG, scripts and widgets are left out, and it is told that something was."""
    cell = _read(_shown(**data))
    assert (cell.text, cell.pictures, cell.left_out) == ("", (), 1)


def test_much_is_cut():
    """Of long text the first and the last part stay, of many pictures the first."""
    cell = _read(_stream("a" * 9_000 + "z" * 9_000), *[_shown(image_png="AAAA")] * 20)
    assert len(cell.text) < MOST_TEXT + 100
    assert (cell.text[0], cell.text[-1]) == ("a", "z")
    assert "12,000 characters left out" in cell.text
    assert (len(cell.pictures), cell.left_out) == (MOST_PICTURES, 20 - MOST_PICTURES)
    assert _read(_shown(image_png="A" * 2_000_000)).left_out == 1


@pytest.mark.parametrize(
    "outputs",
    [
        "no list",
        [1, None, [], "x"],
        [{}],
        [{"output_type": 3, "text": {"a": 1}}],
        [{"output_type": "stream", "text": [1, 2]}],
        [{"output_type": "display_data", "data": []}],
        [{"output_type": "display_data", "data": {"image/png": {"a": 1}, "text/plain": 7}}],
        [{"output_type": "error", "ename": None, "evalue": ["a"]}],
    ],
    ids=str,
)
def test_odd_outputs_are_no_error(outputs):
    """Whatever stands where outputs are due, a cell comes back without what can't be read."""
    cell = read_saved(_notebook({"cell_type": "code", "outputs": outputs}))[1]
    assert cell.pictures == ()
    assert len(cell.text) < 20


@pytest.mark.parametrize(
    "content", [b"", b"no json", b"[" * 200_000, b"{}", b'{"cells": 3}', b"\xff\xfe\x00", b'{"cells": [1, null]}']
)
def test_what_is_no_notebook_shows_nothing(content):
    """What can't be read as a notebook has no cells."""
    assert read_saved(content) == {}


def test_old_notebooks_are_read():
    """Notebooks of version 3 keep pictures and errors in other places."""
    outputs = [
        {"output_type": "pyout", "text": "4", "png": "AAAA"},
        {"output_type": "pyerr", "ename": "E", "evalue": "e"},
    ]
    tree = {"worksheets": [{"cells": [{"cell_type": "code", "input": "x", "prompt_number": 1, "outputs": outputs}]}]}
    cell = read_saved(json.dumps(tree).encode())[1]
    assert (cell.pictures, cell.text) == (("AAAA",), "E: e")


def test_saved_cells_travel_as_plain_values():
    """What was read survives a way through JSON."""
    saved = read_saved(_notebook(_code(_stream("\ud83d half of a pair"), _shown(image_png="AAAA")), _code(count=None)))
    assert from_rows(json.loads(json.dumps(as_rows(saved)))) == saved
