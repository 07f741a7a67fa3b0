"""Verdicts of checks: what an exception, or none, means for a student.

`grader.grading.plugin` asks here when a check has ended.
"""

import re

import pytest

from grader.compare import Mismatch
from grader.errors import GraderError
from grader.grading.outcome import ProbeFailed, explain_blank
from grader.results.verdict import CheckResult, Feedback, Verdict

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def judge(raised: pytest.ExceptionInfo[BaseException] | None, *, left_blank: bool) -> tuple[Verdict, Feedback]:
    """Return the verdict of a check from what it raised; `left_blank` where a probe returned a None."""
    if raised is None:
        return Verdict.PASSED, Feedback()
    error = raised.value
    match error:
        case ProbeFailed():
            return error.verdict, error.feedback
        case Mismatch():
            stub = error.comparison.all_stub
            return (Verdict.NOT_IMPLEMENTED if stub else Verdict.WRONG), error.feedback
        case pytest.skip.Exception():
            return Verdict.SKIPPED, Feedback(message=str(error.msg))
        case AssertionError():
            return Verdict.WRONG, Feedback(message=_assertion_text(error))
        case TypeError() | AttributeError() if left_blank and "NoneType" in str(error):
            return Verdict.NOT_IMPLEMENTED, Feedback(message=explain_blank(f"`{type(error).__name__}: {error}`"))
        case pytest.fail.Exception() if not str(error.msg).startswith("Timeout"):
            return Verdict.WRONG, Feedback(message=str(error.msg))
    words = str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"
    return Verdict.NOT_GRADED, Feedback(
        message=f"The grader failed here, not your code: {words} This check costs no points; the instructor is told."
    )


def _assertion_text(error: AssertionError) -> str:
    """Return an assertion's own sentence without pytest's rewritten expression."""
    text = _ANSI.sub("", f"\n{error}").split("\nassert ")[0].strip()
    return text or "The result is not what the assignment asks for."


def as_text(result: CheckResult) -> str:
    """Return a result as the text that pytest shows for a failure."""
    feedback = result.feedback
    lines = [f"{result.title}: {result.verdict}", "", feedback.message]
    lines += [f"  {frame.file}:{frame.line} in {frame.function}: {frame.source}" for frame in feedback.traceback]
    if feedback.hint:
        lines += ["", f"Hint: {feedback.hint}"]
    return "\n".join(lines)
