"""Tests of grader.results.verdict_words."""

import pytest

from grader.results.verdict import CheckResult, Feedback, Status, Verdict
from grader.results.verdict_words import explanation_of, mark_of, mark_of_check, status_word, why_uncounted


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_symbol_and_words(verdict):
    """The symbols are those of the command line, the words the verdict's own."""
    symbols = dict.fromkeys(Verdict, "!") | {Verdict.PASSED: "✓", Verdict.WRONG: "✗", Verdict.SKIPPED: "–"}
    symbols |= {Verdict.NOT_IMPLEMENTED: "·", Verdict.MISSING: "·", Verdict.NOT_GRADED: "?"}
    assert mark_of(verdict).symbol == symbols[verdict]
    assert mark_of(verdict).word == verdict.value.replace("_", " ")


def test_every_status_has_words():
    """No status is shown as an identifier."""
    words = ["graded", "not fully graded", "provisional", "unreadable", "unclear", "no longer there"]
    assert [status_word(status) for status in Status] == words


def test_a_message_wins_over_the_general_sentence():
    """explanation_of returns the check's own message, or a sentence for its verdict."""
    told = CheckResult("test_a", "A", "a", Verdict.SKIPPED, feedback=Feedback("needs a GPU"))
    assert explanation_of(told) == "needs a GPU"
    assert "check that this one builds on failed" in explanation_of(CheckResult("test_a", "A", "a", Verdict.SKIPPED))
    assert explanation_of(CheckResult("test_a", "A", "a", Verdict.PASSED)) == ""


@pytest.mark.parametrize("verdict", Verdict)
def test_advice_is_never_called_a_failure(verdict):
    """What advice found is worth knowing; that it was followed, could not run or was not graded is said as ever."""
    advice = CheckResult("test_a", "A", "a", verdict, 0.0, counted=False, advice=True)
    as_ever = verdict in (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED)
    assert mark_of_check(advice).word == (mark_of(verdict).word if as_ever else "worth knowing")
    assert why_uncounted(advice) == "Worth knowing: it costs no points."


def test_a_check_that_does_not_count_says_so():
    """A check that counts says nothing about that."""
    assert why_uncounted(CheckResult("test_a", "A", "a", Verdict.WRONG)) == ""
    assert "costs no points" in why_uncounted(CheckResult("test_a", "A", "a", Verdict.SKIPPED, counted=False))
