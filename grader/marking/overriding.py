"""Put a person's word in place of automatic marks: points follow, verdicts stay as they were, and nothing runs.

`grader.marking.override_file` reads what was said; `grader.marking.final_results` calls this for pages and exports.

Why: docs/decisions.md#a-persons-word
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.answers.marks import points_from
from grader.courses.toml_table import suggest
from grader.errors import ManualError
from grader.marking.override_file import FILE, OverrideRow
from grader.results.cells import text_cell
from grader.results.earned import is_ungraded
from grader.results.override import Override
from grader.results.plain_text import number
from grader.results.shares import earned_and_open, shares, with_worth
from grader.results.verdict import Adjusted, CheckResult, Status, SubmissionResult, TaskResult, Verdict
from grader.results.verdict_words import automatic_mark, title_of

_MOST_SUGGESTED = 2000
_MARK = "By hand: "


@dataclass(frozen=True, slots=True)
class Overridden:
    """Hold the results with what persons gave, the automatic marks behind it, and why some rows can't be used.

    `automatic` has the grader's own mark in words for each row that counts; `names` are the submissions as rows may
    call them.
    """

    results: list[SubmissionResult]
    names: Mapping[str, str]
    automatic: Mapping[OverrideRow, str]
    problems: tuple[str, ...]


def overridden(results: Sequence[SubmissionResult], rows: Sequence[OverrideRow]) -> Overridden:
    """Return the results with the overrides in place; a row that can't be used changes nothing and is told."""
    names = {text_cell(result.submission): result.submission for result in results}
    names |= {result.submission: result.submission for result in results}
    by_name: dict[str, list[OverrideRow]] = {}
    problems: list[tuple[int, str]] = []
    for row in rows:
        if row.submission in names:
            by_name.setdefault(names[row.submission], []).append(row)
        else:
            remedy = suggest(row.submission, list(names.values())[:_MOST_SUGGESTED])
            problems.append((row.line, f"There is no submission “{row.submission[:100]}”. {remedy}"))
    automatic: dict[OverrideRow, str] = {}
    changed = [_override(result, by_name.get(result.submission, ()), automatic, problems) for result in results]
    told = tuple(f"{FILE}, line {line}: {problem}" for line, problem in sorted(problems))
    return Overridden(changed, names, automatic, told)


def _override(
    result: SubmissionResult,
    rows: Sequence[OverrideRow],
    automatic: dict[OverrideRow, str],
    problems: list[tuple[int, str]],
) -> SubmissionResult:
    """Return a result with what its usable rows say; the others are added to `problems`."""
    if not rows:
        return result
    usable: dict[str, OverrideRow] = {}
    for row in rows:
        try:
            _refuse(row, result, usable)
            usable[row.target] = row
        except ManualError as error:
            problems.append((row.line, str(error)))
    tasks, notes = [], list(result.notes)
    for task in result.tasks:
        changed, own = _override_task(task, usable, problems)
        automatic |= own
        notes += [_note(row, changed) for row in own]
        tasks.append(changed)
    return _added_up(result, tasks, notes) if usable else result


def _refuse(row: OverrideRow, result: SubmissionResult, usable: Mapping[str, OverrideRow]) -> None:
    """Raise ManualError for a row that names nothing of the submission, or contradicts another."""
    tasks = {task.name: task for task in result.tasks}
    owners = {check.name: task for task in result.tasks for check in task.checks}
    if is_ungraded(result):
        raise ManualError(f"{result.submission} is {result.status}, so it has no marks.", remedy="Mend that first.")
    if row.target not in tasks and row.target not in owners:
        remedy = suggest(row.target, [*tasks, *owners])
        raise ManualError(f"“{row.target[:100]}” is no check and no task of {result.submission}.", remedy=remedy)
    if row.target in tasks and row.target in owners:
        raise ManualError(f"“{row.target}” is a check and a task.", remedy="Rename the task.")
    if row.target in usable:
        line = usable[row.target].line
        raise ManualError(f"Line {line} overrides {row.target} of {result.submission} already.", remedy="Remove one.")
    own = [owners[row.target].name] if row.target in owners else []
    own += [check.name for check in tasks[row.target].checks] if row.target in tasks else []
    for other in own:
        if other in usable and other != row.target:
            problem = f"Line {usable[other].line} overrides {other}, which {row.target} belongs to or holds."
            raise ManualError(problem, remedy="Override the task or its checks.")


