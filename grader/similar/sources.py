"""Read the code that students handed in, for comparing it: the files of a package, the code cells of a notebook.

`grader.similar.similarity` compares it; nothing of it is run.
"""

from collections.abc import Iterable, Mapping

from grader.authoring.template import plan_template
from grader.courses.assignment import Assignment
from grader.errors import GraderError
from grader.notebooks.document import CellKind, read_notebook
from grader.similar.similarity import CodePart, Work
from grader.submissions.submission import KIT_FOLDER, Found, read_submission

_MOST_LETTERS = 300_000  # of a file or a cell


def read_works(founds: Iterable[Found], assignment: Assignment) -> tuple[tuple[Work, ...], tuple[tuple[str, str], ...]]:
    """Return the code of each submission, and the name of each that can't be read with the reason."""
    works: list[Work] = []
    unread: list[tuple[str, str]] = []
    for found in founds:
        try:
            works.append(Work(found.name, _parts(read_submission(found, assignment).files)))
        except Exception as error:  # one submission never ends the search in all others
            unread.append((found.name, error.message if isinstance(error, GraderError) else repr(error)))
    return tuple(works), tuple(unread)


def read_template(assignment: Assignment) -> Work:
    """Return the code that students begin with: stubs and what the course gives. Raises CourseError for a kit."""
    files = plan_template(assignment)
    own = {path: content for path, content in files.items() if not path.startswith(KIT_FOLDER)}
    return Work("the template", _parts(own))


def _parts(files: Mapping[str, bytes]) -> tuple[CodePart, ...]:
    parts: list[CodePart] = []
    for path, content in files.items():
        if path.endswith(".ipynb"):
            cells = read_notebook(content, name=path).cells
            parts += [CodePart(f"cell {cell.number}", cell.source) for cell in cells if cell.kind is CellKind.CODE]
        elif path.endswith(".py"):
            parts.append(CodePart(path, content.decode("utf-8", "replace")))
    return tuple(CodePart(part.name, _plain(part.code)) for part in parts)


def _plain(code: str) -> str:
    """Return code with line ends of one kind, cut where it is too long."""
    return code[:_MOST_LETTERS].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
