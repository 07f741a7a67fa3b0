"""`grader grade`: submissions of strangers, graded in parallel.

`grader.batch` grades them, `grader.commands.report` writes the files.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.options import AssignmentArgument, CourseOption, TaskOption, WallOption
from grader.commands.report import write_results
from grader.commands.telling import complain, known_tasks, tell, tell_of_other_torch
from grader.errors import CourseError, SandboxError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.assignment import Assignment
    from grader.executor import Answer, Order
    from grader.store import Store
    from grader.submission import Found


def grade(
    assignment: AssignmentArgument,
    submissions: Annotated[
        Path, typer.Argument(help="One submission, or a folder of many (also as an LMS packs them).")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where results go; an earlier run there is continued.")],
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Grading processes.", show_default="one per core"),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume/--fresh", help="Keep results of unchanged submissions, or grade all again."),
    ] = True,
    execute: Annotated[
        bool, typer.Option("--execute", help="Also run each notebook as a whole and keep the executed copy.")
    ] = False,
    wall: WallOption = "bubblewrap",
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out tasks that train; their points are left out of the sum, too.")
    ] = False,
    task: TaskOption = None,
    course: CourseOption = None,
) -> None:
    """Grade submissions of strangers, in parallel, and write their scorecards.

    Each result is stored at once: stopped or killed, the same command goes on where it was. RESULTS then holds
    index.html, scorecards/ (for students), instructor/, grades.csv, results.json and run.sqlite. Exit code 3: the
    grader failed on some.
    """
    from grader.batch import run_info
    from grader.course import find_course, read_assignment
    from grader.executor import Order
    from grader.store import open_store
    from grader.submission import find_submissions

    outer = _wall_for_strangers(wall)
    folder = find_course(course or Path())
    chosen = read_assignment(folder, assignment)
    intake = find_submissions(submissions, chosen)
    order = Order(
        folder,
        chosen,
        wall=outer,
        tasks=_quick_ones(chosen, task) if quick else known_tasks(chosen, task),
        executed=(out / "notebooks").resolve() if execute else None,
    )
    for name in intake.ignored:
        tell(f"ignored: {name}")
    tell_of_other_torch(chosen)
    with open_store(out, run=run_info(order)) as store:
        _grade_into(store, order, intake.found, jobs=jobs, resume=resume)
        failed = write_results(out, store, chosen)
    if failed:
        complain(
            f"The grader failed on {failed} submissions; their points are provisional and cost nobody anything.",
            "Run the same command again: only those are graded. `grader doctor` looks for the cause.",
        )
        raise typer.Exit(3)


def _wall_for_strangers(name: str) -> str:
    """Return the name of a wall that keeps strangers out of the grader's own process. Raises SandboxError."""
    from grader.sandbox.walls import Wall, wall_named

    outer = wall_named(name)
    if outer is Wall.INLINE:
        raise SandboxError(
            "`inline` is no wall: it runs the code of strangers in the grader's own process.",
            remedy="Choose bubblewrap, or process for code that you trust.",
        )
    return str(outer)


def _quick_ones(assignment: "Assignment", tasks: list[str] | None) -> tuple[str, ...]:
    """Return the chosen tasks that do not train, and say which were left out."""
    chosen = known_tasks(assignment, tasks) or tuple(task.name for task in assignment.tasks)
    long = {task.name for task in assignment.tasks if task.long}
    quick = tuple(name for name in chosen if name not in long)
    if not quick:
        raise CourseError("All of these tasks train, so `--quick` leaves none.", remedy="Leave out `--quick`.")
    if len(quick) < len(chosen):
        tell(f"Left out, since they train: {', '.join(name for name in chosen if name in long)}.")
    return quick


def _grade_into(store: "Store", order: "Order", founds: "Sequence[Found]", *, jobs: int | None, resume: bool) -> None:
    """Grade what has no result yet, storing each result as it comes."""
    from grader.batch import still_to_grade
    from grader.console import grading_progress, progress_console
    from grader.job import Job
    from grader.local_workers import LocalWorkers, processes_for

    if store.stale:
        tell(f"The checks have changed: {len(store.stale)} earlier results are graded again.")
        store.forget(store.stale)
    if not resume:
        store.forget([result.submission for result in store.results()])
    left = still_to_grade(founds, assignment=order.assignment, store=store)
    if len(left) < len(founds):
        tell(f"{len(founds) - len(left)} of {len(founds)} submissions have their result already.")
    if not left:
        return
    try:
        with grading_progress(progress_console(), total=len(left)) as advance:

            def keep(answer: "Answer") -> None:
                store.save(answer.result, digest=answer.digest)
                advance(answer.result)

            workers = LocalWorkers(processes_for(len(left), wanted=jobs))
            workers.grade(order, [Job(found) for found in left], report=keep)
    except KeyboardInterrupt:
        complain("Stopped. What was graded is stored.", "Run the same command to go on.")
        raise typer.Exit(130) from None
