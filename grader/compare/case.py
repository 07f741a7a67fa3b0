"""What a hypothesis about a mismatch may look at, and the questions most hypotheses share.

`grader.compare.about_values` and `grader.compare.about_shapes` hold the hypotheses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from grader.compare.arrays import tensor_of
from grader.compare.comparison import Context, Tolerance
from grader.compare.deviation import too_far

Facts = Mapping[str, str]

_MIN_VALUES = 3
_STEPS = 50.0
_MAX_DENOMINATOR = 100


@dataclass(frozen=True, slots=True)
class Case:
    """Hold a mismatch for the hypotheses: both tensors in float64, all expected values finite.

    `exact` says that integers or bools are compared, `is_bool` that bools are; factors and offsets mean nothing then.
    `siblings` are what is expected of the other outputs, by name.
    """

    actual: torch.Tensor
    expected: torch.Tensor
    tolerance: Tolerance
    context: Context
    exact: bool = False
    is_bool: bool = False
    siblings: Mapping[str, torch.Tensor] = field(default_factory=dict)

    @property
    def others(self) -> dict[str, torch.Tensor]:
        """Return the tensors and arrays of the context, by their words, as tensors."""
        return {words: tensor_of(other) for words, other in self.context.others.items()}


def explains(case: Case, prediction: torch.Tensor, *, scale: float = 1.0) -> bool:
    """Tell whether the actual tensor is `prediction` on all elements; `scale` widens the absolute tolerance."""
    tolerance = Tolerance(rtol=case.tolerance.rtol, atol=case.tolerance.atol * max(1.0, abs(scale)))
    return is_same(case.actual, prediction, tolerance)


def is_same(tensor: torch.Tensor, other: torch.Tensor, tolerance: Tolerance) -> bool:
    """Tell whether two tensors have one shape, finite values and no element further apart than the tolerance."""
    if tensor.shape != other.shape or not bool((tensor.isfinite() & other.isfinite()).all()):
        return False
    return not bool(too_far(tensor, other, tolerance).any())


def is_telling(tensor: torch.Tensor, tolerance: Tolerance) -> bool:
    """Tell whether a match with this tensor can't be a coincidence: it holds three values that are far apart.

    Far means fifty times the tolerance, so a loose tolerance makes everything untelling.
    """
    if tensor.numel() < _MIN_VALUES:
        return False
    step = _STEPS * (tolerance.atol + tolerance.rtol * float(tensor.abs().max()))
    return len(_distinct((tensor / step).round() if step else tensor)) >= _MIN_VALUES


def is_telling_or_odd(tensor: torch.Tensor, tolerance: Tolerance) -> bool:
    """Tell whether the tensor is telling, or holds one or two values that are odd.

    An odd value is far from zero and not a fraction with a denominator up to a hundred: 2.302585 is odd, an accuracy of
    0.75 isn't.
    """
    if is_telling(tensor, tolerance):
        return True
    values = _distinct(tensor)
    return 1 <= len(values) <= _MIN_VALUES - 1 and all(_is_odd(value, tolerance) for value in values)


def _distinct(tensor: torch.Tensor) -> list[float]:
    ordered = tensor.flatten().sort().values
    first = torch.ones(min(1, ordered.numel()), dtype=torch.bool)
    kept: list[float] = ordered[torch.cat([first, ordered[1:] != ordered[:-1]])][:_MIN_VALUES].tolist()
    return kept


def _is_odd(value: float, tolerance: Tolerance) -> bool:
    if abs(value) < 20 * _STEPS * (tolerance.atol + tolerance.rtol * abs(value)):
        return False
    multiples = (abs(value) * n for n in range(1, _MAX_DENOMINATOR + 1))
    return all(abs(multiple - round(multiple)) > 1e-6 * max(1.0, multiple) for multiple in multiples)
