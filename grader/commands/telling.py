"""What several verbs say on stderr, and the names of tasks that they all understand.

`grader.cli` calls the verbs, each in the module of its name.
"""

from typing import TYPE_CHECKING

from grader.errors import CourseError

if TYPE_CHECKING:
    from grader.courses.assignment import Assignment


def complain(message: str, remedy: str = "") -> None:
    """Say on stderr what went wrong and what to do about it."""
    from rich.text import Text

    from grader.report.terminal import progress_console
    from grader.results.plain_text import visible

    console = progress_console()
    console.print(Text("error: ", style="bold red").append(visible(message), style="not bold default"))
    if remedy:
        console.print(Text(f"  → {visible(remedy)}"))


def tell(text: str) -> None:
    """Say on stderr what is going on."""
    from rich.text import Text

    from grader.report.terminal import progress_console
    from grader.results.plain_text import visible

    progress_console().print(Text(visible(text), style="dim"))


def tell_of_other_torch(assignment: "Assignment") -> None:
    """Say where the assets were recorded with another version of torch."""
    from grader.courses.manifest import version_note

    note = version_note(assignment.assets)
    if note:
        tell(note)


def known_tasks(assignment: "Assignment", tasks: list[str] | None) -> tuple[str, ...] | None:
    """Return the tasks that were named, None (all of them) where none was.

    Raises CourseError for a name that the assignment doesn't have.
    """
    from grader.courses.toml_table import suggest

    known = [task.name for task in assignment.tasks]
    for name in tasks or []:
        if name not in known:
            raise CourseError(f"{assignment.slug} has no task `{name}`.", remedy=suggest(name, known))
    return tuple(tasks) if tasks else None
