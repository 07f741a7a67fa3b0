"""`grader grade`: submissions of strangers, graded in parallel.

`grader.runs.batch` grades them, `grader.commands.report` writes the files.
"""

import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.executors import ClusterConfigOption, ClusterOption, choose_executor
from grader.commands.options import AssignmentArgument, CourseOption, TaskOption, WallOption
from grader.commands.personal_data import RosterOption, personal_data
from grader.commands.report import keep_adjusted, refuse_unreadable, write_results
from grader.commands.telling import complain, known_tasks, tell, tell_of_other_torch
from grader.errors import CourseError, SandboxError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from grader.commands.report import Written
    from grader.courses.assignment import Assignment
    from grader.courses.personal import Personal
    from grader.grading.job import Order
    from grader.results.verdict import Origin, SubmissionResult
    from grader.runs.executor import Executor
    from grader.runs.plan import Plan
    from grader.runs.progress import Snapshot
    from grader.submissions.submission import Found

_MOST_NAMED = 6


class Device(StrEnum):
    """Name what probes may run on."""

    CPU = "cpu"
    CUDA = "cuda"


DeviceOption = Annotated[
    Device,
    typer.Option("--device", help="cuda: also run checks that need a graphics card; several submissions share one."),
]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="Where results go; an earlier run there is continued.")]
JobsOption = Annotated[
    str,
    typer.Option(
        "--jobs", "-j", help="Grading processes; auto: one per core, fewer where memory would not do for all of them."
    ),
]
ResumeOption = Annotated[
    bool,
    typer.Option("--resume/--fresh", help="Keep results of tasks for which nothing has changed, or grade all again."),
]


def grade(
    assignment: AssignmentArgument,
    submissions: Annotated[
        Path, typer.Argument(help="One submission, or a folder of many (also as an LMS packs them).")
    ],
    *,
    out: OutOption,
    jobs: JobsOption = "auto",
    resume: ResumeOption = True,
    execute: Annotated[
        bool, typer.Option("--execute", help="Also run each notebook as a whole and keep the executed copy.")
    ] = False,
    wall: WallOption = "bubblewrap",
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out tasks that train; their points are left out of the sum as well.")
    ] = False,
    task: TaskOption = None,
    roster: RosterOption = None,
    course: CourseOption = None,
    device: DeviceOption = Device.CPU,
    cluster: ClusterOption = None,
    cluster_config: ClusterConfigOption = None,
) -> None:
    """Grade submissions of strangers, in parallel, and write their scorecards.

    Each result is stored at once: stopped or killed, the same command goes on where it was. RESULTS then holds
    index.html, scorecards/ (for students), instructor/, logs/ (for instructors), grades.csv, results.json and
    run.sqlite. `grader status RESULTS` says from another terminal how far the run has got. Exit code 3: the grader
    failed on some; 1: a person has to say which of several things is meant, or nothing could be graded.
    """
    from grader.courses.course import find_course, read_assignment
    from grader.grading.job import Order
    from grader.submissions.submission import find_submissions

    _refuse_elsewhere()
    outer, folder = _wall_for_strangers(wall), find_course(course or Path())
    chosen = read_assignment(folder, assignment)
    refuse_unreadable(out, chosen)
    executor = choose_executor(cluster, cluster_config, assignment=chosen, jobs=_count_of(jobs), device=device)
    intake = find_submissions(submissions, chosen, results=out, known=_classmates(out))
    order = Order(
        folder,
        chosen,
        wall=outer,
        tasks=_quick_ones(chosen, task) if quick else known_tasks(chosen, task),
        executed=(out / "notebooks").resolve() if execute else None,
        device=str(device),
    )
    for name in intake.ignored:
        tell(f"ignored: {name}")
    is_whole = not intake.is_one(submissions)
    personal = personal_data(chosen, intake.found, roster)
    written = _grade_into(out, order, intake.found, executor, fresh=not resume, is_whole=is_whole, personal=personal)
    if code := _complain(written, out=out):
        raise typer.Exit(code)


def _classmates(out: Path) -> "dict[str, Origin]":
    """Return the submissions that were graded together into a results folder, none for a single one."""
    from grader.results.store import has_results, read_store

    if not has_results(out):
        return {}
    with read_store(out) as store:
        origins = {name: origin for name, origin in store.origins().items() if not origin.attempt_of}
    return origins if len(origins) > 1 else {}


def _refuse_elsewhere() -> None:
    """Raise SandboxError where strangers' code can't be graded: their wall, and forks, are Linux's."""
    if sys.platform != "linux":
        from grader.sandbox.outside.bubblewrap import remedy_for_wall

        raise SandboxError(
            "`grader grade` runs code of strangers, which needs Linux; `grader check` works here.",
            remedy=remedy_for_wall(),
        )


