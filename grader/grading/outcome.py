"""Explain how a probe ended: from a `ProbeOutcome` to a verdict and the words a student reads.

`grader.grading.session` asks it whenever a probe did not return; what did return is compared by the check.
"""

import builtins
import re
from dataclasses import replace
from pathlib import PurePosixPath

from grader.compare.spelling import is_there_instead
from grader.results.verdict import Feedback, Frame, Verdict
from grader.sandbox.wire.protocol import CodeLine, Ending, ErrorReport, ProbeOutcome

_ENDINGS = {
    Ending.TIMED_OUT: Verdict.TIMED_OUT,
    Ending.OUT_OF_MEMORY: Verdict.OUT_OF_MEMORY,
    Ending.KILLED: Verdict.CRASHED,
    Ending.SANDBOX_FAILED: Verdict.NOT_GRADED,
}
_NO_NAME = re.compile(r"cannot import name '([^']+)' from '([^']+)'")
_NO_ATTRIBUTE = re.compile(r"(?:module|type object) '([^']+)' has no attribute '([^']+)'")
_NO_MEMBER = re.compile(r"'([^']+)' object has no attribute '([^']+)'")
_ABSTRACT = re.compile(r"Can't instantiate abstract class '?(\w+)'?.*abstract methods? (.+)")
_NO_MODULE = re.compile(r"No module named '([^']+)'")
_SIGNATURE = re.compile(r"\(\) (takes|missing|got an unexpected|got multiple|got some)|takes no arguments|not callable")
_BLANK = re.compile(r"\bNoneType\b|\bellipsis\b")
_NOT_THEIRS = {*dir(builtins), "NoneType", "Tensor", "function", "generator", "method"}  # types


class ProbeFailed(Exception):  # the student's failure, not ours
    """Carry the verdict of a probe that did not return outputs; raised inside a check by the fixture `probe`."""

    def __init__(self, verdict: Verdict, feedback: Feedback) -> None:
        super().__init__(feedback.message)
        self.verdict = verdict
        self.feedback = feedback


def explain_outcome(outcome: ProbeOutcome) -> tuple[Verdict, Feedback]:
    """Return the verdict and the explanation of a probe that ended in any way but `ok`."""
    report = outcome.error
    if outcome.ending is Ending.RAISED and report is not None:
        verdict, message = _explain_error(report)
        return verdict, Feedback(message=message, traceback=_traceback(report), output=outcome.printed)
    message = _explain_ending(outcome)
    traceback = _traceback(report) if report is not None else ()
    return _ENDINGS[outcome.ending], Feedback(message=message, traceback=traceback, output=outcome.printed)


def _traceback(report: ErrorReport) -> tuple[Frame, ...]:
    return tuple(Frame(at.file, at.line, at.function, at.source) for at in report.frames)


def _explain_ending(outcome: ProbeOutcome) -> str:
    match outcome.ending:
        case Ending.TIMED_OUT:
            return f"Your code {outcome.detail} and was stopped. Look for a loop that never ends."
        case Ending.OUT_OF_MEMORY:
            return (
                f"Your code {outcome.detail}. Look for tensors kept in a list, a graph that grows from step to step "
                "(`loss` instead of `loss.item()`), or a shape that is far too large."
            )
        case Ending.KILLED:
            return f"Your code's process {outcome.detail}. Nothing came back, so there is nothing to compare."
        case _:
            return (
                f"The grader failed here, not your code: {outcome.detail} "
                "This check costs no points; the instructor is told."
            )


def _explain_error(report: ErrorReport) -> tuple[Verdict, str]:
    """Put an exception of the student's code into words."""
    if report.phase == "definition":
        return _explain_definition(report)
    if "UnusableWeights" in report.bases:  # as grader.weights raises it
        return (Verdict.MISSING if "MissingWeights" in report.bases else Verdict.WRONG), report.message
    if "NotImplementedError" in report.bases and _is_stub(report):
        where = f" (`{report.message}`)" if report.message else ""
        remedy = ": replace the `raise NotImplementedError`" if report.frames else ""
        return Verdict.NOT_IMPLEMENTED, f"Not implemented yet{where}{remedy}."
    absent = _explain_absence(report)
    if absent:
        return Verdict.MISSING, absent
    if "SyntaxError" in report.bases and report.frames and not report.frames[-1].function:  # a place, no call
        return (
            Verdict.CRASHED,
            f"{_place(report)} is not valid Python: {report.message}. Nothing in this "
            f"{'cell' if report.frames[-1].file.startswith('cell ') else 'file'} can be used.",
        )
    if report.phase == "import":
        return Verdict.CRASHED, _explain_import(report)
    if "SystemExit" in report.bases:
        return Verdict.CRASHED, f"Your code left the program ({_named(report)}) instead of returning."
    return _explain_use(report) if not report.frames else (Verdict.CRASHED, _explain_raise(report))


