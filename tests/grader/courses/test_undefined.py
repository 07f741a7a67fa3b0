"""Promises of `undefined`: names that nothing defines are found, and no others."""

from pathlib import Path

import pytest

from grader.courses.undefined import undefined_names

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f():\n    return y\n", {"y": 2}),
        ("def f(x):\n    if x:\n        raise ValueErorr(x)\n", {"ValueErorr": 3}),
        ("class A:\n    def f(self):\n        return [b for a in self]\n", {"b": 3}),
        ("print(late)\n", {"late": 1}),
        ("y = 1\ndef f():\n    return y, len, __name__\n", {}),
        ("def f():\n    global g\n    g = 1\ndef h():\n    return g\n", {}),
        ("def f(a):\n    def g():\n        return a\n    return g\n", {}),
        ("from torch import *\nzeros(3)\n", {}),
        ("import torch.nn as nn\nfrom a import b as c\nnn, c\n", {}),
        ("try:\n    pass\nexcept ValueError as err:\n    print(err)\n", {}),
        ("def (", {}),
    ],
)
def test_names_that_nothing_defines(source, names):
    """A name counts as missing where it is read and no scope, import or builtin sets it."""
    assert undefined_names(source) == names


def test_no_checks_or_probes_of_the_courses_miss_a_name():
    """Whatever the bundled courses' probes, checks and helpers use is defined."""
    files = list((ROOT / "tests" / "assignments").glob("*/*.py"))
    assert len(files) > 50
    assert {file.name: names for file in files if (names := undefined_names(file.read_text()))} == {}
