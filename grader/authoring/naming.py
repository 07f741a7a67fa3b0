"""Measures explanations: whether what a student reads names the cause that a mistake declares.

`grader.authoring.audit` counts it over all mistakes.
"""

from collections.abc import Iterator
from enum import StrEnum

from grader.authoring.audit_rules import Violation, edit_mistake, told_in
from grader.authoring.audit_trials import named
from grader.authoring.mistakes import Mistake
from grader.courses.assignment import Assignment
from grader.results.verdict import CheckResult, Verdict
from grader.results.verdict_words import explanation_of

_FACT = "equals another"  # that a value is a certain other one is true, whatever made it so


class Naming(StrEnum):
    """Say how an explanation stands to the cause that a mistake declares."""

    RIGHTLY = "named rightly"
    GENERAL = "true but general"
    OTHER = "other cause named"
    UNDECLARED = "no cause declared"


def name_cause(mistake: Mistake, result: CheckResult) -> Naming:
    """Return whether a check's explanation names the cause of a mistake.

    It does if it holds all words of `cause`, or tells the declared lookalike. It names another one if it holds any of
    the `innocent` words, or tells a lookalike that is not declared and not the cause. That a value equals another one
    is a fact and no cause.
    """
    message, told = _folded(explanation_of(result)), told_in(result)
    if result.verdict is Verdict.PASSED or not (mistake.cause or mistake.lookalike):
        return Naming.UNDECLARED
    if any(_folded(words) in message for words in mistake.innocent):
        return Naming.OTHER
    is_worded = bool(mistake.cause) and all(_folded(words) in message for words in mistake.cause)
    if is_worded or mistake.lookalike in told:
        return Naming.RIGHTLY
    return Naming.OTHER if set(told) - {_FACT} else Naming.GENERAL


def judge_naming(mistake: Mistake, result: CheckResult, assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation where a mistake's check names another cause than the declared one."""
    if mistake.cause and name_cause(mistake, result) is Naming.OTHER:
        message = f"`{mistake.check}` names another cause; it says: {explanation_of(result)}"
        yield Violation(named(mistake), message, edit_mistake(mistake, assignment))


def _folded(words: str) -> str:
    return " ".join(words.lower().split())
