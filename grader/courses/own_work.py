"""Find what a student's command is about: the assignment, and the folder or file that is the student's work.

`grader.commands.check` then grades that alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.courses.assignment import CHECKS_FOLDER, Assignment, SubmissionKind
from grader.courses.course import find_course, kit_above, list_slugs, read_assignment, read_kit
from grader.errors import CourseError

_IS_SCRIPT_OF_CELLS = b"# %%"


@dataclass(frozen=True, slots=True)
class OwnWork:
    """Point at somebody's own work, a folder or one notebook, and at the assignment that it is for."""

    assignment: Assignment
    path: Path


def find_own_work(path: Path, *, slug: str | None = None, course: Path | None = None) -> OwnWork:
    """Return the work that a folder or a file belongs to.

    The nearest students' kit at or above `path` is its assignment; with a slug of another assignment, or a course, it
    is the course's that is named or whose files lie there. Raises CourseError with what to do; only where there is a
    course, or was one named, does it speak of courses.
    """
    if not path.exists():
        raise CourseError(
            f"{path} does not exist.", remedy="Go to the folder of your assignment and run `grader check`."
        )
    path = path.resolve()
    folder = kit_above(path) if course is None else None
    kit = read_kit(folder) if folder is not None else None
    if folder is not None and kit is not None and slug in (None, kit.slug):
        return OwnWork(kit, _work_in(folder, path, kit))
    return _work_in_course(path, _course_near(path, course, is_author=slug is not None), slug=slug)


def _work_in(kit: Path, path: Path, assignment: Assignment) -> Path:
    """Return the kit, unless `path` is another folder with the required files or another notebook."""
    if path.is_dir():
        return path if _fits(path, assignment) else kit
    required = {(kit / name).resolve() for name in assignment.handed_in.required}
    is_checked_alone = (
        path not in required and kit / CHECKS_FOLDER not in path.parents and _is_notebook(path, assignment)
    )
    return path if is_checked_alone else kit


def _is_notebook(file: Path, assignment: Assignment) -> bool:
    if assignment.handed_in.kind is not SubmissionKind.NOTEBOOK:
        return False
    return file.suffix == ".ipynb" or (file.suffix == ".py" and _IS_SCRIPT_OF_CELLS in file.read_bytes())


def _work_in_course(path: Path, course: Path, *, slug: str | None) -> OwnWork:
    if slug is not None:
        assignment = read_assignment(course, slug)
        if path.is_dir() or _is_notebook(path, assignment):
            return OwnWork(assignment, path)
        folders = (folder for folder in path.parents if _fits(folder, assignment))
        return OwnWork(assignment, next(folders, path.parent))
    assignments = [read_assignment(course, name) for name in list_slugs(course)]
    folder, fitting = _nearest_fitting(path, course, assignments)
    named = [assignment for assignment in fitting if assignment.slug == folder.name]
    if len(fitting) == 1 or named:
        return OwnWork((named or fitting)[0], folder)
    slugs = ", ".join(assignment.slug for assignment in fitting)
    raise CourseError(
        f"{folder} could belong to {slugs}." if fitting else f"{path} holds no assignment.",
        remedy=f"Name it: `grader check --assignment SLUG` ({', '.join(list_slugs(course))}).",
    )


def _nearest_fitting(path: Path, course: Path, assignments: Sequence[Assignment]) -> tuple[Path, list[Assignment]]:
    """Return the nearest folder, in the course from `path` upwards, that fits assignments, and those."""
    own = path if path.is_dir() else path.parent
    for folder in (own, *own.parents):
        fitting = [assignment for assignment in assignments if _fits(folder, assignment)]
        if fitting or folder == course or not folder.is_relative_to(course):
            break
    return folder, fitting


def _course_near(path: Path, course: Path | None, *, is_author: bool) -> Path:
    if course is not None:
        return find_course(course)
    for start in (path if path.is_dir() else path.parent, Path()):
        try:
            return find_course(start)
        except CourseError:
            continue
    if is_author:
        return find_course(Path())
    raise CourseError(
        f"There is no assignment here: neither {path} nor a folder above it holds `{CHECKS_FOLDER}/assignment.toml`.",
        remedy="Go to the folder that you were given for the assignment, the one with the folder "
        f"`{CHECKS_FOLDER}` in it, and run `grader check` there.",
    )


def _fits(folder: Path, assignment: Assignment) -> bool:
    return any((folder / name).is_file() for name in assignment.handed_in.required)
