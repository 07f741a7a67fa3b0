"""Tests of grader.grading.sound_parts: the reference's definitions in a student's file."""

import pytest

from grader.grading.sound_parts import find_module, with_sound_parts

OURS = b"""\
import math

SCALE = 2


def scaled(x):
    return SCALE * x


class Linear:
    def forward(self, x):
        return scaled(math.floor(x))


class Other:
    pass
"""


def _run(files, name="hw/layers.py"):
    scope = {}
    exec(files[name].decode(), scope)
    return scope


def test_a_class_is_replaced_with_what_it_needs():
    """The class is the reference's, with the helpers that only the reference has; all else stays the student's."""
    theirs = (
        b"OWN = 7\n\n@str\nclass Early: pass\n\nclass Linear:\n    def forward(self, x):\n        return -x\n\n"
        b"def after(): return OWN\n"
    )
    files = with_sound_parts({"hw/layers.py": theirs, "b": b"1"}, {"hw/layers.py": OURS}, parts=["hw.layers.Linear"])
    scope = _run(files)
    assert scope["Linear"]().forward(2.5) == 4
    assert scope["after"]() == 7
    assert "Other" not in scope
    assert files["b"] == b"1"


def test_the_students_own_helpers_are_used():
    """What the student's module has under a name stays what it is there."""
    theirs = b"def scaled(x): return 10 * x\nclass Linear: pass\n"
    files = with_sound_parts({"hw/layers.py": theirs}, {"hw/layers.py": OURS}, parts=["hw.layers.Linear"])
    assert _run(files)["Linear"]().forward(2.5) == 20


def test_decorators_and_later_definitions_belong_to_a_part():
    """The definition that counts is the last one of its name, decorators included; other line ends do no harm."""
    theirs = b"class Linear: pass\n\ndef no(f): raise ValueError\n\n@(lambda c: no(c))\nclass Linear:\n    pass\n"
    theirs = theirs.replace(b"\n", b"\r\n")
    files = with_sound_parts({"hw/layers.py": theirs}, {"hw/layers.py": OURS}, parts=["hw.layers.Linear"])
    assert _run(files)["Linear"]().forward(1.5) == 2


@pytest.mark.parametrize(
    "theirs",
    [
        b"from elsewhere import Linear\n",
        b"class Linear(:\n",
        b"\xff\xfe",
        b"Linear = 3\n",
    ],
)
def test_what_is_defined_in_another_way_is_left_alone(theirs):
    """Where the part's name stands for something else at the top of its own file, nothing is put in place."""
    assert with_sound_parts({"hw/layers.py": theirs}, {"hw/layers.py": OURS}, parts=["hw.layers.Linear"]) is None


@pytest.mark.parametrize("theirs", [{}, {"hw/layers.py": b""}, {"hw/layers.py": b"def f():\n    class Linear: pass\n"}])
def test_a_part_that_was_not_handed_in_is_added(theirs):
    """Where neither the file nor the name is there, what builds on the part can be judged nevertheless."""
    files = with_sound_parts(theirs, {"hw/layers.py": OURS}, parts=["hw.layers.Linear"])
    scope = _run(files)
    assert scope["Linear"]().forward(2.5) == 4
    assert "Other" not in scope


def test_a_part_that_the_reference_lacks_is_left_alone():
    """A name that the reference doesn't define replaces nothing, and no parts change nothing."""
    files = {"hw/layers.py": b"class Odd: pass\n"}
    assert with_sound_parts(files, {"hw/layers.py": OURS}, parts=["hw.layers.Odd"]) is None
    assert with_sound_parts(files, {}, parts=["hw.gone.Odd"]) is None
    assert with_sound_parts(files, {"hw/layers.py": OURS}, parts=[]) == files


def test_what_is_judged_is_never_put_in_place():
    """Where a part of the judged task would come along with another one, nothing is put in place."""
    ours = {"hw/layers.py": OURS}
    theirs = {"hw/layers.py": b"class Linear: pass\n"}
    assert with_sound_parts(theirs, ours, parts=["hw.layers.Linear"], own=["hw.layers.scaled"]) is None
    assert with_sound_parts(theirs, ours, parts=["hw.layers.Linear"], own=["hw.other.scaled"]) is not None


def test_packages_are_modules_too():
    """A module is a file or a folder's __init__.py."""
    assert find_module("hw.a", ["hw/a.py"]) == "hw/a.py"
    assert find_module("hw", ["hw/__init__.py"]) == "hw/__init__.py"
    assert find_module("hw.b", ["hw/a.py"]) == ""
