"""The table of hypotheses about a mismatch: what each needs to fit, and where it is out of place.

`grader.compare.lookalikes` tells the one that needs least luck, of several the first. To add one, write a function in
`grader.compare.about_values` or `grader.compare.about_shapes` and a row here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from grader.compare import about_discrete, about_functions, about_shapes, about_steps, about_values
from grader.compare.case import Case, Facts
from grader.compare.comparison import Domain, Rung, Shape

_SHAPE = frozenset({Rung.SHAPE})
_CLOSE = frozenset({Rung.CLOSE})
_VALUES = frozenset({Rung.FINITE, Rung.CLOSE})
_BOTH = frozenset({Rung.SHAPE, Rung.CLOSE})

_NO_STEP: frozenset[Domain] = frozenset({"layer", "loss", "dropout", "labels", "curve"})
_NO_AVERAGE: frozenset[Domain] = frozenset({"dropout", "labels", "curve"})
_NO_FUNCTION: frozenset[Domain] = frozenset({"step", "dropout", "labels", "curve"})
_NO_DROPOUT: frozenset[Domain] = frozenset({"loss", "step", "labels", "curve"})
_NO_BIAS: frozenset[Domain] = frozenset({"loss", "step", "dropout", "labels", "curve"})
_NO_ROUNDING: frozenset[Domain] = frozenset({"labels"})


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Name a hypothesis about values, the rungs it is tried at, its test, and its sentence with places for facts.

    `fitted` grows with what it takes from the data to fit: 0 nothing, 1 a number, 2 a row of numbers, 3 everything that
    is near. `foreign` are the domains in which its words make no sense; `of_arrays` is the sentence for NumPy where
    that has other names.
    """

    name: str
    rungs: frozenset[Rung]
    test: Callable[[Case], Facts | None]
    sentence: str
    fitted: int = 0
    foreign: frozenset[Domain] = frozenset()
    of_arrays: str = ""


@dataclass(frozen=True, slots=True)
class ShapeHypothesis:
    """Name a hypothesis about two shapes alone, its test, and its sentences with places for facts."""

    name: str
    test: Callable[[Shape, Shape], Facts | None]
    sentence: str
    of_arrays: str = ""