def _override_task(
    task: TaskResult, usable: Mapping[str, OverrideRow], problems: list[tuple[int, str]]
) -> tuple[TaskResult, dict[OverrideRow, str]]:
    """Return a task with what the rows say about it, and the automatic mark behind each row that counts."""
    before = {check.name: share for check, share in zip(task.checks, shares(task), strict=True)}
    placed = _placed(task, usable)
    worth = {check.name: share.max_points for check, share in zip(placed.checks, shares(placed), strict=True)}
    found: dict[OverrideRow, str] = {}
    checks = []
    for check in task.checks:
        row = usable.get(check.name)
        try:
            if row is not None:
                share = before[check.name]
                mark = f"{automatic_mark(check).word}, {number(share.points)} of {number(worth[check.name])} points"
                check = _override_check(check, row, task=task, worth=worth[check.name], automatic=mark)
                found[row] = mark
        except ManualError as error:
            problems.append((row.line if row else 0, str(error)))
        checks.append(check)
    points, unjudged = earned_and_open(
        checks, max_points=task.max_points, bonus=task.bonus, all_or_nothing=task.all_or_nothing
    )
    changed = with_worth(replace(task, checks=tuple(checks), points=points, unjudged=unjudged)) if found else task
    if row := usable.get(task.name):
        try:
            mark = f"{number(task.points)} of {number(task.max_points)} points"
            given = _given(row, task.max_points, mark)
            changed = replace(changed, override=given, points=round(given.points, 2), unjudged=0.0)
            found[row] = mark
        except ManualError as error:
            problems.append((row.line, str(error)))
    return changed, found


def _placed(task: TaskResult, usable: Mapping[str, OverrideRow]) -> TaskResult:
    """Return the task as if all its overrides counted, to see what each check is worth then."""
    nothing = Override(0.0, 0.0, 0.0, "")
    checks = (replace(check, override=nothing) if check.name in usable else check for check in task.checks)
    return replace(task, checks=tuple(checks))


def _override_check(
    check: CheckResult, row: OverrideRow, *, task: TaskResult, worth: float, automatic: str
) -> CheckResult:
    if check.advice or check.adjusted is Adjusted.DROPPED:
        raise ManualError(f"{check.name} counts for nobody, so nothing can be given for it.", remedy="Remove the row.")
    if task.all_or_nothing and row.verdict is None:
        raise ManualError(
            f"{task.name} pays all or nothing, so a check of it has no points.", remedy="Give a verdict, or the task."
        )
    return replace(check, override=_given(row, worth, automatic))


def _given(row: OverrideRow, worth: float, automatic: str) -> Override:
    """Return what a row gives of `worth` points. Raises ManualError for points that can't be given."""
    if row.verdict is not None:
        part = float(row.verdict is Verdict.PASSED)
        return Override(part, part * worth, worth, row.reason, row.who, automatic)
    points = points_from(row.points, most=worth) or 0.0
    return Override(points / worth if worth else 0.0, points, worth, row.reason, row.who, automatic)


def _note(row: OverrideRow, task: TaskResult) -> str:
    """Say to the student what a person gave; who it was is told on the instructor's page."""
    check = next((one for one in task.checks if one.name == row.target and one.override is not None), None)
    given = task.override if check is None else check.override
    title = title_of(task) if check is None else check.title or check.name
    words = replace(given, who="").words.removeprefix("Marked by hand: ") if given else ""
    return f"{_MARK}“{title}”. {words}"


def _added_up(result: SubmissionResult, tasks: Sequence[TaskResult], notes: Sequence[str]) -> SubmissionResult:
    """Return a result with these tasks and notes, with the sums of their points and the status that follows."""
    checks = [check for task in tasks if task.override is None for check in task.checks]
    unjudged = [check for check in checks if check.is_unjudged]
    status = Status.PROVISIONAL if unjudged else Status.GRADED
    if result.pending or any(check.verdict is Verdict.NOT_GRADED for check in unjudged):
        status = Status.NOT_GRADED
    settled = _open_in(result.tasks) - _open_in(tasks)
    return replace(
        result,
        tasks=tuple(tasks),
        notes=tuple(notes),
        status=result.status if is_ungraded(result) else status,
        points=round(sum(task.points for task in tasks), 2),
        unjudged=round(result.unjudged - settled, 2),
    )


def _open_in(tasks: Sequence[TaskResult]) -> float:
    return sum(task.unjudged for task in tasks if not task.bonus)
