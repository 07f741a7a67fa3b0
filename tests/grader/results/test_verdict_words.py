"""Tests of grader.results.verdict_words."""

import pytest

from grader.results.verdict import CheckResult, Feedback, Status, Verdict
from grader.results.verdict_words import explanation_of, mark_of, status_word


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_symbol_and_words(verdict):
    """The symbols are those of the command line, the words the verdict's own."""
    symbols = dict.fromkeys(Verdict, "!") | {Verdict.PASSED: "✓", Verdict.WRONG: "✗", Verdict.SKIPPED: "–"}
    symbols |= {Verdict.NOT_IMPLEMENTED: "·", Verdict.MISSING: "·", Verdict.NOT_GRADED: "?"}
    assert mark_of(verdict).symbol == symbols[verdict]
    assert mark_of(verdict).word == verdict.value.replace("_", " ")


def test_every_status_has_words():
    """No status is shown as an identifier."""
    words = ["graded", "not fully graded", "unreadable", "unclear", "no longer there"]
    assert [status_word(status) for status in Status] == words


def test_a_message_wins_over_the_general_sentence():
    """explanation_of returns the check's own message, or a sentence for its verdict."""
    told = CheckResult("test_a", "A", "a", Verdict.SKIPPED, feedback=Feedback("needs a GPU"))
    assert explanation_of(told) == "needs a GPU"
    assert "check that this one builds on failed" in explanation_of(CheckResult("test_a", "A", "a", Verdict.SKIPPED))
    assert explanation_of(CheckResult("test_a", "A", "a", Verdict.PASSED)) == ""
