"""Find a course or a students' kit on disk and read its assignments.

`grader.courses.assignment_file` reads the file itself; `grader.courses.assignment` holds the data that comes out.
"""

from dataclasses import replace
from pathlib import Path

from grader.courses.assignment import (
    CHECKS_FOLDER,
    Assignment,
    HandedIn,
    SandboxSettings,
    Scoring,
    SubmissionKind,
    Task,
    check_files,
    is_hidden_file,
)
from grader.courses.assignment_file import ASSIGNMENT_FILE, Home, read_assignment_file
from grader.courses.manifest import key_in
from grader.courses.toml_table import suggest
from grader.errors import CourseError

__all__ = [
    "Assignment",
    "HandedIn",
    "SandboxSettings",
    "Scoring",
    "SubmissionKind",
    "Task",
    "check_files",
    "find_course",
    "is_hidden_file",
    "kit_above",
    "list_slugs",
    "read_assignment",
    "read_kit",
]


def find_course(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds `tests/assignments/`.

    Raises CourseError where there is none, or where `start` isn't there: then another course is not meant.
    """
    if not start.exists():
        raise CourseError(f"There is no folder {start}.", remedy="Look for a slip in the path, or leave it out here.")
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / "tests" / "assignments").is_dir():
            return folder
    raise CourseError(
        f"{here} is not in a course: no folder from there up holds `tests/assignments/`.",
        remedy="Go to the course's folder, or name it with `--course PATH`.",
    )


def list_slugs(course: Path) -> tuple[str, ...]:
    """Return the slugs of a course's assignments, sorted."""
    files = (course / "tests" / "assignments").glob(f"*/{ASSIGNMENT_FILE}")
    return tuple(sorted(file.parent.name for file in files))


def read_assignment(course: Path, slug: str) -> Assignment:
    """Read one assignment of a course."""
    slugs = list_slugs(course)
    if slug not in slugs:
        raise CourseError(f"{course} has no assignment `{slug}`.", remedy=_name_others(slug, slugs))
    home = Home(
        slug=slug,
        folder=course / "tests" / "assignments" / slug,
        assets=course / "assets" / slug,
        reference=course / "reference" / slug,
    )
    return replace(read_assignment_file(home), key=key_in(home.assets))


def read_kit(folder: Path) -> Assignment | None:
    """Read the assignment of a students' kit; return None if the folder is not a kit."""
    checks = folder / CHECKS_FOLDER
    if not (checks / ASSIGNMENT_FILE).is_file():
        return None
    slug = folder.resolve().name or "kit"
    return read_assignment_file(Home(slug=slug, folder=checks, assets=checks / "assets", reference=None))


def kit_above(path: Path) -> Path | None:
    """Return the nearest folder at or above `path` that is a students' kit, None where there is none."""
    here = path.resolve()
    return next(
        (folder for folder in (here, *here.parents) if (folder / CHECKS_FOLDER / ASSIGNMENT_FILE).is_file()), None
    )


def _name_others(slug: str, slugs: tuple[str, ...]) -> str:
    if not slugs:
        return f"It has none yet: add `tests/assignments/{slug}/{ASSIGNMENT_FILE}`."
    known = "It has: " + ", ".join(f"`{name}`" for name in slugs) + "."
    hint = suggest(slug, slugs)
    return f"{hint} {known}" if hint.startswith("Did you mean") else known
