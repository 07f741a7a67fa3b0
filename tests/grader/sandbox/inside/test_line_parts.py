"""Tests of parts: a line belongs to the class or function that it is in, and to whoever uses that helper alone."""

import ast

import pytest

from grader.sandbox.inside.forbidden.parts import LineParts
from grader.sandbox.inside.forbidden.scan import find_forbidden

FILE = """\
import torch.nn.functional as F
from torch.nn.functional import cross_entropy as ce

SCALE = F.normalize

def own(x):
    return helper(x)

def helper(x):
    return SCALE(x)

@F.decorate
class Linear:
    def forward(self, x):
        return own(x)

class Loss:
    def forward(self, x):
        return ce(x, x)

class Net(Linear):
    def forward(self, x):
        return Loss().forward(Linear.forward(self, x))

def unused(x):
    return F.relu(x)

Linear.backward = lambda self, g: F.linear(g, g)
setattr(Loss, "backward", F.nll_loss)
if True:
    class Late:
        make = F.conv1d
"""
PARTS = ["Linear", "Loss", "Net", "Late", "Absent"]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (2, ("Loss",)),  # the import that only the loss uses
        (4, ("Linear",)),  # two helpers away
        (7, ("Linear",)),
        (10, ("Linear",)),
        (12, ("Linear",)),  # its decorator
        (15, ("Linear",)),  # and not Net, which is made of it
        (19, ("Loss",)),
        (23, ("Net",)),
        (26, ()),  # of no part
        (28, ("Linear",)),  # set from outside
        (29, ("Loss",)),
        (32, ("Late",)),
        (99, ()),
    ],
)
def test_lines_belong_to_parts(line, parts):
    """Helpers, imports and assignments from outside belong to the part that they serve; parts don't share a line."""
    assert LineParts(ast.parse(FILE), PARTS).of_line(line) == parts


def test_a_helper_of_two_parts_belongs_to_both():
    """Who shares a helper shares what it uses; helpers that call each other in a circle end the search."""
    tree = ast.parse("def a(): return b()\ndef b(): return a()\nclass X: f = a\nclass Y: f = b\n")
    assert LineParts(tree, ["X", "Y"]).of_line(1) == ("X", "Y")


def test_the_scan_tells_the_parts_of_a_use():
    """Each use names those of the parts that were asked about; without parts, none."""
    source = {"a.py": b"import torch\nclass A:\n    f = torch.relu\nclass B:\n    f = torch.relu\n"}
    scan = find_forbidden(source, ["torch.relu"], parts=["A", "B"])
    assert [(use.line, use.parts) for use in scan.uses] == [(3, ("A",)), (5, ("B",))]
    assert [use.parts for use in find_forbidden(source, ["torch.relu"]).uses] == [(), ()]
