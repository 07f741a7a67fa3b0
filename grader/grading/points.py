"""Turn verdicts into points: per check, per task, per submission.

`grader.grading.grade` calls it with the results of the checks; nothing here runs anything.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from grader.courses.assignment import Assignment, Question, Scoring, Task
from grader.errors import SubmissionError, UnclearError
from grader.results.shares import earned_and_open, with_worth
from grader.results.verdict import Adjusted, Answer, CheckResult, Status, SubmissionResult, TaskResult, Verdict


def ungraded(name: str, assignment: Assignment, *, error: SubmissionError, wall: str) -> SubmissionResult:
    """Return the result of a submission in which nothing could be graded, or nobody knows what: no points, and why."""
    tasks, total = _without_checks(assignment), possible(assignment.tasks)
    status = Status.UNCLEAR if isinstance(error, UnclearError) else Status.UNREADABLE
    return SubmissionResult(name, status, 0.0, total, tasks, notes=(str(error),), wall=wall)


def failed_to_grade(name: str, assignment: Assignment, *, problem: str, wall: str) -> SubmissionResult:
    """Return the result of a submission that the grader could not grade: all is open, and every page says so."""
    tasks, total = _without_checks(assignment), possible(assignment.tasks)
    tasks = tuple(replace(task, unjudged=task.max_points) for task in tasks)
    note = f"The grader failed on this submission: {problem} It costs no points; grade it again."
    return SubmissionResult(name, Status.NOT_GRADED, 0.0, total, tasks, notes=(note,), wall=wall, unjudged=total)


def _without_checks(assignment: Assignment) -> tuple[TaskResult, ...]:
    return tuple(TaskResult(t.name, t.title, 0.0, t.points, t.hidden, (), bonus=t.bonus) for t in assignment.tasks)


def possible(tasks: Iterable[Task]) -> float:
    """Return what can be earned in these tasks: a bonus stands beside the sum."""
    return round(sum(task.points for task in tasks if not task.bonus), 2)


def add_up(
    name: str,
    assignment: Assignment,
    results: Mapping[str, CheckResult],
    *,
    notes: tuple[str, ...],
    flags: tuple[str, ...] = (),
    task_flags: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    seconds: float,
    wall: str,
) -> SubmissionResult:
    """Turn the verdicts of all checks into points per task and in sum; `task_flags` are those of single tasks."""
    tasks = tuple(
        add_up_task(task, tuple(result for result in results.values() if result.task == task.name))
        for task in assignment.tasks
    )
    tasks = tuple(replace(task, flags=task_flags.get(task.name, ())) for task in tasks if task.checks)
    unjudged = [result for result in results.values() if result.is_unjudged]
    failed = any(result.verdict is Verdict.NOT_GRADED for result in unjudged)
    return SubmissionResult(
        submission=name,
        status=Status.NOT_GRADED if failed else Status.PROVISIONAL if unjudged else Status.GRADED,
        points=round(sum(task.points for task in tasks), 2),
        max_points=round(sum(task.max_points for task in tasks if not task.bonus), 2),
        tasks=tasks,
        notes=notes,
        flags=(*flags, *(flag for task in sorted(tasks, key=lambda task: task.name) for flag in task.flags)),
        seconds=seconds,
        wall=wall,
        unjudged=round(sum(task.unjudged for task in tasks if not task.bonus), 2),
    )


def put_together(
    base: SubmissionResult, assignment: Assignment, *, kept: Collection[TaskResult], wanted: Collection[str] = ()
) -> SubmissionResult:
    """Return `base` with the tasks of an earlier result beside its own, and all points added up anew.

    Where both have a task, that of `base` counts. Those of the `wanted` tasks that neither has are pending. A task that
    the assignment hasn't any more is left out. Titles and points are those of the assignment as it is now.
    """
    known = {task.name for task in assignment.tasks}
    own = {task.name: task for task in base.tasks if task.checks and task.name in known}
    others = {task.name: task for task in kept if task.checks and task.name in known and task.name not in own}
    tasks = own | others
    dynamic = {flag for task in base.tasks for flag in task.flags}
    total = add_up(
        base.submission,
        assignment,
        {check.name: check for task in tasks.values() for check in task.checks},
        notes=base.notes,
        flags=tuple(flag for flag in base.flags if flag not in dynamic),
        task_flags={name: task.flags for name, task in tasks.items()},
        seconds=base.seconds + sum(check.seconds for task in others.values() for check in task.checks),
        wall=base.wall,
    )
    left = [task for task in assignment.tasks if task.name in wanted and task.name not in tasks]
    return replace(
        total,
        status=Status.NOT_GRADED if left else total.status,
        max_points=round(total.max_points + possible(left), 2),
        unjudged=round(total.unjudged + possible(left), 2),
        tasks=tuple(_stamped(tasks[task.name], task) for task in total.tasks),
        answers=_with_titles(base.answers, assignment.questions),
        pending=tuple(task.name for task in left),
    )


def _stamped(stored: TaskResult, task: TaskResult) -> TaskResult:
    """Return a stored task with the title and the points that it has now."""
    return replace(
        stored,
        checks=task.checks,
        title=task.title,
        points=task.points,
        max_points=task.max_points,
        bonus=task.bonus,
        unjudged=task.unjudged,
        all_or_nothing=task.all_or_nothing,
    )


def _with_titles(answers: tuple[Answer, ...], questions: tuple[Question, ...]) -> tuple[Answer, ...]:
    """Return the answers with the titles and the points that the assignment gives them now."""
    named = {question.name: question for question in questions}
    return tuple(
        replace(answer, title=named[answer.name].title, points=named[answer.name].points)
        if answer.name in named
        else answer
        for answer in answers
    )


def add_up_task(task: Task, checks: tuple[CheckResult, ...]) -> TaskResult:
    """Return a task's points: its checks share them by weight, and those that the grader couldn't judge stay open.

    What can be earned depends on the task alone, never on a submission; it is 0 where no check has any weight.
    """
    is_worthless = bool(checks) and not any(check.weight for check in checks if _may_weigh(check))
    most = 0.0 if is_worthless else task.points
    all_or_nothing = task.scoring is Scoring.ALL_OR_NOTHING
    points, unjudged = earned_and_open(checks, max_points=most, bonus=task.bonus, all_or_nothing=all_or_nothing)
    result = TaskResult(
        name=task.name,
        title=task.title,
        points=points,
        max_points=round(most, 2),
        hidden=task.hidden,
        checks=checks,
        bonus=task.bonus,
        unjudged=unjudged,
        all_or_nothing=all_or_nothing,
    )
    return with_worth(result)


def _may_weigh(check: CheckResult) -> bool:
    """Say whether a check can weigh anything in some submission."""
    return check.adjusted is not Adjusted.DROPPED and not check.advice