def _explain_raise(report: ErrorReport) -> str:
    """Say what a line of the student's raised."""
    if "NobodyAnswers" in report.bases:
        return f"{_place(report)} {report.message}"
    if "RecursionError" in report.bases:
        return f"{_place(report)} calls itself without end: {_named(report)}."
    blank = " What was called there gave `None`: is it still blank, or a `return` missing?"
    return f"{_place(report)} raised {_named(report)}.{blank if _meets_a_blank(report) else ''}"


def _explain_definition(report: ErrorReport) -> tuple[Verdict, str]:
    """Say why a notebook lacks what a probe asked for."""
    if "MissingFromNotebook" in report.bases:
        return Verdict.MISSING, report.message
    if "TooLongInNotebook" in report.bases:
        return Verdict.TIMED_OUT, report.message
    verdict, message = _explain_error(replace(report, phase="probe"))
    return verdict, f"`{report.module}` is not there, since the statement that defines it failed. {message}"


def _is_stub(report: ErrorReport) -> bool:
    """Tell whether a NotImplementedError says that code is still to be written: torch raises it as well."""
    source = report.frames[-1].source if report.frames else ""
    return not source or "raise" in source


def _explain_use(report: ErrorReport) -> tuple[Verdict, str]:
    """Explain an exception that no line of the student's raised: calling their code failed, or using its result did."""
    if _meets_a_blank(report):
        return Verdict.NOT_IMPLEMENTED, explain_blank(_named(report))
    if "TypeError" in report.bases and _SIGNATURE.search(report.message):
        return Verdict.CRASHED, f"Your code could not be called as the assignment says: {_named(report)}."
    return Verdict.CRASHED, f"Using what your code returned failed: {_named(report)}."


def _meets_a_blank(report: ErrorReport) -> bool:
    """Tell whether an exception says that there was None, or `...`, where a value was expected."""
    return bool(_BLANK.search(report.message))


def explain_blank(error: str) -> str:
    """Tell a student that their code should have given a value and didn't; `error` is how that showed."""
    return f"Your code left `None` where a value is used ({error}). Is a `return` missing?"


def _named(report: ErrorReport) -> str:
    return f"`{report.type}: {report.message}`" if report.message else f"`{report.type}`"


def _place(report: ErrorReport) -> str:
    if not report.frames:
        return "Your code"
    last: CodeLine = report.frames[-1]
    return f"`{last.file}`, line {last.line},"


def _explain_import(report: ErrorReport) -> str:
    module = _NO_MODULE.search(report.message) if "ImportError" in report.bases else None
    why = f"it raised {_named(report)}"
    if module:
        why = (
            f"it imports `{module[1]}`, which is not there. Use what the course provides, or import it where it is used"
        )
    where = f" ({_place(report).rstrip(',')})" if report.frames else ""
    return f"`{report.module}` could not be imported{where}: {why}."


def _explain_absence(report: ErrorReport) -> str:
    """Say what is missing where a probe asked for a name that the student's code doesn't have, else ""."""
    if report.frames:
        return ""
    message = report.message
    if "ModuleNotFoundError" in report.bases and (found := _NO_MODULE.search(message)):
        wanted = report.module or found[1]
        if wanted == found[1] or wanted.startswith(f"{found[1]}."):
            file = PurePosixPath(*wanted.split("."))
            return f"`{file}.py` is not in the submission, or its folder has another name."
    if found := _NO_NAME.search(message):
        told = f"`{found[2]}` has no `{found[1]}`: is it defined, and spelled as the assignment says?"
        return f"{told} {is_there_instead(found[1], report.present)}".rstrip()
    if found := _NO_ATTRIBUTE.search(message):
        told = f"`{found[1]}` has no `{found[2]}`: is it defined, and spelled as the assignment says?"
        return f"{told} {is_there_instead(found[2], report.present)}".rstrip()
    if (found := _NO_MEMBER.search(message)) and found[1] not in _NOT_THEIRS:
        told = f"A `{found[1]}` object has no `{found[2]}`: is it set or defined, and spelled as the assignment says?"
        return f"{told} {is_there_instead(found[2], report.present)}".rstrip()
    if found := _ABSTRACT.search(message):
        return f"`{found[1]}` can't be constructed: it does not define {found[2]}."
    return ""
