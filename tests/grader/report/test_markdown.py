"""Promises of `grader.report.markdown`: Markdown of strangers can't act, load or hide anything."""

import re
import time

import pytest

from grader.report.markdown import render_markdown


def test_markdown_is_rendered():
    """Lists, emphasis, code and tables become HTML; headings stay below those of the page."""
    html = render_markdown("# Title\n\n1. **one** and `code`\n\n| a | b |\n|:-:|---|\n| 1 | 2 |\n\n~~no~~")
    for part in ("<h4>Title</h4>", "<strong>one</strong>", "<code>code</code>", "<td>2</td>", "<s>no</s>"):
        assert part in html
    assert "style=" not in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<!-- hidden -->",
        "</article></div><h1>100 of 100 points</h1>",
        "[click](javascript:alert(1))",
        "[click](https://example.org 'title')",
        "![picture](https://example.org/track.png)",
        "<https://example.org>",
        "https://example.org",
        "[click][a]\n\n[a]: javascript:alert(1)",
        "[a]: https://example.org 'a definition that would disappear'",
        '```" onclick="alert(1)\ncode\n```',
        "| <script> |\n|---|\n| <img src=x> |",
        "&lt;script&gt; &#60;script&#62;",
        "$<script>$ and $$</p>$$",
    ],
)
def test_nothing_acts_and_nothing_is_loaded(text):
    """Only our own tags come out, without addresses and handlers, and the words stay readable."""
    html = render_markdown(text)
    tags = set(re.findall(r"<(/?\w+)", html))
    own = ["p", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"]
    assert tags <= {*own, *(f"/{name}" for name in own)}
    assert re.findall(r"<\w+\s[^>]*>", html) == []
    words = re.findall(r"\w{4,}", text)
    assert all(word in html for word in words)


@pytest.mark.parametrize(
    "text", ["a\u202eb", "a&#x202e;b", "a&#8203;b", "`a\u2066b`", "a\x1b[31mb", "a\ud800b", "a\0b"]
)
def test_nothing_hides(text):
    """Characters that nobody sees, written as they are or as entities, are shown; the result is always UTF-8."""
    html = render_markdown(text)
    html.encode()
    assert not re.search("[\u202e\u200b\u2066\x1b\ud800\0]", html)


def test_formulas_keep_their_characters():
    """What stands between dollars is shown as it was written."""
    html = render_markdown(r"Since $\delta_{n,j}\,*x*_a \ne 0_b$ and $$a \\ b_*c*$$ hold, $5 stays.")
    assert r"<code>$\delta_{n,j}\,*x*_a \ne 0_b$</code>" in html
    assert r"<code>$$a \\ b_*c*$$</code>" in html
    assert html.endswith("$5 stays.</p>\n")


@pytest.mark.parametrize(
    "text",
    [">" * 20_000, "[" * 20_000, "*a " * 6_000, "`" * 20_000, "$" * 19_999, "| a " * 5_000 + "\n" + "|---" * 5_000,
     "- " * 10_000, "![" * 10_000, "a**" * 6_000, "<" * 20_000, "&" * 20_000, "\n> - " * 4_000],
)  # fmt: skip
def test_hard_texts_take_little_time(text):
    """A text made to be hard is rendered in seconds."""
    started = time.process_time()
    render_markdown(text)
    assert time.process_time() - started < 5


def test_text_that_cannot_be_rendered_is_shown_as_it_is(monkeypatch):
    """Where rendering fails, the text is there, escaped."""

    def fail():
        raise RecursionError

    monkeypatch.setattr("grader.report.markdown._renderer", fail)
    assert render_markdown("<b>") == "<pre>&lt;b&gt;</pre>"
