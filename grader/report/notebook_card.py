"""Renders a result inside a notebook: a fragment of HTML with styles of its own, no script, everything escaped.

`grader.live.in_notebook` displays it; the words are those of the scorecards, which `grader.report.html` renders.
"""

import functools
from pathlib import Path

from jinja2 import Template
from markupsafe import Markup

from grader.report.curve_view import curve_words
from grader.report.html import code_spans
from grader.report.page_templates import page_templates
from grader.results.notes import told_notes
from grader.results.plain_text import number, shortened
from grader.results.verdict import CheckResult, SubmissionResult, Verdict
from grader.results.verdict_words import explanation_of, mark_of_check

_HERE = Path(__file__).parent
_LIMIT = 4_000  # characters of a message
_LINE_LIMIT = 400
_MOST_FRAMES = 8


def render_card(result: SubmissionResult, *, words: str) -> str:
    """Return the fragment: notes, a line a check with what went wrong below it, and `words` for the sum."""
    return _template().render(result=result, words=words, most_frames=_MOST_FRAMES)


@functools.cache
def _template() -> Template:
    environment = page_templates(_HERE / "templates")
    environment.filters |= {
        "code_spans": code_spans,
        "number": number,
        "told_notes": told_notes,
        "mark": mark_of_check,
        "curve_words": curve_words,
    }
    environment.filters["explanation"] = lambda check: shortened(explanation_of(check), _LIMIT)
    environment.filters["line"] = lambda text: shortened(text, _LINE_LIMIT)
    environment.tests["passed"] = _has_passed
    style = (_HERE / "static" / "notebook.css").read_text(encoding="utf-8")
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own file, and it must not be escaped
    return environment.get_template("notebook_card.html")


def _has_passed(check: CheckResult) -> bool:
    return check.verdict is Verdict.PASSED
