"""Compare tensors and plain values with expected ones, and explain every difference.

The names below are all that checks need; `grader.grading.judging` turns a `Mismatch` into a verdict.
"""

from grader.compare.assertion import assert_matches, compare
from grader.compare.comparison import (
    Comparison,
    Context,
    Deviation,
    Difference,
    Expectation,
    Lookalike,
    Mismatch,
    Rung,
    Spec,
    Tolerance,
    floor_for,
)
from grader.compare.expect import measured
from grader.compare.kinds import assert_kinds
from grader.compare.wording import feedback_for

__all__ = [
    "Comparison",
    "Context",
    "Deviation",
    "Difference",
    "Expectation",
    "Lookalike",
    "Mismatch",
    "Rung",
    "Spec",
    "Tolerance",
    "assert_kinds",
    "assert_matches",
    "compare",
    "feedback_for",
    "floor_for",
    "measured",
]
