"""Whose bug is it: a check that ends badly for the course's own solution, or over a name that the course never defines.

`grader.grading.grade` asks it after the checks of a submission have run, and takes back what is the author's.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from grader.courses.assignment import Assignment, probe_files
from grader.courses.checks import Check
from grader.courses.undefined import undefined_names
from grader.grading.judging import explain_ours
from grader.grading.session import Subject
from grader.results.verdict import CheckResult, Feedback, Frame, Verdict
from grader.sandbox.wire.protocol import ErrorReport

_NO_NAME = re.compile(r"name '(\w+)' is not defined|local variable '(\w+)'")
_SAME_END = "this check ends in the same way for the course's own solution"


def may_be_ours(subject: Subject, checks: Mapping[str, Check], *, long_tasks: Collection[str]) -> Iterator[str]:
    """Yield the checks of which the reference has to be asked, since no line of the student's shows whose fault it is.

    In a task that trains nothing is asked where a name is missing: that would cost minutes for each submission.
    """
    for name, result in subject.results.items():
        has_stumbled = name in subject.stumbled and result.verdict is Verdict.WRONG
        has_raised = name in subject.raised and result.verdict is Verdict.CRASHED
        is_missing = (
            name in subject.raised and result.verdict is Verdict.MISSING and subject.raised[name].phase == "probe"
        )
        if has_stumbled or has_raised or (is_missing and checks[name].task not in long_tasks):
            yield name


def never_defined(report: ErrorReport | None, assignment: Assignment) -> str:
    """Say that a probe uses a name that no file of probes defines, "" where the sandbox only claims so."""
    found = _NO_NAME.search(report.message) if report is not None and "NameError" in report.bases else None
    if found is None or report is None or report.phase != "probe":
        return ""
    name = found[1] or found[2]
    for file in probe_files(assignment):
        line = undefined_names(file.read_text(encoding="utf-8")).get(name)
        if line is not None:
            return explain_ours(f"`{name}` is not defined", Frame(file.name, line, "", name))
    return ""


def fault_on_reference(name: str, reference: Subject) -> str:
    """Say with which exception a check ended on the reference, and at which of the course's lines; "" without one.

    A reference that a check finds wrong in words shows that check or reference is wrong, not whose exception this is.
    """
    stumble, report = reference.stumbled.get(name), reference.raised.get(name)
    if stumble is not None and reference.results[name].verdict is not Verdict.PASSED:
        return explain_ours(f"{_SAME_END}, with `{stumble.error}`", stumble.place)
    if report is not None:
        at = report.author
        place = Frame(at.file, at.line, at.function, at.source) if at is not None else None
        return explain_ours(f"{_SAME_END}, with `{report.type}: {report.message}`", place)
    return explain_ours(_SAME_END, None) if reference.results[name].verdict is Verdict.NOT_GRADED else ""


def take_back(results: dict[str, CheckResult], faults: Mapping[str, str]) -> None:
    """Make the named checks not graded, and open the points of those that did not run because of them."""
    for name, words in faults.items():
        message = Feedback(message=words)
        results[name] = replace(results[name], verdict=Verdict.NOT_GRADED, counted=False, feedback=message)
    taken = set(faults)
    while True:
        waiting = [
            name
            for name, result in results.items()
            if result.verdict is Verdict.SKIPPED and result.because in taken and name not in taken
        ]
        if not waiting:
            return
        for name in waiting:
            results[name] = replace(results[name], counted=False, unrun=True)
        taken |= set(waiting)
