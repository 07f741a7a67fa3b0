"""`grader record`: the reference's outputs, recorded as assets.

`grader.record` does it.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.options import AssignmentArgument, CourseOption


def record(
    assignment: AssignmentArgument,
    *,
    dry_run: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 where something would change.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Record the reference's outputs as assets/ASSIGNMENT, with measured tolerances.

    An asset whose reference has not changed keeps every byte.
    """
    from grader.console import print_recording, results_console
    from grader.course import find_course, read_assignment
    from grader.record import record as record_assets

    chosen = read_assignment(find_course(course or Path()), assignment)
    recording = record_assets(chosen, write=not dry_run)
    print_recording(results_console(), recording, slug=assignment, written=not (dry_run or recording.is_blocked))
    raise typer.Exit(1 if recording.is_blocked or (dry_run and not recording.is_clean) else 0)
