"""Compare tensors and plain values with expected ones, and explain every difference.

The names below are all that checks need; the grader itself imports from modules such as `grader.compare.assertion`.
"""

from grader.compare.assertion import assert_matches
from grader.compare.comparison import Context, Expectation, Mismatch, Spec, Tolerance
from grader.compare.expect import measured
from grader.compare.kinds import assert_kinds
from grader.compare.readings import assert_any
from grader.compare.varied import assert_varied

__all__ = [
    "Context",
    "Expectation",
    "Mismatch",
    "Spec",
    "Tolerance",
    "assert_any",
    "assert_kinds",
    "assert_matches",
    "assert_varied",
    "measured",
]
