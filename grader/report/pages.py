"""Computes what a scorecard shows, as data: bounded, worded, ready to print.

`grader.report.html` hands it to the templates, which escape it; one check's part is in `check_view`, the class page in
`class_page`.
"""

from dataclasses import dataclass

from grader.report.check_view import CheckView, check_view
from grader.report.page_budget import PageBudget
from grader.results.earned import earned_points, points_cell
from grader.results.plain_text import number, shortened
from grader.results.results_file import RunInfo
from grader.results.shares import shares
from grader.results.verdict import Answer, CheckResult, Status, SubmissionResult, TaskResult, Verdict
from grader.results.verdict_words import VerdictMark, mark_of

_BUDGET = PageBudget()


@dataclass(frozen=True, slots=True)
class TaskView:
    """Show one task; `reproduce` is a command, or empty if a student couldn't run it or doesn't need to.

    `reused` says that the verdicts were made by an earlier run; it is empty if they were not.
    """

    anchor: str
    title: str
    points: str
    max_points: str
    percent: float
    hidden: bool
    summary: str
    reproduce: str
    reused: str
    checks: tuple[CheckView, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """Show one text answer; `points` is what a person may give for it, or empty if the course doesn't say.

    `given` is what a person gave, empty while nobody has; `comment` is what they remarked.
    """

    title: str
    text: str
    points: str
    note: str
    given: str
    comment: str


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Show one submission.

    `flags` are for the instructor; `is_for_student` says that what hidden checks found is left out.
    """

    submission: str
    points: str
    max_points: str
    percent: str
    bar: float
    status: Status
    failed_checks: int
    pending: tuple[str, ...]
    counts: tuple[tuple[VerdictMark, int], ...]
    tasks: tuple[TaskView, ...]
    failing: int
    notes: tuple[str, ...]
    flags: tuple[str, ...]
    answers: tuple[AnswerView, ...]
    answers_summary: str
    seconds: str
    hidden_checks: int
    is_for_student: bool
    run: RunInfo
    wall: str


def scorecard_of(
    result: SubmissionResult, *, run: RunInfo, budget: PageBudget = _BUDGET, is_for_student: bool = False
) -> Scorecard:
    """Return the page of one submission; the caller has taken out what a student must not read."""
    checks = [check for task in result.tasks for check in task.checks if not check.advice]
    earned = earned_points(result)
    return Scorecard(
        submission=result.submission,
        points=points_cell(earned) or "–",
        max_points=number(result.max_points),
        percent="–" if earned is None else number(result.percent),
        bar=bar_width(result.percent),
        status=result.status,
        failed_checks=sum(check.verdict is Verdict.NOT_GRADED for check in checks),
        pending=tuple(shortened(name, budget.line) for name in result.pending),
        counts=_counts(checks),
        tasks=tuple(_task(task, anchor=task_anchor(i), budget=budget) for i, task in enumerate(result.tasks)),
        failing=sum(check.verdict is not Verdict.PASSED for check in checks),
        notes=tuple(shortened(note, budget.message) for note in result.notes),
        flags=tuple(shortened(flag, budget.message) for flag in result.flags),
        answers=tuple(_answer(answer, budget) for answer in result.answers),
        answers_summary=_answers_summary(result.answers),
        seconds=f"{result.seconds:.1f} s" if result.seconds else "",
        hidden_checks=sum(check.hidden or task.hidden for task in result.tasks for check in task.checks),
        is_for_student=is_for_student,
        run=run,
        wall=result.wall or run.wall,
    )


def _answer(answer: Answer, budget: PageBudget) -> AnswerView:
    return AnswerView(
        title=shortened(answer.title, budget.line),
        text=shortened(answer.text, budget.output),
        points=f"of {number(answer.points)} points" if answer.points else "",
        note=shortened(answer.note, budget.message),
        given="" if answer.given is None else number(answer.given),
        comment=shortened(answer.comment, budget.output),
    )


def _answers_summary(answers: tuple[Answer, ...]) -> str:
    """Return what a person gave for the answers so far, and how many wait, or "" if there are none."""
    given = [answer for answer in answers if answer.given is not None]
    pending = len(answers) - len(given)
    points, possible = sum(answer.given or 0.0 for answer in given), sum(answer.points for answer in given)
    words = [f"{number(points)}{f' of {number(possible)}' if possible else ''} points"] if given else []
    words += [f"{pending} pending"] if pending else []
    return ", ".join(words)


def task_anchor(position: int) -> str:
    """Return the anchor of the task at `position` (from 0) of a submission's tasks."""
    return f"task-{position + 1}"


def check_anchor(task: str, position: int) -> str:
    """Return the anchor of the check at `position` (from 0) of the task whose anchor is `task`."""
    return f"{task}-check-{position + 1}"


def bar_width(percent: float) -> float:
    """Return `percent` within 0 and 100, with one decimal."""
    return round(min(max(percent, 0.0), 100.0), 1)


def _reused(task: TaskResult) -> str:
    if not task.reused:
        return ""
    since = f" ({task.graded[:16].replace('T', ' ')} UTC)" if task.graded else ""
    return f"From an earlier run{since}: nothing that decides it has changed since."


def _counts(checks: list[CheckResult]) -> tuple[tuple[VerdictMark, int], ...]:
    verdicts = [check.verdict for check in checks]
    return tuple((mark_of(verdict), verdicts.count(verdict)) for verdict in Verdict if verdict in verdicts)


def _task(task: TaskResult, *, anchor: str, budget: PageBudget) -> TaskView:
    graded = [check for check in task.checks if not check.advice]
    passed = sum(check.verdict is Verdict.PASSED for check in graded)
    can_reproduce = any(not check.hidden and check.verdict is not Verdict.PASSED for check in task.checks)
    return TaskView(
        anchor=anchor,
        title=task.title or task.name,
        points=number(task.points),
        max_points=number(task.max_points),
        percent=bar_width(100 * task.points / task.max_points) if task.max_points else 0.0,
        hidden=task.hidden,
        summary=f"{passed} of {len(graded)} {'check' if len(graded) == 1 else 'checks'} passed",
        reproduce=f"grader check --task {task.name}" if can_reproduce and not task.hidden else "",
        reused=_reused(task),
        checks=tuple(
            check_view(check, share=share, anchor=check_anchor(anchor, i), budget=budget)
            for i, (check, share) in enumerate(zip(task.checks, shares(task), strict=True))
        ),
    )
