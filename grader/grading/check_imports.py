"""Let checks import the files of helpers beside them, `helpers*.py`, by their bare names and only while they load.

`grader.grading.plugin` opens it around the collection of checks.

Why: docs/decisions.md#helpers-by-file-name
"""

import contextlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from grader.courses.assignment import Assignment, helper_files
from grader.errors import CourseError


class _HelperFinder(MetaPathFinder):
    """Find the helpers of one assignment, before anything else of their names."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self._files.get(fullname)
        return importlib.util.spec_from_file_location(fullname, file) if file is not None else None


def find_helpers(assignment: Assignment) -> dict[str, Path]:
    """Return an assignment's files of helpers by the names of their modules. Raises CourseError."""
    files = helper_files(assignment)
    for file in files:
        if not file.stem.isidentifier():
            raise CourseError(f"{file} can't be imported by its name.", remedy="Use letters, digits and `_` only.")
    return {file.stem: file for file in files}


@contextlib.contextmanager
def importable_helpers(assignment: Assignment) -> Iterator[None]:
    """Let an assignment's helpers be imported, anew; afterwards their names are free again. Raises CourseError.

    Another assignment may have helpers of the same names, and a student a module.
    """
    files = find_helpers(assignment)
    finder = _HelperFinder(files)
    before = {name: sys.modules.pop(name) for name in files if name in sys.modules}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in files:
            sys.modules.pop(name, None)
        sys.modules.update(before)
