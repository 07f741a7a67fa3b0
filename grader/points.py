"""Turn verdicts into points: per check, per task, per submission.

`grader.grade` calls it with the results of the checks; nothing here runs anything.
"""

from collections.abc import Mapping

from grader.assignment import Assignment, Scoring, Task
from grader.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict


def unreadable(name: str, assignment: Assignment, *, problem: str, wall: str) -> SubmissionResult:
    """Return the result of a submission in which nothing could be graded: no points, and why."""
    tasks = tuple(TaskResult(t.name, t.title, 0.0, t.points, t.hidden, ()) for t in assignment.tasks)
    total = sum(task.points for task in assignment.tasks)
    return SubmissionResult(name, Status.UNREADABLE, 0.0, total, tasks, notes=(problem,), wall=wall)


def failed_to_grade(name: str, assignment: Assignment, *, problem: str, wall: str) -> SubmissionResult:
    """Return the result of a submission that the grader could not grade: nothing counts, and it is shouted about."""
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
    seconds: float,
    wall: str,
) -> SubmissionResult:
    """Turn the verdicts of all checks into points per task and in sum."""
    tasks = tuple(
        add_up_task(task, tuple(result for result in results.values() if result.task == task.name))
        for task in assignment.tasks
    )
    tasks = tuple(task for task in tasks if task.checks)
    failed = any(result.verdict is Verdict.NOT_GRADED for result in results.values())
    return SubmissionResult(
        submission=name,
        status=Status.NOT_GRADED if failed else Status.GRADED,
        points=round(sum(task.points for task in tasks), 2),
        max_points=round(sum(task.max_points for task in tasks), 2),
        tasks=tasks,
        notes=notes,
        flags=flags,
        seconds=seconds,
        wall=wall,
    )


def add_up_task(task: Task, checks: tuple[CheckResult, ...]) -> TaskResult:
    """Return a task's points; checks that count for nobody are taken out of what could be earned."""
    weight = sum(check.weight for check in checks)
    counted = sum(check.weight for check in checks if check.counted)
    passed = sum(check.weight for check in checks if check.counted and check.verdict is Verdict.PASSED)
    most = task.points * counted / weight if weight else 0.0
    earned = task.points * passed / weight if weight else 0.0
    if task.scoring is Scoring.ALL_OR_NOTHING:
        earned = most if passed == counted else 0.0
    return TaskResult(task.name, task.title, round(earned, 2), round(most, 2), task.hidden, checks)
