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
    "notebook.py": "reference/{slug}/{notebook}.py",
    "variant.py": "tests/assignments/{slug}/variants/other-functions/{module}.py",
}
_PLACE = "tests/assignments/{slug}/{name}"


def start_assignment(course: Path, slug: str, *, numpy: bool, notebook: bool = False) -> list[Path]:
    """Write a new assignment into a folder, a course or an empty one; record it, and make its kit. Return its files.

    With `numpy` students write NumPy, else PyTorch; a `notebook`, else a package. Raises CourseError for a name that is
    none, or one that is taken.
    """
    refuse_name(course, slug)
    written = []
    script = notebook_name(slug)
    module = script if notebook else "student"
    for name, text in _starter_files(numpy=numpy, notebook=notebook).items():
        place = _PLACES.get(name, _PLACE).format(slug=slug, name=name, notebook=script, module=module)
        written.append(write_new(course / place, text.replace("SLUG", slug).replace("NOTEBOOK", script)))
    assignment = read_assignment(course, slug)
    record_assets(assignment, write=True)
    write_template(read_assignment(course, slug), course / "student_template" / slug)
    return written


def notebook_name(slug: str) -> str:
    """Return what the script of an assignment's notebook is called, and the notebook itself, without the suffix."""
    return slug.replace("-", "_")


def write_new(file: Path, text: str) -> Path:
    """Write a file and the folders that it needs; return it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def refuse_name(course: Path, slug: str) -> None:
    """Raise CourseError for a name that is none, or one that is taken in the course."""
    if not _SLUG.fullmatch(slug):
        raise CourseError(
            f"`{slug}` can't be the name of an assignment.", remedy="Use small letters, digits and `-`: `homework-1`."
        )
    for taken in (f"tests/assignments/{slug}", f"reference/{slug}", f"assets/{slug}", f"student_template/{slug}"):
        if (course / taken).exists():
            raise CourseError(f"{course / taken} is there already; nothing was written.", remedy="Choose another name.")


def _starter_files(*, numpy: bool, notebook: bool) -> dict[str, str]:
    """Return the files of a starter by name; a notebook's own stand in place of the package's."""
    files = _files_of("numpy" if numpy else "package")
    if not notebook:
        return files
    mistakes = files["mistakes.toml"].replace("student.py", "NOTEBOOK.py")
    words = {"mistakes.toml": mistakes, "text.md": files["text.md"].replace("student.py", "NOTEBOOK.ipynb")}
    words["text.md"] = words["text.md"].replace("into `q1`", "below it")
    del files["student.py"]
    return {**files, **words, **_files_of("notebook-numpy" if numpy else "notebook")}


def _files_of(kind: str) -> dict[str, str]:
    folder = resources.files("grader.authoring") / _STARTER / kind
    return {
        file.name.removesuffix(".txt"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda one: one.name)
        if file.name.endswith(".txt")
    }
