"""`grader similar`: which submissions are built alike, as a list for a human.

`grader.similar.similarity` compares, `grader.similar.page_file` writes the page.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.options import AssignmentArgument, CourseOption
from grader.commands.telling import tell


def similar(
    assignment: AssignmentArgument,
    submissions: Annotated[Path, typer.Argument(help="A folder of submissions (also as an LMS packs them).")],
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where similar.html and similar.csv go; may be a results folder.")
    ],
    least: Annotated[
        float, typer.Option("--least", min=1, max=100, help="List pairs that share this much of their code, in %.")
    ] = 40,
    course: CourseOption = None,
) -> None:
    """List submissions whose code is built alike, with the passages side by side: for a human, never a verdict.

    Renaming and reordering hide nothing; what the template holds and what a quarter of the class wrote is left out.
    Nothing that was handed in is run.
    """
    from importlib.metadata import version

    from grader.courses.course import find_course, read_assignment
    from grader.report.terminal import results_console
    from grader.results.atomic import replace_file
    from grader.results.file_names import scorecard_files
    from grader.similar.page import About, similar_csv, similar_page_of
    from grader.similar.page_file import write_similar
    from grader.similar.similarity import similar_pairs
    from grader.similar.sources import read_template, read_works
    from grader.submissions.submission import find_submissions

    chosen = read_assignment(find_course(course or Path()), assignment)
    intake = find_submissions(submissions, chosen)
    for name in intake.ignored:
        tell(f"ignored: {name}")
    works, unread = read_works(intake.found, chosen)
    pairs = similar_pairs(works, template=read_template(chosen), least=least)
    names = scorecard_files(found.name for found in intake.found)
    page = similar_page_of(
        pairs,
        about=About(chosen.slug, chosen.title, version("torchgrade")),
        compared=len(works),
        least=least,
        unread=unread,
        files={name: file for name, file in names.items() if (out / "instructor" / file).is_file()},
    )
    path = write_similar(out, page)
    replace_file(out / "similar.csv", similar_csv(pairs))
    for name, why in unread:
        tell(f"not read: {name}: {why}")
    count = f"{len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'}"
    words = f"{count} of {len(works)} submissions: a list for a human, never a verdict. Open {path}"
    results_console().print(words, markup=False, soft_wrap=True)
