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
    course: CourseOption = None,
) -> None:
    """Begin an assignment, in a course or in an empty folder.

    It writes a reference, probes, public and hidden checks, known mistakes, an honest variant, a text for students and
    a question with its rubric, records it and makes the students' kit. `grader audit SLUG` is green at once; each file
    says what to change.
    """
    from grader.authoring.starting import start_assignment
    from grader.report.terminal import results_console

    folder = (course or Path()).resolve()
    tell(f"writing and recording {slug}")
    console = results_console()
    for file in start_assignment(folder, slug, numpy=numpy, notebook=notebook):
        console.print(file.relative_to(folder).as_posix(), markup=False, soft_wrap=True)
    console.print(f"Next: change them, and run `grader audit {slug}` after each change.", markup=False, soft_wrap=True)
