"""Tests of the places in which a task forbids names."""

import pytest

from grader.courses.forbidden_places import find_place_fault, is_in_place, parts_of


@pytest.mark.parametrize(
    ("file", "parts", "places", "inside"),
    [
        ("hw2/layers.py", (), ("hw2/layers.py",), True),
        ("hw2/layers.py", ("Linear",), ("hw2/*.py",), True),
        ("hw2/layers.py", ("Linear",), ("hw2/*.py::Linear",), True),
        ("hw2/layers.py", ("ReLU", "Linear"), ("hw2/*.py::Linear",), True),
        ("hw2/layers.py", ("ReLU",), ("hw2/*.py::Linear",), False),
        ("hw2/layers.py", (), ("hw2/*.py::Linear",), False),
        ("hw2/mlp.py", ("Linear",), ("hw2/layers.py::Linear",), False),
        ("hw2/mlp.py", ("MLP",), ("hw2/layers.py::Linear", "hw2/mlp.py"), True),
        ("", (), ("hw2/*.py",), False),
        ("hw2/mlp.py", (), (), False),
    ],
)
def test_a_line_lies_in_a_place(file, parts, places, inside):
    """The glob has to match the file and, where a part is named, the line has to belong to it."""
    assert is_in_place(file, parts, places) is inside


def test_parts_are_named_behind_two_colons():
    """Places without a part name none."""
    assert parts_of(("a.py", "b.py::B", "c/*.py::B", "d.py::D")) == {"B", "D"}


@pytest.mark.parametrize("place", ["a.py::", "a.py::B.c", "a.py::b c", "a.py::*", "/a.py::B", "../a.py"])
def test_faulty_places_are_named(place):
    """A part is one name at the top of a file; globs are as sound as anywhere."""
    assert find_place_fault(place)


@pytest.mark.parametrize("place", ["a.py", "**/*.py::Linear", "net.ipynb::MLP"])
def test_sound_places(place):
    """A glob alone, or with a name."""
    assert find_place_fault(place) == ""
