"""Begins a course: a small assignment that is complete, audits green at once, and says in each file what to change.

`grader.commands.new` calls it; the files lie in `grader/authoring/starter/`.
"""

import re
from importlib import resources
from pathlib import Path

from grader.authoring.record import record_assets
from grader.authoring.template import write_template
from grader.courses.course import read_assignment
from grader.errors import CourseError

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_STARTER = "starter"
_PLACES = {
    "student.py": "reference/{slug}/student.py",
    "variant.py": "tests/assignments/{slug}/variants/other-functions/student.py",
}
_PLACE = "tests/assignments/{slug}/{name}"


def start_assignment(course: Path, slug: str, *, numpy: bool) -> list[Path]:
    """Write a new assignment into a folder, a course or an empty one; record it, and make its kit. Return its files.

    With `numpy` students write NumPy, else PyTorch. Raises CourseError for a name that is none, or one that is taken.
    """
    if not _SLUG.fullmatch(slug):
        raise CourseError(
            f"`{slug}` can't be the name of an assignment.", remedy="Use small letters, digits and `-`: `homework-1`."
        )
    for taken in (f"tests/assignments/{slug}", f"reference/{slug}", f"assets/{slug}", f"student_template/{slug}"):
        if (course / taken).exists():
            raise CourseError(f"{course / taken} is there already; nothing was written.", remedy="Choose another name.")
    written = []
    for name, text in _starter_files("numpy" if numpy else "package").items():
        file = course / _PLACES.get(name, _PLACE).format(slug=slug, name=name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("SLUG", slug), encoding="utf-8")
        written.append(file)
    assignment = read_assignment(course, slug)
    record_assets(assignment, write=True)
    write_template(read_assignment(course, slug), course / "student_template" / slug)
    return written


def _starter_files(kind: str) -> dict[str, str]:
    """Return the files of a starter by name."""
    folder = resources.files("grader.authoring") / _STARTER / kind
    return {
        file.name.removesuffix(".txt"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda one: one.name)
        if file.name.endswith(".txt")
    }
