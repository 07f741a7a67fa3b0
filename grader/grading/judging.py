"""Verdicts of checks: what an exception, or none, means for a student.

`grader.grading.check_run` asks here when a check has ended.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from grader.compare import Mismatch
from grader.compare.wording import feedback_for
from grader.errors import GraderError
from grader.grading.outcome import ProbeFailed, explain_blank
from grader.grading.stumbles import explain_stumble, is_authors, line_ended_at, meets_a_blank, named_error
from grader.results.verdict import CheckResult, Feedback, Frame, Verdict

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def judge(
    raised: pytest.ExceptionInfo[BaseException] | None,
    *,
    left_blank: bool,
    folder: Path,
    outputs: Mapping[str, Any] | None = None,
    forbidden: Collection[str] = (),
) -> tuple[Verdict, Feedback]:
    """Return the verdict of a check from what it raised; `left_blank` tells whether a probe returned a None.

    `outputs` are those that came back last, None before any did. A check that raises something else than its own words
    while it holds outputs has stumbled over them (see `has_stumbled`): that is the student's failure, unless no reply
    can cause such an exception. `folder` is where the course's checks lie. What is `forbidden` is not advised.
    """
    if raised is None:
        return Verdict.PASSED, Feedback()
    error = raised.value
    match error:
        case ProbeFailed():
            return error.verdict, error.feedback
        case Mismatch():
            stub = error.comparison.all_stub
            feedback = feedback_for(error.comparison, forbidden=forbidden) if forbidden else error.feedback
            return (Verdict.NOT_IMPLEMENTED if stub else Verdict.WRONG), feedback
        case pytest.skip.Exception():
            return Verdict.SKIPPED, Feedback(message=str(error.msg))
        case AssertionError():
            return Verdict.WRONG, Feedback(message=_assertion_text(error))
        case TypeError() | AttributeError() if left_blank and meets_a_blank(error):
            return Verdict.NOT_IMPLEMENTED, Feedback(message=explain_blank(f"`{type(error).__name__}: {error}`"))
        case pytest.fail.Exception() if not str(error.msg).startswith("Timeout"):
            return Verdict.WRONG, Feedback(message=str(error.msg))
    if outputs is not None and has_stumbled(error):
        return Verdict.WRONG, Feedback(message=explain_stumble(error, outputs))
    words = str(error) if isinstance(error, GraderError) else f"`{named_error(error)}`"
    return Verdict.NOT_GRADED, Feedback(message=explain_ours(words, line_ended_at(error, folder)))


def explain_ours(words: str, place: Frame | None) -> str:
    """Tell a student that the course is to blame, and its author where."""
    where = f" ({place.file}, line {place.line}: `{place.source}`)" if place is not None else ""
    ended = f"{words}{where}" if words.endswith(".") else f"{words}{where}."
    return f"The grader failed here, not your code: {ended} This check costs no points; the instructor is told."


def has_stumbled(error: BaseException) -> bool:
    """Tell whether an exception is neither the check's own words, nor the grader's, nor a name that is nowhere."""
    if is_authors(error):
        return False
    return isinstance(error, Exception) and not isinstance(error, GraderError | ProbeFailed | Mismatch | AssertionError)


def _assertion_text(error: AssertionError) -> str:
    """Return an assertion's own sentence without pytest's rewritten expression."""
    text = _ANSI.sub("", f"\n{error}").split("\nassert ")[0].strip()
    return text or "The result is not what the assignment asks for."


def as_text(result: CheckResult) -> str:
    """Return a result as the text that pytest shows for a failure."""
    feedback = result.feedback
    lines = [f"{result.title}: {result.verdict}", "", feedback.message]
    lines += [f"  {frame.place} in {frame.function}: {frame.source}" for frame in feedback.traceback]
    if feedback.hint:
        lines += ["", f"Hint: {feedback.hint}"]
    return "\n".join(lines)
