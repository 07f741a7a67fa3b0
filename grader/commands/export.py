"""`grader export`: stored results, in the form that others read.

`grader.export.finished_run` does it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.options import CourseOption, ResultsArgument
from grader.commands.telling import complain, tell

if TYPE_CHECKING:
    from grader.export.job import Exported


def export(
    results: ResultsArgument,
    *,
    format: Annotated[str, typer.Option("--format", "-f", help="csv, canvas, moodle, gradescope or github.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write; - is stdout.", show_default="below RESULTS/export"),
    ] = None,
    roster: Annotated[Path | None, typer.Option("--roster", help="CSV of the students (csv, canvas).")] = None,
    worksheet: Annotated[Path | None, typer.Option("--worksheet", help="Moodle's grading worksheet.")] = None,
    assignment_id: Annotated[str | None, typer.Option("--assignment-id", help="The assignment's id in Canvas.")] = None,
    out_of: Annotated[float | None, typer.Option("--out-of", help="Convert points (canvas, moodle).")] = None,
    submission: Annotated[str | None, typer.Option("--submission", help="Only this one (gradescope, github).")] = None,
    hidden_as: Annotated[
        str | None,
        typer.Option("--hidden-as", help="When Gradescope shows hidden checks.", show_default="after_published"),
    ] = None,
    checks_only: Annotated[
        bool, typer.Option("--checks-only", help="Leave the points that a person gave for text answers out.")
    ] = False,
    per_task: Annotated[bool, typer.Option("--per-task", help="A column for each task (canvas).")] = False,
    annotate: Annotated[bool, typer.Option("--annotate", help="Print GitHub annotations.")] = False,
    step_summary: Annotated[
        bool, typer.Option("--step-summary", help="Append to $GITHUB_STEP_SUMMARY (github).")
    ] = False,
    only_changed: Annotated[
        bool, typer.Option("--only-changed", help="Only grades that the last export in this format did not say.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Export stored results for a spreadsheet, Canvas, Moodle, Gradescope or GitHub; nothing is graded again.

    Points for text answers count once a person has graded one. Points that are not final are left empty. The course,
    where one is found, says which checks are adjusted.
    Exit code 1: some submission got no grade or no student.
    """
    from grader.export.finished_run import export_run
    from grader.export.job import ExportRequest

    request = ExportRequest(
        format=format,
        out=out,
        roster=roster,
        worksheet=worksheet,
        assignment_id=assignment_id,
        out_of=out_of,
        submission=submission,
        hidden_as=hidden_as,
        checks_only=checks_only,
        annotate=annotate,
        step_summary=step_summary,
        per_task=per_task,
        only_changed=only_changed,
    )
    _tell(export_run(results, request, course=_course_of(results, course)))


def _course_of(results: Path, course: Path | None) -> Path | None:
    """Return the course that has the run's assignment; None where none was named and none is near."""
    from grader.courses.course import find_course, list_slugs
    from grader.errors import CourseError
    from grader.results.store import read_store

    try:
        folder = find_course(course or Path())
    except CourseError:
        if course is not None:
            raise
        return None
    with read_store(results) as store:
        return folder if course is not None or store.run.assignment in list_slugs(folder) else None


def _tell(done: "Exported") -> None:
    """Print what was exported and what a person has to look at; exit code 1 where there is something."""
    from grader.report.terminal import results_console

    typer.echo(done.printed, nl=False)
    for path in done.files:
        if done.printed:
            tell(f"written: {path}")
        else:
            results_console().print(f"written: {path}", markup=False, soft_wrap=True)
    for remark in (*done.remarks, *done.problems):
        tell(remark)
    if done.problems:
        count = len(done.problems)
        complain(f"{count} submission{' needs' if count == 1 else 's need'} a person, as listed above.")
        raise typer.Exit(1)
