"""Tests of grader.report.notebook_card: what a notebook shows of a result."""

import re

from grader.report.notebook_card import render_card
from grader.results.verdict import (
    CheckResult,
    Curve,
    Feedback,
    Frame,
    Line,
    Status,
    SubmissionResult,
    TaskResult,
    Verdict,
)

NASTY = "<img src=x onerror=alert(1)>"
CURVE = Curve(f"Loss {NASTY}", (Line(f"training {NASTY}", (1.0, 2.0), (3.5, 1.5)),), target=1.0, unit=NASTY, falls=True)


def card(verdict):
    feedback = Feedback(
        f"`a` {NASTY}", f"hint {NASTY}", traceback=(Frame(f"cell {NASTY}", 3, NASTY, NASTY),), curves=(CURVE,)
    )
    check = CheckResult("test_a", f"Title {NASTY}", "mlp", verdict, feedback=feedback)
    task = TaskResult("mlp", f"MLP {NASTY}", 0, 6, False, (check,))
    result = SubmissionResult("student", Status.GRADED, 0, 6, (task,), notes=(f"note {NASTY}",))
    return render_card(result, words=f"sum {NASTY}")


def test_everything_is_escaped():
    """No text gets into the page as HTML, wherever it stands."""
    for verdict in Verdict:
        html = card(verdict)
        assert set(re.findall(r"<(\w+)", html)) <= {"div", "style", "p", "ul", "li", "span", "strong", "code", "pre"}


def test_what_is_told():
    """A check that failed shows its verdict in words, explanation, lines and hint; a passed one none of these."""
    html = card(Verdict.WRONG)
    for words in (
        "wrong",
        "<code>a</code>",
        "line 3",
        "from 3.5 to 1.5",
        "Target: at most 1",
        "Hint:",
        "note ",
        "sum ",
    ):
        assert words in html
    assert "Hint:" not in card(Verdict.PASSED)
