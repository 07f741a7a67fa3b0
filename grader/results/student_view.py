"""Leaves out what students must not read: what hidden checks found, and what is for the instructor.

Everything that an exporter writes for students passes through here first; `grader.report` shows it all.

Why: docs/decisions.md#what-students-may-read
"""

from dataclasses import replace
from typing import Any

from grader.results.credit import Credit
from grader.results.override import Override
from grader.results.verdict import CheckResult, Feedback, SubmissionResult, TaskResult

_UNTOLD: dict[str, Any] = {"seconds": 0.0, "cpu_s": 0.0, "waited_s": 0.0, "peak_mib": 0.0, "stretch": None}


def student_view(result: SubmissionResult) -> SubmissionResult:
    """Return the result with only title, verdict and hint of its hidden checks, without flags and without who marked.

    Its seconds are those of the public checks: how long code takes is something that it can tell.
    """
    tasks = tuple(_task(task) for task in result.tasks)
    seconds = sum(check.seconds for task in tasks for check in task.checks)
    answers = tuple(replace(answer, exhibits=(), curves=()) for answer in result.answers)
    return replace(result, tasks=tasks, flags=(), answers=answers, seconds=min(result.seconds, seconds))


def is_hidden_check(check: CheckResult, task: TaskResult) -> bool:
    """Say whether a check is hidden, by itself or with its whole task."""
    return check.hidden or task.hidden


def _task(task: TaskResult) -> TaskResult:
    told = (_without_findings(check) if is_hidden_check(check, task) else check for check in task.checks)
    checks = tuple(replace(check, override=_unsigned(check.override)) for check in told)
    return replace(task, checks=checks, flags=(), override=_unsigned(task.override))


def _unsigned(override: Override | None) -> Override | None:
    return None if override is None else replace(override, who="")


def _without_findings(check: CheckResult) -> CheckResult:
    credit = None if check.credit is None else Credit(check.credit.part)
    feedback = Feedback(hint=check.feedback.hint)
    return replace(check, hidden=True, grounds="", feedback=feedback, credit=credit, **_UNTOLD)
