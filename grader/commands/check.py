"""`grader check`: a student's own work, checked in seconds.

`grader.check` finds the assignment, `grader.console` prints.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.options import CourseOption, TaskOption
from grader.commands.telling import known_tasks, tell_of_other_torch
from grader.errors import CourseError


def check(
    path: Annotated[Path, typer.Argument(help="The folder you work in.")] = Path(),
    *,
    task: TaskOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the tasks that train for long.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Run in this process, so that breakpoint() works. No limits.")
    ] = False,
    assignment: Annotated[
        str | None, typer.Option("--assignment", "-a", help="Its slug.", show_default="found by the files")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Check your own work: what is right, what is wrong and why.

    Run it in the assignment's folder. Exit code 0: all passed, 1: not yet, 3: the grader failed.
    """
    from grader.check import find_assignment
    from grader.console import has_passed, print_scorecard, results_console
    from grader.grade import Selection, grade_all
    from grader.sandbox.walls import Wall
    from grader.submission import Found
    from grader.verdict import Status, SubmissionResult

    chosen = find_assignment(path, slug=assignment, course=course)
    tasks = known_tasks(chosen, task)
    tell_of_other_torch(chosen)
    selection = Selection(tasks, quick=quick)
    left_out = [one.title for one in chosen.tasks if quick and one.long and one.name in (tasks or (one.name,))]
    if not any(map(selection.includes, chosen.tasks)):
        raise CourseError("`--quick` leaves out every task that was chosen.", remedy="Leave out `--quick`.")
    results: list[SubmissionResult] = []
    grade_all(
        chosen,
        [Found(path.resolve().name, path.resolve())],
        wall=Wall.INLINE if debug else Wall.PROCESS,
        report=lambda result, _digest: results.append(result),
        selection=selection,
    )
    print_scorecard(results_console(), results[0])
    if left_out:
        results_console().print(f"Not run (`--quick`): {', '.join(left_out)}.", markup=False, soft_wrap=True)
    if results[0].status is Status.NOT_GRADED:
        raise typer.Exit(3)
    raise typer.Exit(0 if has_passed(results[0]) else 1)
