"""What a notebook finds in Jupyter and a module does not: `display`, `get_ipython` and widgets.

`grader.sandbox.inside.notebook_modules` prepares it before the first cell runs.
"""

from types import ModuleType
from typing import Any

from grader.notebooks.cell_source import to_python
from grader.sandbox.inside.widget_stand_in import offer_widgets


class QuietShell:
    """Stand in for IPython's shell: knows its names, runs the Python of magics, and does nothing else."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.user_ns = namespace

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        """Run the Python of a cell that exported notebooks hold as a text."""
        self.run_cell(f"%%{name} {line}\n{cell}")

    def run_line_magic(self, name: str, line: str, *_more: Any) -> None:
        """Do what a magic of one line does to the Python around it."""
        self.run_cell(f"%{name} {line}")

    def system(self, command: str) -> None:
        """Do what a line of the shell does to the Python around it."""
        self.run_cell(f"!{command}")

    def getoutput(self, command: str, *_more: Any) -> Any:
        """Return the lines that a command prints."""
        self.run_cell(f"_ = !{command}")
        return self.user_ns["_"]

    def run_cell(self, source: str, *_more: Any, **_options: Any) -> None:
        """Run the Python of a text."""
        exec(compile(to_python(source).python, "<cell>", "exec"), self.user_ns)  # noqa: S102 - behind the wall

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing()


class _Nothing:
    """Take every call and do nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing()

    def __call__(self, *_arguments: Any, **_options: Any) -> None:
        """Do nothing."""


def prepare_surroundings(module: ModuleType) -> None:
    """Give a module the names that IPython puts into a notebook."""
    offer_widgets()
    namespace = module.__dict__
    shell = QuietShell(namespace)
    namespace.update(get_ipython=lambda: shell, display=lambda *_shown, **_options: None)
    namespace.update(In=[""], Out={}, _="", __="", ___="")
