"""`grader check`: a student's own work, checked in seconds, once or at each save.

`grader.courses.own_work` finds the assignment, `grader.live.watch` waits for saves, `grader.report.terminal` prints.
"""

import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.options import AUTHORS, TaskOption, refuse_other_than_page
from grader.commands.telling import complain, known_tasks, tell, tell_of_other_torch
from grader.errors import CourseError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from grader.courses.assignment import Assignment
    from grader.grading.job import Order
    from grader.results.verdict import CheckResult, SubmissionResult
    from grader.submissions.submission import Found


_FURTHER = "Grading runs further checks that are not here: passing these is necessary, not sufficient."


def check(
    path: Annotated[Path, typer.Argument(help="The folder you work in, or a file of it.")] = Path(),
    *,
    task: TaskOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the tasks that train for long.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Check again at each save, until Ctrl-C.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="PAGE.html", help="Also write the scorecard as this page.")
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Run in this process, so that breakpoint() works. No limits.")
    ] = False,
    github: Annotated[
        bool, typer.Option("--github", help="In GitHub Actions: also a summary, annotations and points.")
    ] = False,
    assignment: Annotated[
        str | None,
        typer.Option(
            "--assignment", "-a", help="Its slug.", show_default="found by the files", rich_help_panel=AUTHORS
        ),
    ] = None,
    course: Annotated[
        Path | None,
        typer.Option("--course", help="The course's folder.", show_default="found upwards", rich_help_panel=AUTHORS),
    ] = None,
) -> None:
    """Check your own work: what is right, what is wrong and why.

    Run it in the assignment's folder, or anywhere below it. What is still to mend comes first. Exit code 0: all
    passed, 1: not yet, 2: no such file or task, 3: the grader failed; with --watch, that of the last round.
    """
    _refuse_together(watch=watch, debug=debug, github=github)
    refuse_other_than_page(html, example="scorecard.html")
    from grader.courses.own_work import find_own_work
    from grader.grading.job import Order
    from grader.sandbox.outside.walls import Wall
    from grader.submissions.found import Found

    work = find_own_work(path, slug=assignment, course=course)
    chosen = work.assignment
    wall = Wall.INLINE if debug else Wall.PROCESS
    order = Order(chosen.folder, chosen, wall=wall, tasks=_tasks(chosen, task, quick=quick))
    if work.path != path.resolve() or work.path.is_file():
        tell(f"Checking {work.path}.")
    tell_of_other_torch(chosen)
    found = Found(work.path.name, work.path)
    shown = partial(_show, named=task, html=html)
    if watch:
        again = lambda: replace(order, assignment=find_own_work(path, slug=assignment, course=course).assignment)  # noqa: E731
        ignored = [html] if html else []
        raise typer.Exit(_watch(found, order, show=partial(shown, brief=True), again=again, ignored=ignored))
    result = _check_once(found, order, debug=debug)
    code = shown(result, order)
    if github:
        _tell_github(result, order, work.path, named=task)
    raise typer.Exit(code)


def _check_once(found: "Found", order: "Order", *, debug: bool) -> "SubmissionResult":
    from grader.courses.personal import personal_of_kit
    from grader.grading.early import begun_server
    from grader.grading.job import Job

    results: list[SubmissionResult] = []
    with begun_server(order, forks=True) as begun, _checks_as_they_end(debug=debug) as seen:
        from grader.grading.grade import grade_all

        job = Job(found, personal=personal_of_kit(order.assignment))
        grade_all(order, [job], report=lambda one, _digest: results.append(one), begun=begun, seen=seen)
    return results[-1]


@contextlib.contextmanager
def _checks_as_they_end(*, debug: bool) -> "Iterator[Callable[[CheckResult], None]]":
    """Show each check on the terminal as soon as it has ended, until the scorecard does; not beside a debugger."""
    from grader.report.terminal import checks_as_they_end, progress_console

    if debug:
        yield lambda _check: None
        return
    with checks_as_they_end(progress_console()) as seen:
        yield seen


def _refuse_together(*, watch: bool, debug: bool, github: bool) -> None:
    """Raise an error for ways to check that exclude each other, and for `--github` outside GitHub Actions."""
    if github:
        from grader.export.github_check import refuse_outside_github

        if watch or debug:
            raise UsageError(
                "`--github` checks once, for a step of GitHub Actions.", remedy="Leave out `--watch` and `--debug`."
            )
        refuse_outside_github()
    if watch and debug:
        raise UsageError(
            "`--watch` starts your code afresh at each save, `--debug` runs it in this process.",
            remedy="Leave out one of the two.",
        )


