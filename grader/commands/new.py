"""`grader new`: a new assignment that is complete and sound, to be changed into one's own.

`grader.authoring.starting` does it.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.options import CourseOption
from grader.commands.telling import tell


def new(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="What the assignment is called in folders and commands.")],
    *,
    numpy: Annotated[bool, typer.Option("--numpy", help="Students write NumPy instead of PyTorch.")] = False,
    notebook: Annotated[bool, typer.Option("--notebook", help="Students hand in a notebook.")] = False,
    from_notebook: Annotated[
        Path | None,
        typer.Option("--from-notebook", metavar="FILE", help="Make it of a solved notebook."),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Begin an assignment, in a course or in an empty folder.

    It writes a reference, probes, public and hidden checks, known mistakes, an honest variant, a text for students and
    a question with its rubric, records it and makes the students' kit. `grader audit SLUG` is green at once; each file
    says what to change. With --from-notebook it proposes solution regions, tasks, probes, checks and known mistakes
    for the functions and classes of a solved notebook, and says what it could not.
    """
    from grader.authoring.from_notebook import start_from_notebook
    from grader.authoring.starting import start_assignment
    from grader.report.terminal import results_console

    folder = (course or Path()).resolve()
    console = results_console()
    if from_notebook is not None:
        files, unsolved = start_from_notebook(folder, slug, file=from_notebook)
        for line in (*(file.relative_to(folder).as_posix() for file in files), *(f"! {one}" for one in unsolved)):
            console.print(line, markup=False, soft_wrap=True)
        then = ", ".join(f"`grader {verb} {slug}`" for verb in ("record", "template", "audit"))
        console.print(f"Next: complete test_first.py, then run {then}.", markup=False, soft_wrap=True)
        return
    tell(f"writing and recording {slug}")
    for file in start_assignment(folder, slug, numpy=numpy, notebook=notebook):
        console.print(file.relative_to(folder).as_posix(), markup=False, soft_wrap=True)
    console.print(f"Next: change them, and run `grader audit {slug}` after each change.", markup=False, soft_wrap=True)
