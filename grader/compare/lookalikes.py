"""The ordered table of hypotheses about a mismatch: the first that explains all of it is told.

A wrong hint is worse than none: a hypothesis must fit every element within the tolerance, and say nothing where the
values are so plain that it would fit by chance. `grader.compare.wording` adds the sentence to the numbers.
To add one, write a function in `grader.compare.about_values` or `about_shapes` and a row here.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from grader.compare import about_shapes, about_values
from grader.compare.case import Case, Facts
from grader.compare.comparison import Context, Lookalike, Rung, Shape
from grader.compare.deviation import widened
from grader.compare.findings import Finding

_MAX_ELEMENTS = 2**20
_SMALL = 2**16

_SHAPE = frozenset({Rung.SHAPE})
_CLOSE = frozenset({Rung.CLOSE})
_VALUES = frozenset({Rung.FINITE, Rung.CLOSE})
_BOTH = frozenset({Rung.SHAPE, Rung.CLOSE})


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Name a hypothesis about values, the rungs it is tried at, its test, and its sentence with places for facts."""

    name: str
    rungs: frozenset[Rung]
    test: Callable[[Case], Facts | None]
    sentence: str


@dataclass(frozen=True, slots=True)
class ShapeHypothesis:
    """Name a hypothesis about two shapes alone, its test, and its sentence with places for facts."""

    name: str
    test: Callable[[Shape, Shape], Facts | None]
    sentence: str


HYPOTHESES = (
    Hypothesis(
        "all zeros",
        _CLOSE,
        about_values.all_zeros,
        "Every element is zero: was the result ever written into it?",
    ),
    Hypothesis(
        "unfinished",
        _VALUES,
        about_values.unfinished,
        "It is right up to index {last} along axis {axis} and {filler} from index {start} on: does the loop stop too early?",
    ),
    Hypothesis("equals another", _BOTH, about_values.equals_other, "It equals {words}."),
    Hypothesis("transposed", _BOTH, about_shapes.transposed, "That is the transpose: check the order of the factors."),
    Hypothesis(
        "permuted axes",
        _BOTH,
        about_shapes.permuted,
        "Its axes are in another order; `.permute({order})` would make it right.",
    ),
    Hypothesis(
        "reshaped",
        _SHAPE,
        about_shapes.reshaped,
        "The values are right, only the shape isn't: check `reshape`, `squeeze`, `unsqueeze` and `keepdim`.",
    ),
    Hypothesis(
        "not reduced",
        _SHAPE,
        about_shapes.not_reduced,
        "Its {reduction} over {axes} is what is expected: reduce it.",
    ),
    Hypothesis(
        "reduced too much",
        _SHAPE,
        about_shapes.over_reduced,
        "It is the {reduction} of the expected tensor over {axes}: keep what is summed or averaged there.",
    ),
    Hypothesis(
        "wrong axis",
        _BOTH,
        about_shapes.wrong_axis,
        "It is the {reduction} of {words} over {axes}; expected is the {reduction} over {right}.",
    ),
    Hypothesis(
        "nearly right",
        _CLOSE,
        about_values.nearly_right,
        "That is nearly right, off by at most {worst}: look for lost precision, such as a cast to a smaller dtype, "
        "or an `eps` of another size or in another place.",
    ),
    Hypothesis("sign flipped", _CLOSE, about_values.sign_flipped, "Yours has the opposite sign everywhere."),
    Hypothesis(
        "summed instead of averaged",
        _CLOSE,
        about_values.summed,
        "Yours is {size} times too large, and the batch has {rows}: average, don't sum.",
    ),
    Hypothesis(
        "averaged instead of summed",
        _CLOSE,
        about_values.averaged,
        "Yours is {size} times too small, and the batch has {rows}: sum, don't average.",
    ),
    Hypothesis(
        "doubled",
        _CLOSE,
        about_values.doubled,
        "Yours is twice what is expected: is a factor ½ missing, or something added twice?",
    ),
    Hypothesis(
        "halved",
        _CLOSE,
        about_values.halved,
        "Yours is half of what is expected: is a factor 2 missing, as the derivative of a square has it, "
        "or a ½ too much?",
    ),
    Hypothesis(
        "perhaps summed instead of averaged",
        _CLOSE,
        about_values.perhaps_summed,
        "Yours is {size} times too large, and it has {size} {things}: is it summed where it should be averaged?",
    ),
    Hypothesis(
        "perhaps averaged instead of summed",
        _CLOSE,
        about_values.perhaps_averaged,
        "Yours is {size} times too small, and it has {size} {things}: is it averaged where it should be summed?",
    ),
    Hypothesis(
        "scaled",
        _CLOSE,
        about_values.scaled,
        "Yours is {factor} times what is expected, everywhere: look for a factor that is missing or too much.",
    ),
    Hypothesis(
        "constant offset",
        _CLOSE,
        about_values.offset,
        "Every element is too {word} by {amount}: is a constant missing, or added twice?",
    ),
    Hypothesis(
        "offset per column",
        _CLOSE,
        about_values.offset_along_last,
        "Every row is off by the same vector: is the bias missing, or added twice?",
    ),
    Hypothesis(
        "offset per channel",
        _CLOSE,
        about_values.offset_along_channels,
        "Every channel (axis 1) is off by an amount of its own: is the bias missing, or added twice?",
    ),
    Hypothesis(
        "offset per row",
        _CLOSE,
        about_values.offset_along_rows,
        "Every row is off by an amount of its own: is something missing that is computed once per row, "
        "such as a normaliser?",
    ),
)

