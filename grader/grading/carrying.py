"""Carry errors forward: what fails only since an earlier part is wrong, which has paid already, is not charged again.

`grader.grading.grade` asks for it once the checks of a submission have run; `grader.grading.sound_parts` makes the
files of a package, `grader.grading.sound_cells` those of a notebook. The student's own parts come first, and no task is
judged with a part of its own replaced.

Why: docs/decisions.md#a-fault-costs-once
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from grader.courses.assignment import Assignment, Task, tasks_below
from grader.grading.points import add_up_task
from grader.grading.sound_cells import with_sound_cells
from grader.grading.sound_parts import with_sound_parts
from grader.notebooks.plan import PLAN_FILE
from grader.results.verdict import CheckResult, Verdict

RunAgain = Callable[[dict[str, bytes], Collection[str]], Mapping[str, CheckResult]]
"""Run these checks on a submission of these files, in a sandbox of its own; return all results by name."""


def carry_forward(
    results: dict[str, CheckResult],
    assignment: Assignment,
    *,
    files: Mapping[str, bytes],
    reference: Mapping[str, bytes],
    run_again: RunAgain,
) -> None:
    """Mark in `results` what is not charged again, with the title of the task that it comes from.

    `results` hold those of the tasks in question and of those that they build on. A check is marked if it costs points
    and passes with the reference's parts in place of those of earlier tasks that cost points. A task without a part of
    its own is about how those parts work together: it is only judged again where most of what it builds on is sound,
    for else the reference would earn its points. `files` and `reference` are what goes into the sandbox of each.
    """
    with_sound = with_sound_cells if PLAN_FILE in files else with_sound_parts
    for task in assignment.tasks:
        lost = lost_in(task, results)
        below = tasks_below(task, assignment.tasks)
        causes = [one for one in below if lost and lost_in(one, results)]
        if not causes or not (task.parts or _is_mostly_earned(below, results)):
            continue
        parts = [part for cause in causes for part in cause.parts]
        changed = with_sound(files, reference, parts=parts, own=task.parts)
        if changed is None:
            continue
        skipped = [name for name, one in results.items() if one.task == task.name and _is_left_out(one)]
        again = run_again(changed, [*lost, *skipped])
        titles = " or ".join(f"“{cause.title}”" for cause in causes)
        for name in (*lost, *skipped):
            if name in again and again[name].verdict is Verdict.PASSED:
                results[name] = replace(results[name], carried=titles, counted=True)


def _is_mostly_earned(tasks: Collection[Task], results: Mapping[str, CheckResult]) -> bool:
    """Say whether more than half of what can be earned in these tasks is."""
    added = [add_up_task(task, tuple(one for one in results.values() if one.task == task.name)) for task in tasks]
    return 2 * sum(task.points for task in added) > sum(task.max_points - task.unjudged for task in added)


def _is_left_out(result: CheckResult) -> bool:
    """Say whether a check was skipped at no cost, perhaps since a check of another task failed."""
    return result.verdict is Verdict.SKIPPED and not result.is_scored and not result.advice


def lost_in(task: Task, results: Mapping[str, CheckResult]) -> list[str]:
    """Return the names of a task's checks that cost points."""
    return [name for name, result in results.items() if result.task == task.name and result.is_lost]
