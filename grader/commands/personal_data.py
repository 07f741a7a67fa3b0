"""For whom checks draw data of each student's own: `--roster` of `grader grade`, and the kits of `grader template`.

`grader.export.personal_seeds` decides it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.telling import complain, tell
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.courses.assignment import Assignment
    from grader.courses.personal import Personal
    from grader.submissions.found import Found

RosterOption = Annotated[
    Path | None,
    typer.Option("--roster", metavar="FILE", help="CSV of the students, for checks that draw data for each of them."),
]


def personal_data(assignment: "Assignment", founds: "Sequence[Found]", roster: Path | None) -> "dict[str, Personal]":
    """Return for whom each submission's checks draw, nothing where no check draws for each student; say who is unknown.

    Raises UsageError for a roster that nothing needs, ExportError for one that can't be read.
    """
    from grader.courses.personal import draws_for_each
    from grader.export.personal_seeds import personal_of
    from grader.export.roster import read_roster

    if not draws_for_each(assignment):
        if roster is not None:
            raise UsageError(
                f"No check of {assignment.slug} draws data for each student.",
                remedy="Leave out `--roster`; `grader export` takes one.",
            )
        return {}
    personal = personal_of(assignment, founds, read_roster(roster) if roster is not None else None)
    unknown = [name for name, own in personal.items() if own.missing]
    if roster is None:
        complain(
            "Some checks draw data for each student, and nothing says whose the submissions are: those don't run.",
            "Name the roster with `--roster FILE`, the one that the kits were made with.",
        )
    elif unknown:
        tell(f"Nobody's data can be drawn for: {', '.join(f'{name} ({personal[name].missing})' for name in unknown)}")
    return personal


def write_kits(assignment: "Assignment", kits: Path, roster: Path | None) -> list[Path]:
    """Write a kit for each student or group of a roster into a folder of its own below `kits`; return the folders.

    Raises UsageError without a roster, and where the kits are not asked for in the course.
    """
    from grader.authoring.template import write_kit_for
    from grader.courses.personal import draws_for_each
    from grader.export.personal_seeds import kits_of
    from grader.export.roster import read_roster
    from grader.results.file_names import folder_names

    if roster is None:
        raise UsageError("`--kits` writes a kit for each student.", remedy="Name them with `--roster FILE`.")
    if not draws_for_each(assignment):
        raise UsageError(
            f"No check of {assignment.slug} draws data for each student: one kit is for all.",
            remedy="Leave out `--kits` and `--roster`.",
        )
    seeds = kits_of(assignment, read_roster(roster))
    names = folder_names(seeds)
    for student, seed in seeds.items():
        write_kit_for(assignment, kits / names[student], student=student, seed=seed)
    return [kits / names[student] for student in seeds]
