"""Tests of definitions and editions: what files bind, which words of it count, and other spellings made ours."""

import json

import pytest

from grader.submissions.definitions import bindings_in, read_definitions, write_definitions
from grader.submissions.editions import respelled

CLASS = "class A:\n    x = 1\n\n    def f(self):\n        return 'a # b'\n"


def notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "source": source.splitlines(keepends=True)} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


def test_names():
    """Classes, functions and variables at the top of modules and cells are found by their dotted names."""
    files = {
        "hw/layers.py": f"{CLASS}\n\n@cache\ndef f():\n    pass\n\n\nx, (y, z) = 1, (2, 3)\nw: int = 4\n".encode(),
        "hw/__init__.py": b"version = 1\n",
        "n.ipynb": notebook("%matplotlib inline\n" + CLASS, "async def g():\n    pass"),
        "data.txt": b"q = 1",
    }
    names = ["A", "g", "hw.layers.A", "hw.layers.f", "hw.layers.w", "hw.layers.x", "hw.layers.y", "hw.layers.z"]
    assert list(bindings_in(files)) == sorted([*names, "hw.version"])


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (CLASS, True),
        (f"import os\n\n\n{CLASS}", True),
        (CLASS.replace("x = 1\n", "x = 1  \n    # a remark\n"), True),
        (CLASS.replace("\n\n    def", "\n    def"), True),
        (CLASS.replace("x = 1", "x = 2"), False),
        (CLASS.replace("# b", "# c"), False),
        (f"@decorated\n{CLASS}", False),
        (f"{CLASS}\n\nA = wrapped(A)\n", False),
        (CLASS.replace("def f(self)", "def f(self, y)"), False),
        (CLASS.replace("        return", "        y = 3\n        return"), False),
    ],
)
def test_words_that_count(other, is_same):
    """Comments of their own, empty lines and what stands around a definition don't count; all else does."""
    given = bindings_in({"s.py": CLASS.encode()})["s.A"]
    assert (bindings_in({"s.py": other.encode()})["s.A"] <= given) is is_same


@pytest.mark.parametrize("content", [b"x = (1,", b"\x00", b"(" * 100_000, b"x = 1\n" * 400_000])
def test_what_cannot_be_read(content):
    """What is no Python, or far too long, binds nothing."""
    assert bindings_in({"s.py": content, "n.ipynb": content}) == {}


def test_record():
    """Definitions are read back as they were written, and nothing is read from another file."""
    found = bindings_in({"s.py": CLASS.encode()})
    assert read_definitions(write_definitions(found)) == found
    assert read_definitions(b"[]") == read_definitions(b"no") == read_definitions(b'{"definitions": 3}') == {}


def test_spellings():
    """A name is respelled wherever it stands as a whole word, in code and in notebooks."""
    source = "def tripel(x):\n\treturn x\ntripel(3)\nmy_tripel = tripel\nprint(hw.tripel)"
    changed, found = respelled({"s.py": source.encode(), "n.ipynb": notebook(source)}, {"tripel": "triple"})
    expected = "def triple(x):\n\treturn x\ntriple(3)\nmy_tripel = triple\nprint(hw.triple)"
    assert changed["s.py"].decode() == expected
    assert "".join(json.loads(changed["n.ipynb"])["cells"][0]["source"]) == expected
    assert found == ["tripel"]


def test_both_spellings():
    """Where our name is defined as well, nothing is changed: the two may differ."""
    text = b"def tripel(x):\n    return x\n\n\ndef triple(x):\n    return 3 * x\n"
    assert respelled({"s.py": text}, {"tripel": "triple"}) == ({"s.py": text}, [])
