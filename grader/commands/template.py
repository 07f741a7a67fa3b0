"""`grader template`: what students get, generated from the reference.

`grader.authoring.template` does it.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.options import AssignmentArgument, CourseOption
from grader.commands.personal_data import RosterOption, write_kits
from grader.commands.telling import complain


def template(
    assignment: AssignmentArgument,
    *,
    dry_run: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if the template is not up to date.")
    ] = False,
    kits: Annotated[
        Path | None,
        typer.Option("--kits", metavar="FOLDER", help="Also write a kit for each student, who draw data of their own."),
    ] = None,
    roster: RosterOption = None,
    course: CourseOption = None,
) -> None:
    """Generate student_template/ASSIGNMENT from the reference: stubs, public checks, instructions.

    Nothing is written where the kit would hold a solution or a hidden check; what it shows beside that is listed.
    Variants of a notebook get its given cells as the reference has them now. Where checks draw data for each student,
    `--kits FOLDER --roster FILE` writes a kit for each of them, or for each group, into a folder of its own.
    """
    from grader.authoring.given_cells import judge_given_cells, refresh_variants
    from grader.authoring.leaks import gifts_in
    from grader.authoring.template import is_stale, plan_template, write_template
    from grader.courses.course import find_course, read_assignment
    from grader.report.terminal import results_console

    folder = find_course(course or Path())
    chosen = read_assignment(folder, assignment)
    target = folder / "student_template" / assignment
    console = results_console()
    if not dry_run:
        written = write_template(chosen, target)
        console.print(f"{target}: {len(written)} files written.", markup=False)
        for changed in refresh_variants(chosen):
            console.print(f"given cells as the reference has them: {changed}", markup=False, soft_wrap=True)
        for gift in gifts_in(chosen, plan_template(chosen)):
            console.print(f"it gives away {gift}", markup=False, soft_wrap=True)
        if kits is not None:
            console.print(f"{kits}: {len(write_kits(chosen, kits, roster))} kits written.", markup=False)
        return
    stale = (*is_stale(chosen, target), *(f"{one.subject}: {one.message}" for one in judge_given_cells(chosen)))
    for name in stale:
        console.print(f"not up to date: {name}", markup=False, soft_wrap=True)
    if stale:
        complain(f"{target} is not what the reference gives.", f"Run `grader template {assignment}`.")
        raise typer.Exit(1)
