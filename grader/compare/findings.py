"""What the ladder works on and what it finds: a pair of values, and a difference beside its tensors.

`grader.compare.ladder` and `grader.compare.rungs` make findings, `grader.compare.lookalikes` explains them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from grader.compare.comparison import EXACT, Difference, Expectation, Rung, Tolerance
from grader.compare.describe import describe
from grader.compare.texts import step_text


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold a difference beside the tensors it was found in, or None if a side has no values that could be read.

    A plain number counts as a 0-dim tensor. `stretch` is how far the tolerance would have to stretch, None where none
    would let the value pass.
    """

    difference: Difference
    actual: torch.Tensor | None = None
    expected: torch.Tensor | None = None
    tolerance: Tolerance = EXACT
    stretch: float | None = None


@dataclass(frozen=True, slots=True)
class ValuePair:
    """Hold an expected value beside what came back, and what is asked of it.

    `name` is what students read (`grads[2]`), `path` the same with dots (`grads.2`), `top` the output it belongs to.
    `devices` names the devices, by path, of tensors that were moved to the CPU on their way here. `any_float` says that
    one floating dtype is as good as another.
    """

    name: str
    path: str
    top: str
    actual: object
    expected: object
    asked: Expectation
    devices: Mapping[str, str]
    any_float: bool = False

    def child(self, key: object, actual: object, expected: object) -> "ValuePair":
        """Return the pair of one item in a list or dict."""
        name, path = self.name + step_text(key), f"{self.path}.{key}"
        return replace(self, name=name, path=path, actual=actual, expected=expected)

    def difference(self, rung: Rung) -> Difference:
        """Return the difference at a rung, both sides described, without numbers."""
        return Difference(self.name, rung, describe(self.actual), describe(self.expected))
