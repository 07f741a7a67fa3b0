"""Read the `[[given]]` tables of `assignment.toml`: other handouts that students may have worked in.

`grader.courses.assignment_file` reads the rest of the file; `grader.courses.assignment_names` knows our names.
"""

from collections.abc import Mapping
from pathlib import Path

from grader.courses.assignment import Edition
from grader.courses.assignment_names import names_defined_in
from grader.courses.toml_table import Table, fault, refuse_unknown, suggest, take_table, take_text


def read_editions(top: Table, *, folder: Path, reference: Path | None) -> tuple[Edition, ...]:
    """Read all editions. Raises CourseError for the first mistake in them."""
    rows = top.values.get("given", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise fault(top, "given", "is no list of tables", remedy="Begin each edition with `[[given]]`.")
    editions: list[Edition] = []
    for number, row in enumerate(rows, start=1):
        table = Table(top.file, f"given, number {number}", row)
        editions.append(_read_edition(table, editions, folder=folder, reference=reference))
    return tuple(editions)


def _read_edition(table: Table, above: list[Edition], *, folder: Path, reference: Path | None) -> Edition:
    refuse_unknown(table, ("name", "folder", "spellings"))
    name = take_text(table, "name")
    if name in [one.name for one in above]:
        raise fault(table, "name", f"is `{name}`, as that of an edition above", remedy="Give each a name of its own.")
    path = take_text(table, "folder")
    place = (folder / path).resolve()
    if not place.is_dir() or not place.is_relative_to(folder.resolve()):
        remedy = "Put the handout's files into a folder beside assignment.toml, and name it."
        raise fault(table, "folder", f"is `{path}`, which is no folder of this assignment", remedy=remedy)
    spellings = _read_spellings(take_table(table, "spellings", default={}), above, reference=reference)
    return Edition(name, place.relative_to(folder.resolve()).as_posix(), spellings)


def _read_spellings(table: Table, above: list[Edition], *, reference: Path | None) -> dict[str, str]:
    """Return the names of this edition for ours. Raises CourseError for names that can't be, or mean two things."""
    known = names_defined_in(reference) if reference is not None and table.values else frozenset()
    taken = {theirs: ours for one in above for theirs, ours in one.spellings.items()}
    found: dict[str, str] = {}
    for theirs in table.values:
        ours = take_text(table, theirs)
        if not (theirs.isidentifier() and ours.isidentifier()):
            raise fault(table, theirs, f'is "{ours}"; expected two names', remedy='Write `their_name = "our_name"`.')
        if reference is not None and ours not in known:
            problem = f"is for `{ours}`, which the reference does not define"
            raise fault(table, theirs, problem, remedy=suggest(ours, sorted(known)))
        if theirs in known:
            problem = "is a name that the reference defines itself"
            raise fault(table, theirs, problem, remedy="Leave out names that are spelled alike.")
        if taken.get(theirs, ours) != ours:
            problem = f"is for `{ours}`, and for `{taken[theirs]}` in an edition above"
            raise fault(table, theirs, problem, remedy="One spelling can stand for one name only.")
        found[theirs] = ours
    return found
