"""Find the assignment that a student's folder belongs to.

`grader.commands.check` then grades that folder alone.
"""

from pathlib import Path

from grader.courses.assignment import Assignment
from grader.courses.course import find_course, list_slugs, read_assignment, read_kit
from grader.errors import CourseError


def find_assignment(path: Path, *, slug: str | None, course: Path | None) -> Assignment:
    """Return the assignment of a students' kit, else the course's that is named or whose files lie in `path`.

    Raises CourseError with what to add to the command.
    """
    if not path.exists():
        raise CourseError(
            f"{path} does not exist.", remedy="Go to the folder of your assignment and run `grader check`."
        )
    kit = read_kit(path) if path.is_dir() else None
    if kit is not None and slug in (None, kit.slug):
        return kit
    folder = _course_near(path, course)
    if slug is not None:
        return read_assignment(folder, slug)
    fitting = [name for name in list_slugs(folder) if _fits(path, read_assignment(folder, name))]
    if len(fitting) == 1:
        return read_assignment(folder, fitting[0])
    named = path.resolve().name
    if named in fitting:
        return read_assignment(folder, named)
    raise CourseError(
        f"{path.resolve()} could belong to {', '.join(fitting)}."
        if fitting
        else f"{path.resolve()} holds no assignment.",
        remedy=f"Name it: `grader check --assignment SLUG` ({', '.join(list_slugs(folder))}).",
    )


def _course_near(path: Path, course: Path | None) -> Path:
    if course is not None:
        return find_course(course)
    try:
        return find_course(path if path.is_dir() else path.parent)
    except CourseError:
        return find_course(Path())


def _fits(path: Path, assignment: Assignment) -> bool:
    return any((path / name).is_file() for name in assignment.handed_in.required)
