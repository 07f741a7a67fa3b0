"""Tests of the flags for data that a submission brings along."""

import base64
import json
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.course import list_slugs, read_assignment
from grader.grading.brought_data import find_brought_data
from grader.submissions.notebook_intake import convert_scripts
from grader.submissions.submission import read_reference

COURSE = Path(__file__).parents[3]
MINI = read_assignment(COURSE / "tests" / "grader" / "sample_courses" / "mini", "mini")
BYTES = random.Random(3).randbytes(12_000)
PACKED = {
    "base64": base64.b64encode(BYTES).decode(),
    "base85": base64.b85encode(BYTES).decode(),
    "hex": BYTES.hex(),
    "escapes": "".join(f"\\x{byte:02x}" for byte in BYTES),
}
NUMBERS = list(BYTES[:1797])


def flags(files, assignment=MINI):
    return find_brought_data({name: text.encode() for name, text in files.items()}, assignment)


@pytest.mark.parametrize("form", PACKED)
def test_packed_texts_are_flagged(form):
    """A text that only a program can read is named with its size, in one line or in many."""
    one = f"DATA = '{PACKED[form]}'\n"
    lines = [PACKED[form][at : at + 400] for at in range(0, len(PACKED[form]), 400)]
    for code in (one, f"DATA = {lines!r}\n"):
        (flag,) = flags({"student.py": code})
        assert "`student.py` holds" in flag
        assert "packed data" in flag


@pytest.mark.parametrize(
    "numbers",
    [repr(NUMBERS), repr([[n] for n in NUMBERS]), repr(tuple(n / 7 for n in NUMBERS)), ",\n".join(map(str, NUMBERS))],
)
def test_long_lists_of_numbers_are_flagged(numbers):
    """Labels that are written out are named with their count, however they are laid out."""
    (flag,) = flags({"student.py": f"LABELS = ({numbers})\n"})
    assert "numbers" in flag


def test_files_of_data_are_flagged():
    """A file that code can load is named, an image, a text and a small file are not."""
    found = flags({"labels.npz": "x" * 3000, "plot.png": "x" * 3000, "notes.txt": "x " * 3000, "few.csv": "1,2\n"})
    assert found == ("`labels.npz` is a file of data (3 kB), which its code can read. Look at what it is for.",)


def test_code_cells_of_notebooks_are_searched():
    """A notebook's code counts, its text cells with their pictures don't."""

    def cell(kind, source):
        more = {"outputs": [], "execution_count": None} if kind == "code" else {}
        return {"cell_type": kind, "id": kind, "metadata": {}, "names": [], "source": source, **more}

    for kind, count in (("code", 1), ("markdown", 0)):
        notebook = {"cells": [cell(kind, f"DATA = '{PACKED['base64']}'")], "metadata": {}, "nbformat": 4}
        assert len(flags({"a.ipynb": json.dumps({**notebook, "nbformat_minor": 5})})) == count


def test_at_most_five_files_are_told():
    """Many files of data are five sentences and a count."""
    found = flags({f"part{number}.npy": "x" * 3000 for number in range(9)})
    assert len(found) == 6
    assert found[-1] == "4 more of its files are data or hold data."


@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_no_reference_is_flagged(slug):
    """What the courses' own solutions hold is no data."""
    assignment = read_assignment(COURSE, slug)
    files = convert_scripts(read_reference(assignment.reference), assignment)
    assert find_brought_data(files, replace(assignment, reference=None)) == ()


@pytest.mark.parametrize("text", ["1" * 500_000, "1 " * 500_000, "1(" * 500_000, "a" * 500_000, "1," * 250_000])
def test_no_text_takes_long(text):
    """The search is linear in the text, whatever it is."""
    started = time.process_time()
    flags({"student.py": text})
    assert time.process_time() - started < 2
