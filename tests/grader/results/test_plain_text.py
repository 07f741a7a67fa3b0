"""Tests of grader.results.plain_text."""

import pytest

from grader.results.plain_text import number, shortened, visible, visible_line


def test_ordinary_text_stays():
    """visible keeps letters of all scripts, newlines, tabs and joiners."""
    text = "Müller\tשלום 名前 👩\u200d🔬\n`x`"
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\x00b\x7fc\x9bd", "a␀b␡c[U+009B]d"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("evil\u202etxt.exe", "evil[U+202E]txt.exe"),
        ("a\u2066b\u200bc\ufeffd", "a[U+2066]b[U+200B]c[U+FEFF]d"),
        ("x\U000e0041", "x[U+E0041]"),
        ("a\udc80b", "a\ufffdb"),
    ],
)
def test_what_hides_is_shown(text, shown):
    """visible replaces every control or invisible character by something that can be seen."""
    assert visible(text) == shown
    visible(text).encode("utf-8")


def test_a_line_stays_one_line():
    """visible_line leaves no newline and no tab."""
    assert visible_line("a\nb\tc\r\nd") == "a␊b␉c␊d"


def test_long_text_keeps_its_start_and_its_end():
    """shortened returns about limit characters and says how many it left out."""
    text = shortened("a" * 500 + "b" * 500, 100)
    assert text == "a" * 75 + "\n… 900 characters left out …\n" + "b" * 25
    assert shortened("short", 5) == "short"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10.0, "10"),
        (7.5, "7.5"),
        (200 / 3, "66.67"),
        (0.0, "0"),
        (-0.001, "0"),
        (100, "100"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_numbers_are_short(value, text):
    """number writes at most two decimals and no trailing zeros."""
    assert number(value) == text
