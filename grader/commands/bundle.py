"""`grader bundle`: an assignment, packed for where a class is graded.

`grader.bundles.making` decides what goes in, `grader.bundles.trial` tries it on the reference.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.options import AssignmentArgument, CourseOption, TaskOption
from grader.commands.telling import complain, known_tasks, tell
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.bundles.making import Destination, Wanted
    from grader.courses.assignment import Assignment

PlaceOption = Annotated[str, typer.Option("--for", help="gradescope, github or docker.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="What to write.", show_default="bundles/ASSIGNMENT-PLACE, which git ignores"),
]
DataOption = Annotated[
    list[str] | None, typer.Option("--data", help="Have a data set fetched there (may be repeated).")
]
GraderOption = Annotated[
    str, typer.Option("--grader", help="What pip installs there as the grader.", show_default="a wheel of this one")
]
MinutesOption = Annotated[float, typer.Option("--minutes", help="The time limit that is set in Gradescope.")]
MemoryOption = Annotated[float, typer.Option("--memory-mb", help="The memory that is set in Gradescope.")]
ProcessorsOption = Annotated[float, typer.Option("--processors", help="The processors that are set in Gradescope.")]
HiddenOption = Annotated[str, typer.Option("--hidden-as", help="When Gradescope shows hidden checks.")]
TryOption = Annotated[bool, typer.Option("--try/--no-try", help="Grade the reference first, to see what fits there.")]


def bundle(
    assignment: AssignmentArgument,
    *,
    place: PlaceOption,
    out: OutOption = None,
    task: TaskOption = None,
    data: DataOption = None,
    grader: GraderOption = "",
    minutes: MinutesOption = 10.0,
    memory_mb: MemoryOption = 768.0,
    processors: ProcessorsOption = 0.5,
    hidden_as: HiddenOption = "after_published",
    tried: TryOption = True,
    course: CourseOption = None,
) -> None:
    """Pack an assignment for Gradescope (a zip), GitHub Classroom (a repository) or Docker (an image).

    docs/where.md says what to do with it. Exit code 1: it was written, and something does not fit there.
    """
    from grader.bundles.contents import BUNDLES, keep_from_git, refuse_existing
    from grader.bundles.making import Destination, Room, Wanted
    from grader.courses.course import find_course, read_assignment

    wanted = Wanted(
        _place_named(place),
        tasks=known_tasks(chosen := read_assignment(find_course(course or Path()), assignment), task) or (),
        data=tuple(data or ()),
        grader=grader,
        hidden_as=_visibility(hidden_as),
        room=Room(
            _above_zero(minutes, "--minutes"),
            _above_zero(memory_mb, "--memory-mb"),
            _above_zero(processors, "--processors"),
        ),
    )
    if wanted.place is Destination.GITHUB and wanted.tasks:
        raise UsageError("A classroom repository has the whole kit.", remedy="Leave out `--task`.")
    ending = ".zip" if wanted.place is Destination.GRADESCOPE else ""
    target = out or Path(BUNDLES, f"{assignment}-{wanted.place}{ending}")
    refuse_existing(target)
    said = _try(chosen, wanted) if tried else []
    if out is None:
        keep_from_git(target.parent)
    _write(target, chosen, wanted)
    for text in said:
        complain(text)
    if said:
        tell(f"Mend that, remove {target}, and run the command again; or use it as it is.")
    _tell_next(wanted, chosen)
    raise typer.Exit(1 if said else 0)


def _place_named(name: str) -> "Destination":
    from grader.bundles.making import Destination
    from grader.courses.toml_table import suggest

    try:
        return Destination(name)
    except ValueError as err:
        raise UsageError(f"There is no place `{name}`.", remedy=suggest(name, list(Destination))) from err


def _visibility(name: str) -> str:
    from grader.courses.toml_table import suggest
    from grader.export.gradescope import VISIBILITIES

    if name not in VISIBILITIES:
        raise UsageError(f"Hidden checks can't be `{name}`.", remedy=suggest(name, VISIBILITIES))
    return name


def _above_zero(value: float, option: str) -> float:
    if not 0 < value < 1e9:
        raise UsageError(f"`{option} {value:g}` is no room to grade in.", remedy="Give a number above 0.")
    return value


def _try(chosen: "Assignment", wanted: "Wanted") -> list[str]:
    """Grade the reference, say what that took, and return in sentences what doesn't fit."""
    from grader.bundles.making import objections, refuse_impossible
    from grader.bundles.trial import measure_reference

    tell("Trying it on the reference; `--no-try` does without.")
    trial = measure_reference(chosen, tasks=wanted.tasks, data=wanted.data)
    tell(
        f"The reference took {trial.seconds:.0f} s, {trial.cpu_s:.0f} s of processor time and "
        f"{trial.memory_mib * 1.048576:.0f} MB."
    )
    refuse_impossible(trial, wanted)
    return objections(trial, wanted)


def _write(target: Path, chosen: "Assignment", wanted: "Wanted") -> None:
    """Write a bundle and say where."""
    from grader.bundles.contents import write_folder, write_zip
    from grader.bundles.making import Destination, bundle_files
    from grader.report.terminal import results_console

    files = bundle_files(chosen, wanted)
    (write_zip if wanted.place is Destination.GRADESCOPE else write_folder)(target, files)
    results_console().print(f"written: {target} ({len(files)} files)", markup=False, soft_wrap=True)


def _tell_next(wanted: "Wanted", chosen: "Assignment") -> None:
    from grader.bundles.making import Destination
    from grader.grading.points import possible
    from grader.report.terminal import results_console
    from grader.results.plain_text import number

    console = results_console()
    console.print(f"Next: {_NEXT[wanted.place]} (docs/where.md)", markup=False, soft_wrap=True)
    if wanted.place is Destination.GRADESCOPE:
        points = number(possible([task for task in chosen.tasks if not wanted.tasks or task.name in wanted.tasks]))
        console.print(f"“Autograder points” there: {points}; a bonus is shown on top.", markup=False, soft_wrap=True)


_NEXT = {
    "gradescope": "upload the zip under “Configure Autograder”, with Ubuntu 24.04 as the base image.",
    "github": "push the folder as a repository, and make it the template of the classroom's assignment.",
    "docker": "`docker build --tag grade FOLDER`, then run it with the options that let the wall be built.",
}
