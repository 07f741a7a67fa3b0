"""Turn verdicts into points: per check, per task, per submission.

`grader.grading.grade` calls it with the results of the checks; nothing here runs anything.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from grader.courses.assignment import Assignment, Question, Scoring, Task
from grader.errors import SubmissionError, UnclearError
from grader.results.verdict import Answer, CheckResult, Status, SubmissionResult, TaskResult, Verdict


def ungraded(name: str, assignment: Assignment, *, error: SubmissionError, wall: str) -> SubmissionResult:
    """Return the result of a submission in which nothing could be graded, or nobody knows what: no points, and why."""
    tasks = tuple(TaskResult(t.name, t.title, 0.0, t.points, t.hidden, ()) for t in assignment.tasks)
    total = sum(task.points for task in assignment.tasks)
    status = Status.UNCLEAR if isinstance(error, UnclearError) else Status.UNREADABLE
    return SubmissionResult(name, status, 0.0, total, tasks, notes=(str(error),), wall=wall)


def failed_to_grade(name: str, assignment: Assignment, *, problem: str, wall: str) -> SubmissionResult:
    """Return the result of a submission that the grader could not grade: nothing counts, and every page says so."""
    tasks = tuple(TaskResult(t.name, t.title, 0.0, 0.0, t.hidden, ()) for t in assignment.tasks)
    note = f"The grader failed on this submission: {problem} It costs no points; grade it again."
    return SubmissionResult(name, Status.NOT_GRADED, 0.0, 0.0, tasks, notes=(note,), wall=wall)


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
    failed = any(result.verdict is Verdict.NOT_GRADED and not result.advice for result in results.values())
    return SubmissionResult(
        submission=name,
        status=Status.NOT_GRADED if failed else Status.GRADED,
        points=round(sum(task.points for task in tasks), 2),
        max_points=round(sum(task.max_points for task in tasks), 2),
        tasks=tasks,
        notes=notes,
        flags=(*flags, *(flag for task in sorted(tasks, key=lambda task: task.name) for flag in task.flags)),
        seconds=seconds,
        wall=wall,
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
    pending = tuple(task.name for task in assignment.tasks if task.name in wanted and task.name not in tasks)
    stamped = (
        replace(tasks[task.name], title=task.title, points=task.points, max_points=task.max_points)
        for task in total.tasks
    )
    return replace(
        total,
        status=Status.NOT_GRADED if pending else total.status,
        tasks=tuple(stamped),
        answers=_with_titles(base.answers, assignment.questions),
        pending=pending,
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
    """Return a task's points; checks that don't count are taken out of what could be earned."""
    weight = sum(check.weight for check in checks)
    counted = sum(check.weight for check in checks if check.counted)
    passed = sum(check.weight for check in checks if check.counted and check.verdict is Verdict.PASSED)
    most = task.points * counted / weight if weight else 0.0
    earned = task.points * passed / weight if weight else 0.0
    if task.scoring is Scoring.ALL_OR_NOTHING:
        earned = most if passed == counted else 0.0
    return TaskResult(task.name, task.title, round(earned, 2), round(most, 2), task.hidden, checks)