SHAPE_HYPOTHESES = (
    ShapeHypothesis(
        "axes of size 1",
        about_shapes.has_axes_of_one,
        "Only axes of size 1 differ: check `squeeze`, `unsqueeze` and `keepdim`.",
    ),
    ShapeHypothesis(
        "swapped axes",
        about_shapes.has_swapped_axes,
        "The two axes are exchanged: check which size comes first, and the order of the factors.",
    ),
    ShapeHypothesis(
        "axes in another order",
        about_shapes.has_permuted_axes,
        "The axes have the right sizes in another order.",
    ),
    ShapeHypothesis(
        "extra axes",
        about_shapes.has_extra_axes,
        "The sizes {axes} {place} are too many: is a sum or mean missing?",
    ),
)


def find_lookalike(finding: Finding, context: Context) -> Lookalike | None:
    """Return the first hypothesis that explains a finding, told in a sentence; None where none does."""
    return next(_tell_all(finding, context), None)


def _tell_all(finding: Finding, context: Context) -> Iterator[Lookalike]:
    difference = finding.difference
    case = _case_of(finding, context)
    for row in HYPOTHESES:
        facts = row.test(case) if case and difference.rung in row.rungs else None
        if facts is not None:
            yield Lookalike(row.name, row.sentence.format(**facts))
    shapes = difference.actual.shape, difference.expected.shape
    if difference.rung is not Rung.SHAPE or shapes[0] is None or shapes[1] is None:
        return
    for shape_row in SHAPE_HYPOTHESES:
        facts = shape_row.test(shapes[0], shapes[1])
        if facts is not None:
            yield Lookalike(shape_row.name, shape_row.sentence.format(**facts))


def _case_of(finding: Finding, context: Context) -> Case | None:
    """Return what the hypotheses about values look at; None where there are no values, or too many."""
    actual, expected = finding.actual, finding.expected
    if actual is None or expected is None:
        return None
    limit = min(_MAX_ELEMENTS, _SMALL + 16 * expected.numel())
    if not 1 <= expected.numel() <= _MAX_ELEMENTS or not 1 <= actual.numel() <= limit:
        return None
    wide = widened(expected)
    if not bool(wide.isfinite().all()):
        return None
    exact = not expected.is_floating_point()
    return Case(widened(actual), wide, finding.tolerance, _plain_context(context), exact)


def _plain_context(context: Context) -> Context:
    """Return the context with only those tensors that arithmetic works on."""
    others = {words: other for words, other in context.others.items() if _is_usable(other)}
    return Context(batch_size=context.batch_size, others=others)


def _is_usable(tensor: torch.Tensor) -> bool:
    return not tensor.is_complex() and math.prod(tensor.shape) <= _MAX_ELEMENTS
