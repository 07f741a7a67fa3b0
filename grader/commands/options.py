"""Options and arguments that several verbs share.

Each verb's module, such as `grader.commands.grade`, takes those that it needs.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.errors import UsageError

STUDENTS, INSTRUCTORS, AUTHORS = "For students", "For instructors", "For authors of assignments"

CourseOption = Annotated[
    Path | None, typer.Option("--course", help="The course's folder.", show_default="found from here upwards")
]
TaskOption = Annotated[list[str] | None, typer.Option("--task", "-t", help="Only this task (may be repeated).")]
WallOption = Annotated[
    str,
    typer.Option("--wall", help="bubblewrap; user for one submission in a container; process for code that you trust."),
]
AssignmentArgument = Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="Its slug, such as technion-hw2.")]
ResultsArgument = Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder given to `grader grade --out`.")]


def refuse_other_than_page(path: Path | None, *, example: str) -> None:
    """Raise an error where `--html` took what was meant as something else: a folder, a notebook, another option."""
    if path is not None and (path.suffix.lower() not in (".html", ".htm") or path.is_dir()):
        raise UsageError(
            f"`{path}` is no page: `--html` wants the name of the file that it writes.",
            remedy=f"Write `--html {example}`, say.",
        )
