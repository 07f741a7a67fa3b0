"""Look for the cause of a mismatch: of the hypotheses that explain all of it, the one that needs least luck is told.

A wrong hint is worse than none: a hypothesis must fit every element within the tolerance, and say nothing where the
values are so plain that it would fit by chance. `grader.compare.hypotheses` lists the hypotheses in their order.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from grader.compare.arrays import ARRAY, tensor_of
from grader.compare.case import Case
from grader.compare.comparison import Context, Lookalike, Rung
from grader.compare.deviation import widened
from grader.compare.findings import Finding
from grader.compare.hypotheses import BY_COINCIDENCE, SHAPE_HYPOTHESES, Hypothesis, ShapeHypothesis

_MAX_ELEMENTS = 2**20
_SMALL = 2**16
_MAX_SIBLINGS = 32


def find_lookalike(
    finding: Finding, context: Context, *, siblings: Mapping[str, torch.Tensor] | None = None
) -> Lookalike | None:
    """Return the hypothesis that explains a finding with the least coincidence, told in a sentence, or None.

    `siblings` are what is expected of all outputs, by name.
    """
    case = _case_of(finding, context)
    if case is not None and siblings:
        own = finding.difference.name
        usable = {name: value for name, value in siblings.items() if name != own and _is_usable(value)}
        case = replace(case, siblings={name: widened(usable[name]) for name in list(usable)[:_MAX_SIBLINGS]})
    return next(_tell_all(finding, case), None)


def _tell_all(finding: Finding, case: Case | None) -> Iterator[Lookalike]:
    difference = finding.difference
    for row in BY_COINCIDENCE:
        fits_here = case is not None and difference.rung in row.rungs and case.context.about not in row.foreign
        facts = row.test(case) if case is not None and fits_here else None
        if facts is not None:
            yield Lookalike(row.name, _sentence(row, finding).format(**facts))
    shapes = difference.actual.shape, difference.expected.shape
    if difference.rung is not Rung.SHAPE or shapes[0] is None or shapes[1] is None:
        return
    for shape_row in SHAPE_HYPOTHESES:
        facts = shape_row.test(shapes[0], shapes[1])
        if facts is not None:
            yield Lookalike(shape_row.name, _sentence(shape_row, finding).format(**facts))


def _sentence(row: Hypothesis | ShapeHypothesis, finding: Finding) -> str:
    """Return the row's sentence, in the words of the library in which the student writes."""
    return row.of_arrays if row.of_arrays and finding.difference.expected.kind == ARRAY else row.sentence


def _case_of(finding: Finding, context: Context) -> Case | None:
    """Return what the hypotheses about values look at, or None if there are no values, or too many."""
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
    is_bool = expected.dtype == actual.dtype == torch.bool
    return Case(widened(actual), wide, finding.tolerance, _plain_context(context), exact, is_bool)


def _plain_context(context: Context) -> Context:
    """Return the context with only those tensors that arithmetic works on."""
    tensors = {words: tensor_of(other) for words, other in context.others.items()}
    others = {words: other for words, other in tensors.items() if _is_usable(other)}
    return replace(context, others=others)


def _is_usable(tensor: object) -> bool:
    return isinstance(tensor, torch.Tensor) and not tensor.is_complex() and math.prod(tensor.shape) <= _MAX_ELEMENTS
