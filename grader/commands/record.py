"""`grader record`: the reference's outputs, recorded as assets.

`grader.authoring.record` does it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.options import AssignmentArgument, CourseOption

if TYPE_CHECKING:
    from rich.console import Console

    from grader.authoring.record import Recording


def record(
    assignment: AssignmentArgument,
    *,
    dry_run: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if something would change.")
    ] = False,
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="Draw the inputs of hidden checks anew, for another year."),
    ] = False,
    course: CourseOption = None,
) -> None:
    """Record the reference's outputs as assets/ASSIGNMENT, with measured tolerances.

    An asset whose reference has not changed keeps every byte.
    """
    from grader.authoring.record import record_assets
    from grader.courses.course import find_course, read_assignment
    from grader.report.terminal import results_console

    chosen = read_assignment(find_course(course or Path()), assignment)
    recording = record_assets(chosen, write=not dry_run, new_key=new_key)
    print_recording(results_console(), recording, slug=assignment, written=not (dry_run or recording.is_blocked))
    raise typer.Exit(1 if recording.is_blocked or (dry_run and not recording.is_clean) else 0)


def print_recording(console: "Console", recording: "Recording", *, slug: str, written: bool) -> None:
    """Print what a recording found: each state with the command that resolves it."""
    written_or = "written" if written else f"`grader record {slug}` writes them"
    from grader.results.verdict_words import explanation_of

    rows = (
        ("matched", recording.matched, ""),
        ("missing", recording.missing, written_or),
        ("stale", recording.stale, f"{written_or}; review the diff"),
        ("unused", recording.unused, "removed" if written else f"`grader record {slug}` removes them"),
    )
    for state, names, remedy in rows:
        console.print(f"{state}: {len(names)}{f' ({remedy})' if names and remedy else ''}", markup=False)
        if state != "matched":
            for name in names:
                console.print(f"  {name}  {recording.differences.get(name, '')}".rstrip(), markup=False)
    for name, why in recording.refused.items():
        console.print(f"refused: {name}: {why}", markup=False)
    for result in recording.failed:
        console.print(f"fails on the reference: {result.name}: {explanation_of(result)}", markup=False)
    if recording.is_blocked:
        console.print("Nothing was written: mend that first.")