def _grade_into(
    out: Path,
    order: "Order",
    found: "Sequence[Found]",
    executor: "Executor",
    *,
    fresh: bool,
    is_whole: bool,
    personal: "Mapping[str, Personal]",
) -> "Written":
    """Grade what is left of a run and write the files of its results folder; Ctrl-C ends with exit code 130."""
    from dataclasses import replace

    from grader.grading.keys import digests_of
    from grader.results.store import open_store
    from grader.runs.batch import grade_submissions, run_info

    tell_of_other_torch(order.assignment)
    digests = digests_of(order)
    with open_store(out, run=run_info(order, digests)) as store:
        order = replace(order, key=store.run.key)
        try:
            differing = grade_submissions(
                order,
                found,
                store,
                executor,
                digests=digests,
                fresh=fresh,
                is_whole=is_whole,
                watch=_shown,
                personal=personal,
            )
        except KeyboardInterrupt:
            complain("Stopped. What was graded is stored.", "Run the same command to go on.")
            raise typer.Exit(130) from None
        if differing:
            tell(
                f"{differing} submissions were graded with other files, versions or data than this process sees: "
                "the next run grades them again."
            )
        keep_adjusted(store, order.assignment)
        return write_results(out, store, order.assignment)


def _complain(written: "Written", *, out: Path) -> int:
    """Say what a person has to look at; return the exit code for it."""
    if written.failed:
        return _complain_of(written.failed, out=out)
    if written.unclear:
        complain(
            f"{count_of(written.unclear, 'submission')} not graded: it is unclear which of several things is meant.",
            f"{out / 'index.html'} names them. Leave only what counts, and run the same command again.",
        )
    if written.gone:
        tell(f"{count_of(written.gone, 'submission')} no longer there: graded earlier, kept, and given no grade.")
    if not written.graded:
        complain("Nothing could be graded.", f"{out / 'index.html'} says why. Is it the right folder?")
    return 1 if written.unclear or not written.graded or not written.is_clean else 0


def count_of(number: int, noun: str) -> str:
    """Return the noun with its number and verb: `1 submission is`, `2 submissions are`."""
    return f"1 {noun} is" if number == 1 else f"{number} {noun}s are"


def _complain_of(failed: int, *, out: Path) -> int:
    """Say on how many submissions the grader itself failed; return the exit code for that."""
    complain(
        f"The grader failed on {failed} submissions; their points are provisional and cost nobody anything.",
        f"Run the same command again: only those are graded. {out / 'logs'} says more, and `grader doctor` looks "
        "for the cause.",
    )
    return 3


def _count_of(jobs: str) -> int | None:
    """Return the number of grading processes that was asked for, None for `auto`. Raises UsageError."""
    if jobs == "auto":
        return None
    if not jobs.isdecimal() or int(jobs) < 1:
        raise UsageError(f"`--jobs {jobs}` is not a number of processes.", remedy="Give one from 1 on, or auto.")
    return int(jobs)


def _wall_for_strangers(name: str) -> str:
    """Return the name of a wall that keeps strangers out of the grader's own process. Raises SandboxError."""
    from grader.sandbox.outside.walls import Wall, wall_named

    outer = wall_named(name)
    if outer is Wall.INLINE:
        raise SandboxError(
            "`inline` is not a wall: it runs the code of strangers in the grader's own process.",
            remedy="Choose bubblewrap, or process for code that you trust.",
        )
    return str(outer)


def _quick_ones(assignment: "Assignment", tasks: list[str] | None) -> tuple[str, ...]:
    """Return the chosen tasks that do not train, and say which were left out."""
    named = known_tasks(assignment, tasks)
    chosen = tuple(task.name for task in assignment.tasks) if named is None else named
    long = {task.name for task in assignment.tasks if task.long}
    quick = tuple(name for name in chosen if name not in long)
    if not quick:
        raise CourseError("All of these tasks train, so `--quick` leaves none.", remedy="Leave out `--quick`.")
    if len(quick) < len(chosen):
        tell(f"Left out, since they train: {', '.join(name for name in chosen if name in long)}.")
    return quick


def _tell_plan(plan: "Plan") -> None:
    """Say how many submissions have their result already, and of which only some tasks have to be graded again."""
    done, total = len(plan.submissions) - len(plan.left), len(plan.submissions)
    if done:
        tell(f"{done} of {total} submissions have their result already.")
    if plan.partly_left:
        wanted = {name for planned in plan.partly_left for name in planned.tasks}
        names = [name for name in plan.chosen if name in wanted]
        listed = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
        tell(f"{len(plan.partly_left)} of {total} need only a part of their tasks: {listed}.")


@contextmanager
def _shown(plan: "Plan", snapshot: "Callable[[], Snapshot]") -> "Iterator[Callable[[SubmissionResult], None]]":
    """Say what there is to do, and show how far that is while it is done."""
    from grader.report.terminal import progress_console
    from grader.runs.view import grading_progress

    _tell_plan(plan)
    if not plan.left:
        yield lambda _result: None
        return
    with grading_progress(progress_console(), snapshot) as advance:
        yield advance