HYPOTHESES = (
    Hypothesis(
        "all zeros",
        _CLOSE,
        about_values.all_zeros,
        "Every element is zero: was the result ever written into it?",
    ),
    Hypothesis(
        "all equal",
        _CLOSE,
        about_discrete.all_equal,
        "Every element is {value}, where they should differ: does the result depend on the input at all?",
    ),
    Hypothesis(
        "masked rows",
        _VALUES,
        about_discrete.masked_rows,
        "{count} nan as a whole, the first at {index}, and all else is right: where everything in a row is masked, "
        "softmax divides zero by zero.",
    ),
    Hypothesis(
        "unfinished",
        _VALUES,
        about_values.unfinished,
        "It is right up to index {last} along axis {axis} and {filler} from index {start} on: "
        "does the loop stop too early?",
    ),
    Hypothesis("equals another", _BOTH, about_values.equals_other, "It equals {words}."),
    Hypothesis(
        "equals another output",
        _BOTH,
        about_steps.equals_sibling,
        "It equals what is expected of `{name}`: are the two mixed up, or is it one step off?",
    ),
    Hypothesis(
        "inverted",
        _CLOSE,
        about_discrete.inverted,
        "Every element is the opposite: is the condition turned round, or a `~` missing, or one too many?",
    ),
    Hypothesis(
        "transposed mask",
        _BOTH,
        about_discrete.transposed_mask,
        "That is the transpose: check which axis is which.",
    ),
    Hypothesis("transposed", _BOTH, about_shapes.transposed, "That is the transpose: check the order of the factors."),
    Hypothesis(
        "permuted axes",
        _BOTH,
        about_shapes.permuted,
        "Its axes are in another order; `.permute({order})` would make it right.",
        of_arrays="Its axes are in another order; `.transpose({order})` would make it right.",
    ),
    Hypothesis(
        "reshaped",
        _SHAPE,
        about_shapes.reshaped,
        "The values are right, only the shape isn't: check `reshape`, `squeeze`, `unsqueeze` and `keepdim`.",
        of_arrays="The values are right, only the shape isn't: check `reshape`, `np.squeeze`, `np.newaxis` and "
        "`keepdims`.",
    ),
    Hypothesis(
        "not reduced",
        _SHAPE,
        about_shapes.not_reduced,
        "Its {reduction} over {axes} is what is expected: that reduction is missing.",
    ),
    Hypothesis(
        "reduced too much",
        _SHAPE,
        about_shapes.over_reduced,
        "It is the {reduction} of the expected tensor over {axes}: keep what is summed or averaged there.",
        of_arrays="It is the {reduction} of the expected array over {axes}: keep what is summed or averaged there.",
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
        fitted=3,
        foreign=_NO_ROUNDING,
    ),
    Hypothesis(
        "rows alike",
        _CLOSE,
        about_values.same_rows,
        "All {count} are the same: does the result depend on the input at all?",
    ),
    Hypothesis(
        "sign flipped",
        _CLOSE,
        about_values.sign_flipped,
        "Yours has the opposite sign everywhere: look for a minus sign that is missing, or for one too many.",
    ),
    Hypothesis(
        "shifted labels",
        _CLOSE,
        about_discrete.shifted_labels,
        "Along axis {axis}, every element stands one place too {word}: is an index, or the diagonal of a mask, off by "
        "one?",
    ),
    Hypothesis(
        "off by one",
        _CLOSE,
        about_discrete.off_by_one,
        "Every element is one too {word}: does counting begin with 0 or with 1?",
    ),
    Hypothesis(
        "shifted",
        _VALUES,
        about_steps.shifted,
        "Along axis {axis}, every value stands one place too {word}: check what comes first in a round of the loop.",
    ),
    Hypothesis(
        "exponential",
        _CLOSE,
        about_functions.is_exponential,
        "It is the exponential of what is expected: is a logarithm missing, as in softmax instead of log-softmax?",
        foreign=_NO_FUNCTION,
    ),
    Hypothesis(
        "logarithm",
        _CLOSE,
        about_functions.is_logarithm,
        "It is the logarithm of what is expected, as log-softmax is that of softmax.",
        foreign=_NO_FUNCTION,
    ),
    Hypothesis(
        "function over the wrong axis",
        _CLOSE,
        about_functions.wrong_function_axis,
        "It is the {function} of {words} over {axis}; expected is that over {right}.",
        foreign=_NO_FUNCTION,
    ),
    Hypothesis(
        "function applied",
        _CLOSE,
        about_functions.function_applied,
        "It is the {function} of what is expected: is that applied once too often?",
        foreign=_NO_FUNCTION,
    ),
    Hypothesis(
        "function missing",
        _CLOSE,
        about_functions.function_missing,
        "Its {function} is what is expected: is that missing?",
        foreign=_NO_FUNCTION,
    ),
    Hypothesis(
        "wrong slope",
        _CLOSE,
        about_functions.wrong_slope,
        "It is right except where {words} is {side}: there it is {factor} times what is expected. Check the slope.",
        fitted=1,
        foreign=_NO_FUNCTION,
    ),
    Hypothesis(
        "wrong fill",
        _VALUES,
        about_discrete.wrong_fill,
        "It is right except where {wanted} is expected: there it is {came} everywhere. Is that what is filled in?",
        fitted=1,
    ),
    Hypothesis(
        "dropout active",
        _CLOSE,
        about_functions.dropout_active,
        "{count} of {total} elements are zero, all others {factor} times what is expected: is dropout active "
        "where nothing should be dropped?",
        fitted=2,
        foreign=_NO_DROPOUT,
    ),
    Hypothesis(
        "named factor too much",
        _CLOSE,
        about_steps.named_factor_too_much,
        "Yours is {words} times what is expected: leave that factor out.",
    ),
    Hypothesis(
        "named factor missing",
        _CLOSE,
        about_steps.named_factor_missing,
        "Yours is what is expected divided by {words}: that factor is missing.",
    ),
    Hypothesis(
        "summed instead of averaged",
        _CLOSE,
        about_values.summed,
        "Yours is {size} times too large, and the batch has {rows}: average, don't sum.",
        foreign=_NO_AVERAGE,
    ),
    Hypothesis(
        "averaged instead of summed",
        _CLOSE,
        about_values.averaged,
        "Yours is {size} times too small, and the batch has {rows}: sum, don't average.",
        foreign=_NO_AVERAGE,
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
        "Yours is half of what is expected: is a factor 2 missing, as in the derivative of a square, "
        "or is there a ½ that does not belong?",
    ),
    Hypothesis(
        "perhaps summed instead of averaged",
        _CLOSE,
        about_values.perhaps_summed,
        "Yours is {size} times too large, and it has {size} {things}: is it summed where it should be averaged?",
        foreign=_NO_AVERAGE,
    ),
    Hypothesis(
        "perhaps averaged instead of summed",
        _CLOSE,
        about_values.perhaps_averaged,
        "Yours is {size} times too small, and it has {size} {things}: is it averaged where it should be summed?",
        foreign=_NO_AVERAGE,
    ),
    Hypothesis(
        "scaled",
        _CLOSE,
        about_values.scaled,
        "Yours is {factor} times what is expected, everywhere: look for a factor that is missing, or for one too many.",
        fitted=1,
    ),
    Hypothesis(
        "constant offset",
        _CLOSE,
        about_values.offset,
        "Every element is too {word} by {amount}: is a constant missing, or added twice?",
        fitted=1,
    ),
    Hypothesis(
        "offset per column",
        _CLOSE,
        about_values.offset_along_last,
        "Every row is off by the same vector: is the bias missing, or added twice?",
        fitted=2,
        foreign=_NO_BIAS,
    ),
    Hypothesis(
        "offset per channel",
        _CLOSE,
        about_values.offset_along_channels,
        "Every channel (axis 1) is off by an amount of its own: is the bias missing, or added twice?",
        fitted=2,
        foreign=_NO_BIAS,
    ),
    Hypothesis(
        "offset per row",
        _CLOSE,
        about_values.offset_along_rows,
        "Every row is off by an amount of its own: is something missing that is computed once per row, "
        "such as a normaliser?",
        fitted=2,
    ),
    Hypothesis(
        "opposite step",
        _CLOSE,
        about_steps.opposite_step,
        "Seen from {words}, it moves as far as it should in the opposite direction: check the sign of the step.",
        foreign=_NO_STEP,
    ),
    Hypothesis(
        "named step",
        _CLOSE,
        about_steps.named_step,
        "Seen from {words}, it moves {number} times as far as it should.",
        foreign=_NO_STEP,
    ),
    Hypothesis(
        "scaled step",
        _CLOSE,
        about_steps.scaled_step,
        "Seen from {words}, it moves {factor} times as far as it should: look for a factor in the step, such as the "
        "learning rate or (1 - momentum).",
        fitted=1,
        foreign=_NO_STEP,
    ),
    Hypothesis(
        "accumulated",
        _CLOSE,
        about_steps.accumulated,
        "It is what is expected plus {words}: is it added to what was there, instead of overwriting it?",
    ),
    Hypothesis(
        "multiple added",
        _CLOSE,
        about_steps.plus_multiple,
        "It is what is expected plus {factor} times {words}: is a term with that missing, doubled, or of another sign?",
        fitted=1,
    ),
)

SHOWN_BY_TESTS = frozenset(
    {"all equal", "inverted", "masked rows", "off by one", "shifted labels", "transposed mask", "wrong fill"}
)
"""Those that no mistake of the bundled courses shows, which compare neither masks nor labels: tests do."""

BY_COINCIDENCE = tuple(sorted(HYPOTHESES, key=lambda row: row.fitted))  # stable: else the order of the table

SHAPE_HYPOTHESES = (
    ShapeHypothesis(
        "axes of size 1",
        about_shapes.has_axes_of_one,
        "Only axes of size 1 differ: check `squeeze`, `unsqueeze` and `keepdim`.",
        of_arrays="Only axes of size 1 differ: check `np.squeeze`, `np.newaxis` and `keepdims`.",
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
        "The sizes {axes} {place} should not be there: is a sum or mean missing?",
    ),
)
