"""Check from within a notebook: `grader.check("mlp")` and the magics `%check mlp` and `%%check mlp`.

Like the command line it prints and turns errors into sentences; `grader.live.checks` does the work. Without a kit, as
in a sandbox, it says so before anything heavy is imported.
"""

import contextlib
import re
import shlex
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from grader.errors import GraderError

if TYPE_CHECKING:
    from grader.live.source import Cells
    from grader.results.verdict import SubmissionResult, TaskResult

_KIT_FILE = "checks/assignment.toml"


@dataclass(frozen=True, slots=True)
class NotebookCard:
    """Hold a result as text and as HTML, so that every front end can show one of them."""

    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def add_magic(shell: Any) -> None:
    """Give a shell the magic `check`: as `%check mlp`, and as `%%check mlp` above the code of a cell."""
    if "torchvision" not in sys.modules and not any(isinstance(one, _BeforeTorchvision) for one in sys.meta_path):
        sys.meta_path.insert(0, _BeforeTorchvision())
    shell.register_magic_function(lambda line, cell=None: _run_magic(shell, line, cell), "line_cell", "check")
    if _one_percent not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(_one_percent)


class _BeforeTorchvision(MetaPathFinder):
    """Make torchvision importable beside a torch that it was not built for, once somebody imports it."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        """Find nothing, but declare the operators that the import of torchvision will look up."""
        if name == "torchvision":
            from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

            sys.meta_path.remove(self)
            make_torchvision_importable()


def _one_percent(lines: list[str]) -> list[str]:
    """Return the cell with one percent sign if it holds only the magic: IPython wants just one there."""
    rest = [line for line in lines if line.strip()]
    alone = len(rest) == 1 and rest[0].split()[0] == "%%check"
    return [rest[0].lstrip()[1:]] if alone else lines


def _run_magic(shell: Any, line: str, cell: str | None) -> None:
    """Run the cell, if there is one, and check the tasks that the line names; `kit=PATH` names the kit."""
    words = _words_of(line)
    kit = next((word.removeprefix("kit=") for word in words if word.startswith("kit=")), None)
    tasks = [word for word in words if not word.startswith("kit=")]
    if cell is not None and cell.strip():
        head = "" if cell.lstrip().startswith("%%") else "# the magic's own line\n"  # so that lines keep their numbers
        if not shell.run_cell(head + cell).success:
            _say("The cell above failed, so nothing was checked.")
            return
    show_check(tasks, kit=kit)


def _words_of(line: str) -> list[str]:
    """Split a magic's line as a shell does, but for backslashes: these are in the paths of Windows."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    return list(lexer)


def show_check(tasks: Sequence[str], *, kit: object = None) -> None:
    """Check tasks, or all but the long ones where none is named, and show the result.

    Whatever goes wrong is told in a sentence and never raised.
    """
    try:
        folder = find_kit(kit)
        if folder is None:
            _say(
                f"Nothing was checked: neither {Path.cwd()} nor a folder above it holds the assignment's `checks`. "
                'Name the assignment\'s folder: `grader.check("…", kit="path")`.'
            )
            return
        _show(_check(folder, tasks or None))
    except KeyboardInterrupt:
        _say("Stopped: nothing was checked to the end.")
    except GraderError as err:
        _say(f"Nothing was checked: {err}")
    except Exception:  # a mistake of ours, which must not stop the student's notebook
        traceback.print_exc()
        _say("The grader itself failed, not your code. Please report the lines above.")


def find_kit(kit: object) -> Path | None:
    """Return the kit that is named, else the nearest at or above the working folder, or None if there is none."""
    if kit is not None:
        folder = Path(str(kit)).expanduser().resolve()
        folder = folder.parent if folder.name == "checks" else folder
        return folder if (folder / _KIT_FILE).is_file() else None
    here = Path.cwd().resolve()
    return next((folder for folder in (here, *here.parents) if (folder / _KIT_FILE).is_file()), None)


def _check(folder: Path, tasks: Sequence[str] | None) -> NotebookCard:
    from grader.live.checks import check_live

    shell = _shell()
    module: ModuleType = shell.user_module if shell is not None else sys.modules["__main__"]
    with _breakpoints(shell):
        result = check_live(folder, tasks, module=module, cells=_cells(shell))
    return _card(result, is_all=tasks is None)


@contextlib.contextmanager
def _breakpoints(shell: Any) -> Iterator[None]:
    """Let `breakpoint()` stop in the notebook: Jupyter's own hook does nothing unless its debugger is switched on."""
    before, debugpy = sys.breakpointhook, sys.modules.get("debugpy")
    if shell is not None and not (debugpy is not None and debugpy.is_client_connected()):
        sys.breakpointhook = _stop_here
    try:
        yield
    finally:
        sys.breakpointhook = before


def _stop_here(*_arguments: Any, **_options: Any) -> None:
    from IPython.core.debugger import set_trace

    set_trace(sys._getframe(1))  # type: ignore[no-untyped-call]


def _shell() -> Any:
    """Return IPython's shell, None outside of it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _cells(shell: Any) -> "Cells":
    from grader.live.source import Cells

    counts = getattr(getattr(shell, "compile", None), "_filename_map", {})
    history = getattr(getattr(shell, "history_manager", None), "input_hist_raw", [])
    return Cells(tuple(history), dict(counts))


def _card(result: "SubmissionResult", *, is_all: bool) -> NotebookCard:
    from rich.console import Console

    from grader.report.notebook_card import render_card
    from grader.report.terminal import next_step, print_scorecard, sum_in_words

    printed = StringIO()
    console = Console(file=printed, width=100, highlight=False, color_system=None, force_jupyter=False)
    print_scorecard(console, result)
    command, ours = next_step(result.tasks), _next_call(result.tasks) if is_all else ""
    text = re.sub(r"\s+".join(map(re.escape, command.split())), lambda _found: ours, printed.getvalue())
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    words = f"{sum_in_words(result).removesuffix(command)}{ours}".strip()
    return NotebookCard("\n".join(lines), render_card(result, words=words))


def _next_call(tasks: "Sequence[TaskResult]") -> str:
    for task in tasks:
        if any(check.is_lost for check in task.checks):
            return f'Next: `grader.check("{task.name}")`.'
    return ""


def _show(card: NotebookCard) -> None:
    if _shell() is None:
        print(card)  # noqa: T201 - this is where a notebook is spoken to
        return
    from IPython.display import display

    display(card)  # type: ignore[no-untyped-call]


def _say(sentence: str) -> None:
    from grader.results.plain_text import visible

    print(f"grader: {visible(sentence)}")  # noqa: T201
