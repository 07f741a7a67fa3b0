"""Describe exceptions beside the student's code: type, message, the student's own frames, and whose code raised them.

`grader.sandbox.inside.probe_process` sends the reports; `grader.sandbox.outside.replies` reads them on the other side.
"""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from grader.probes import is_probes_file
from grader.sandbox.inside.notebook_names import explain_in_notebook

_MAX_MESSAGE = 4000
_MAX_FRAMES = 30
_MAX_NAMES = 300
_MAX_NAME = 60
# These call the code or look its names up; nothing in them is anybody's mistake.
_PASSING_ON = {str(Path(__file__).with_name(name)) for name in ("probe_process.py", "student_files.py")}
Places = Path | Callable[[str], str]
"""Where the student's code is: below a folder, or wherever a function knows a name for its file ("" for others')."""


def report_of(err: BaseException, *, root: Places, phase: str) -> dict[str, Any]:
    """Describe an exception that came in a phase ("import" or "probe"), with the student's frames.

    The student's own `__str__` may do anything, so it is called here, inside.
    """
    err, wanted = explain_in_notebook(err)
    try:
        message = str(err)[:_MAX_MESSAGE]
    except BaseException:
        message = "(its message could not be read)"
    frames, raised_in, author = _student_frames(err.__traceback__, root=root)
    if isinstance(err, SyntaxError) and err.filename and _relative(err.filename, root):
        place = [_relative(err.filename, root), err.lineno or 0, "", (err.text or "").strip()[:300]]
        frames, raised_in = [*frames, place], "student"
        message = str(err.msg)[:_MAX_MESSAGE]
    bases = [cls.__name__ for cls in type(err).__mro__[:10]]
    return {
        "type": type(err).__name__,
        "message": message,
        "bases": bases,
        "frames": frames[-_MAX_FRAMES:],
        "raised_in": raised_in,
        "phase": "definition" if wanted else phase,
        "module": wanted,
        "author": author,
        "present": _names_beside(err),
    }


def _names_beside(err: BaseException) -> list[str]:
    """Return the names that a module, class or object has where one was looked for, imported modules apart."""
    owner = err.obj if isinstance(err, AttributeError) else None
    if isinstance(err, ImportError) and type(err) is ImportError:
        owner = sys.modules.get(err.name or "")
    try:
        held = vars(owner) if isinstance(owner, ModuleType) else {}
        names = [name for name in dir(owner) if owner is not None and type(name) is str and not name.startswith("_")]
        names = [name for name in names if not isinstance(held.get(name), ModuleType)]  # `nn` is no misspelled `CNN`
    except Exception:  # a student's own `__dir__` may do anything
        return []
    return [name[:_MAX_NAME] for name in names[:_MAX_NAMES]]


def place_in(root: Places, filename: str, line: int) -> tuple[str, int]:
    """Return the place of a line of the student's code, ("", 0) of another's."""
    file = _relative(filename, root)
    return (file, line) if file else ("", 0)


def _student_frames(trace: TracebackType | None, *, root: Places) -> tuple[list[list[Any]], str, list[Any]]:
    """Return the frames in the student's files, who owns the innermost frame, and the innermost one of the probes."""
    frames: list[list[Any]] = []
    raised_in, author = "probe", []
    for line in traceback.StackSummary.extract(traceback.walk_tb(trace), limit=-500):
        name = _relative(line.filename, root)
        if name:
            raised_in = "student"
            frames.append([name, line.lineno or 0, line.name, (line.line or "")[:300]])
        elif is_probes_file(line.filename):
            raised_in = "probe"
            author = [line.filename, line.lineno or 0, line.name, (line.line or "")[:300]]
        elif "importlib" not in line.filename and line.filename not in _PASSING_ON:
            raised_in = "library"
    return frames, raised_in, author


def _relative(filename: str, root: Places) -> str:
    if not isinstance(root, Path):
        return root(filename)
    path = Path(filename)
    return path.relative_to(root).as_posix() if path.is_absolute() and path.is_relative_to(root) else ""
