"""Apply `[adjust]` to results that are there already: points change for everybody, and nothing runs.

`grader.commands.report` and `grader.marking.final_results` give it what is stored; `grader.grading.points` adds up.
"""

from collections.abc import Iterable
from dataclasses import replace

from grader.courses.assignment import Adjustment, Assignment
from grader.courses.check_sources import read_check_sources
from grader.courses.toml_table import suggest
from grader.errors import CourseError
from grader.grading.points import put_together
from grader.results.earned import is_ungraded
from grader.results.verdict import Adjusted, CheckResult, SubmissionResult, TaskResult
from grader.results.verdict_words import adjusted_words

_MARK = "For everybody: "


def adjusted(results: Iterable[SubmissionResult], assignment: Assignment) -> list[SubmissionResult]:
    """Return the results as the assignment adjusts them now, whatever adjusted them before.

    Raises CourseError for a check that neither the assignment nor any result has.
    """
    present = list(results)
    named = {one.check: one for one in assignment.adjustments}
    _refuse_unknown(named, present, assignment)
    return [_adjust(result, assignment, named) for result in present]


def _refuse_unknown(named: Iterable[str], results: Iterable[SubmissionResult], assignment: Assignment) -> None:
    known = {check.name for result in results for task in result.tasks for check in task.checks}
    known |= {check.name for check in read_check_sources(assignment).checks}
    for name in named:
        if name not in known:
            raise CourseError(
                f"assignment.toml adjusts `{name}`, which is no check of {assignment.slug}.",
                remedy=suggest(name, sorted(known)),
            )


def _adjust(result: SubmissionResult, assignment: Assignment, named: dict[str, Adjustment]) -> SubmissionResult:
    tasks = tuple(_adjust_task(task, named) for task in result.tasks)
    if not any(task.checks for task in tasks) or tasks == result.tasks:
        return result
    checks = [check for task in tasks for check in task.checks if check.adjusted is not Adjusted.NO]
    told = [f"{_MARK}“{check.title}”. {adjusted_words(check)}: {check.reason}" for check in checks]
    notes = (*(note for note in result.notes if not note.startswith(_MARK)), *told)
    base = replace(result, tasks=tasks, notes=notes)
    total = put_together(base, assignment, kept=(), wanted=result.pending)
    return replace(total, status=result.status) if is_ungraded(result) else total


def _adjust_task(task: TaskResult, named: dict[str, Adjustment]) -> TaskResult:
    checks = tuple(_adjust_check(check, named.get(check.name)) for check in task.checks)
    return task if checks == task.checks else replace(task, checks=checks)


def _adjust_check(check: CheckResult, adjustment: Adjustment | None) -> CheckResult:
    how, reason = (Adjusted.NO, "") if adjustment is None else (adjustment.how, adjustment.reason)
    return check if (check.adjusted, check.reason) == (how, reason) else replace(check, adjusted=how, reason=reason)
