"""`grader check`: a student's own work, checked in seconds, once or at each save.

`grader.courses.own_work` finds the assignment, `grader.live.watch` waits for saves, `grader.report.terminal` prints.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.options import CourseOption, TaskOption
from grader.commands.telling import complain, known_tasks, tell, tell_of_other_torch
from grader.errors import CourseError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.courses.assignment import Assignment
    from grader.grading.check_session import Selection
    from grader.results.verdict import SubmissionResult
    from grader.submissions.submission import Found


def check(
    path: Annotated[Path, typer.Argument(help="The folder you work in.")] = Path(),
    *,
    task: TaskOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the tasks that train for long.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Check again at each save, until Ctrl-C.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the scorecard as a page.")] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Run in this process, so that breakpoint() works. No limits.")
    ] = False,
    assignment: Annotated[
        str | None, typer.Option("--assignment", "-a", help="Its slug.", show_default="found by the files")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Check your own work: what is right, what is wrong and why.

    Run it in the assignment's folder. What is still to mend comes first. Exit code 0: all passed, 1: not yet, 3: the
    grader failed; with --watch, that of the last round.
    """
    if watch and debug:
        raise UsageError(
            "`--watch` starts your code afresh at each save, `--debug` runs it in this process.",
            remedy="Leave out one of the two.",
        )
    from grader.courses.own_work import find_assignment
    from grader.grading.grade import grade_all
    from grader.grading.job import Job
    from grader.sandbox.outside.walls import Wall
    from grader.submissions.submission import Found

    chosen = find_assignment(path, slug=assignment, course=course)
    selection = _selection(chosen, task, quick=quick)
    tell_of_other_torch(chosen)
    found = Found(path.resolve().name, path.resolve())
    if watch:
        again = lambda: find_assignment(path, slug=assignment, course=course)  # noqa: E731
        raise typer.Exit(_watch(found, chosen, selection=selection, again=again, html=html))
    codes: list[int] = []
    grade_all(
        chosen,
        [Job(found)],
        wall=Wall.INLINE if debug else Wall.PROCESS,
        report=lambda result, _digest: codes.append(_show(result, chosen, selection, html=html)),
        selection=selection,
    )
    raise typer.Exit(codes[-1])


def _selection(assignment: "Assignment", task: list[str] | None, *, quick: bool) -> "Selection":
    from grader.grading.check_session import Selection

    selection = Selection(known_tasks(assignment, task), quick=quick)
    if not any(map(selection.includes, assignment.tasks)):
        raise CourseError("`--quick` leaves out every task that was chosen.", remedy="Leave out `--quick`.")
    return selection


def _watch(
    found: "Found",
    assignment: "Assignment",
    *,
    selection: "Selection",
    again: "Callable[[], Assignment]",
    html: Path | None,
) -> int:
    """Check at each save until Ctrl-C; return the exit code of the last round."""
    from grader.grading.grade import grade_all
    from grader.grading.job import Job
    from grader.live.watch import Changes, rounds
    from grader.report.terminal import results_console
    from grader.sandbox.outside.walls import Wall

    codes = [130]

    def report(result: "SubmissionResult", _digest: str) -> None:
        results_console().clear()  # does nothing but on a terminal
        codes.append(_show(result, assignment, selection, html=html, brief=True))
        tell(f"Checked in {result.seconds:.2f} s. Watching for the next save; Ctrl-C ends.")

    folder = found.path if found.path.is_dir() else found.path.parent
    try:
        with Changes({folder, assignment.folder}, ignored=[html] if html else []) as changes:
            while True:
                try:
                    assignment = again()
                    jobs = map(Job, rounds(found, changes, checks=assignment.folder.resolve()))
                    grade_all(assignment, jobs, wall=Wall.PROCESS, report=report, selection=selection)
                except CourseError as err:  # its author is at work as well
                    complain(err.message, err.remedy)
                    changes.wait()
    except KeyboardInterrupt:
        tell("Stopped.")
    return codes[-1]


def _show(
    result: "SubmissionResult",
    assignment: "Assignment",
    selection: "Selection",
    *,
    html: Path | None,
    brief: bool = False,
) -> int:
    """Print a result, what was left out, what comes next, and where the page is; return the exit code for it."""
    from grader.report.terminal import has_passed, print_scorecard, results_console
    from grader.results.verdict import Status

    console = results_console()
    print_scorecard(console, result, brief=brief)
    long = [task for task in assignment.tasks if task.long and task.name in (selection.tasks or (task.name,))]
    if selection.quick and long:
        titles = ", ".join(task.title for task in long)
        console.print(f"Not run (`--quick`): {titles}.", markup=False, soft_wrap=True)
    if has_passed(result) and selection.tasks:
        console.print("Next: `grader check` runs all tasks.", markup=False, soft_wrap=True)
    if html is not None:
        console.print(f"Scorecard: {_write_page(html, result, assignment)}", markup=False, soft_wrap=True)
    if result.status is Status.NOT_GRADED:
        return 3
    return 0 if has_passed(result) else 1


def _write_page(path: Path, result: "SubmissionResult", assignment: "Assignment") -> Path:
    """Write a student's own scorecard; return its full path."""
    import importlib.metadata
    from datetime import UTC, datetime

    from grader.report.html import lone_scorecards
    from grader.results.atomic import replace_file
    from grader.results.results_file import RunInfo

    run = RunInfo(
        assignment=assignment.slug,
        title=assignment.title,
        course_digest="",  # nothing resumes this run
        grader_version=importlib.metadata.version("torchgrade"),
        torch_version=importlib.metadata.version("torch"),
        wall=result.wall,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    (page,) = lone_scorecards(run, results=[result])
    replace_file(path.resolve(), page)
    return path.resolve()