def _tell_github(result: "SubmissionResult", order: "Order", work: Path, *, named: list[str] | None) -> None:
    """Write the step's summary, with what was not checked, and print what GitHub reads from a step."""
    from grader.export.github_check import github_step
    from grader.runs.batch import run_info

    told = [_left_out(order, named), _FURTHER if order.assignment.has_further_checks else ""]
    shown = github_step(
        result,
        run=run_info(order),
        work=work,
        notebook=_notebook_of(order, work),
        told=[sentence for sentence in told if sentence],
    )
    typer.echo(shown, nl=False)


def _notebook_of(order: "Order", work: Path) -> str:
    """Return the name of the notebook that was checked, "" for a package."""
    from grader.courses.assignment import SubmissionKind

    handed_in = order.assignment.handed_in
    if handed_in.kind is not SubmissionKind.NOTEBOOK:
        return ""
    return work.name if work.is_file() else handed_in.required[0]


def _left_out(order: "Order", named: list[str] | None) -> str:
    """Say which of the tasks that were named (None: all) `--quick` has left out, "" for none."""
    wanted = [task for task in order.assignment.tasks if not named or task.name in named]
    titles = [task.title for task in wanted if not order.includes(task.name)]
    return f"Not run (`--quick`): {', '.join(titles)}." if titles else ""


def _tasks(assignment: "Assignment", named: list[str] | None, *, quick: bool) -> tuple[str, ...] | None:
    """Return the tasks to check, None for all; `quick` leaves out those that train."""
    tasks = known_tasks(assignment, named)
    if not quick:
        return tasks
    short = tuple(task.name for task in assignment.tasks if not task.long and (tasks is None or task.name in tasks))
    if not short:
        raise CourseError("`--quick` leaves out every task that was chosen.", remedy="Leave out `--quick`.")
    return short


def _watch(
    found: "Found",
    order: "Order",
    *,
    show: "Callable[[SubmissionResult, Order], int]",
    again: "Callable[[], Order]",
    ignored: list[Path],
) -> int:
    """Check at each save until Ctrl-C; return the exit code of the last round."""
    from grader.courses.personal import personal_of_kit
    from grader.grading.early import begun_server
    from grader.grading.job import Job
    from grader.live.watch import Changes, rounds
    from grader.report.terminal import results_console

    codes = [130]

    def report(result: "SubmissionResult", _digest: str) -> None:
        results_console().clear()  # does nothing but on a terminal
        codes.append(show(result, order))
        tell(f"Checked in {result.seconds:.2f} s. Watching for the next save; Ctrl-C ends.")

    folder = found.path if found.path.is_dir() else found.path.parent
    try:
        changes = Changes({folder, order.assignment.folder}, ignored=ignored)
        with begun_server(order, forks=True) as begun, changes:  # watching takes a thread: no fork after it
            from grader.grading.grade import grade_all

            while True:
                try:
                    order = again()
                    personal = personal_of_kit(order.assignment)
                    saves = rounds(found, changes, checks=order.assignment.folder.resolve())
                    jobs = (Job(one, personal=personal) for one in saves)
                    server, begun = begun, None
                    grade_all(order, jobs, report=report, begun=server)
                except CourseError as err:  # its author is at work, too
                    complain(err.message, err.remedy)
                    changes.wait()
    except KeyboardInterrupt:
        tell("Stopped.")
    return codes[-1]


def _show(
    result: "SubmissionResult",
    order: "Order",
    *,
    named: list[str] | None,
    html: Path | None,
    brief: bool = False,
) -> int:
    """Print a result, what was left out, what comes next, and where the page is; return the exit code for it."""
    from grader.report.terminal import has_passed, print_scorecard, results_console
    from grader.results.verdict import Status

    console = results_console()
    print_scorecard(console, result, brief=brief)
    if left_out := _left_out(order, named):
        console.print(left_out, markup=False, soft_wrap=True)
    if has_passed(result) and named:
        console.print("Next: `grader check` runs all tasks.", markup=False, soft_wrap=True)
    if html is not None:
        console.print(f"Scorecard: {_write_page(html, result, order)}", markup=False, soft_wrap=True)
    if result.status is Status.NOT_GRADED:
        return 3
    return 0 if has_passed(result) else 1


def _write_page(path: Path, result: "SubmissionResult", order: "Order") -> Path:
    """Write a student's own scorecard; return its full path."""
    from grader.report.html import lone_scorecards
    from grader.results.atomic import replace_file
    from grader.runs.batch import run_info

    (page,) = lone_scorecards(run_info(order), results=[result])
    replace_file(path.resolve(), page)
    return path.resolve()
