"""`grader audit`: the proof that a course is sound.

`grader.audit` does it, `grader.console` prints.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.options import CourseOption
from grader.commands.telling import tell


def audit(
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Slugs.", show_default="all")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the tasks that train for long.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="mistakes, variants, reference, template or assets (may be repeated)."),
    ] = None,
    mistake: Annotated[
        list[str] | None, typer.Option("--mistake", help="Only this mistake, and what its check says.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Grading processes.", show_default="one per core")
    ] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    course: CourseOption = None,
) -> None:
    """Prove that a course is sound.

    The reference earns every point, the template none; each known mistake is caught and told in the right words; each
    variant earns every point; assets and template are fresh. Without ASSIGNMENT, all of the course, and each lookalike
    has to be shown by some mistake. Exit code 1: something is violated.
    """
    from functools import partial

    from grader.audit import audit as audit_one
    from grader.audit import find_unproven, request_for, write_figures
    from grader.console import audit_progress, print_audit, progress_console, results_console
    from grader.course import find_course, list_slugs

    folder = find_course(course or Path())
    request = request_for(only or (), mistakes=mistake or (), quick=quick, jobs=jobs)
    console, audits = results_console(), []
    for slug in assignments or list_slugs(folder):
        tell(f"auditing {slug}")
        found = audit_one(folder, slug, request=request, progress=partial(audit_progress, progress_console()))
        print_audit(console, found, with_words=bool(mistake))
        audits.append(found)
    unproven = find_unproven(audits) if not assignments and request.has_all_mistakes else []
    for violation in unproven:
        console.print(f"✗ {violation}", markup=False, soft_wrap=True)
    if json_path is not None:
        write_figures(json_path, audits, unproven)
    raise typer.Exit(1 if unproven or any(found.violations for found in audits) else 0)
