"""What a notebook finds in Jupyter and a module does not: `display`, `get_ipython` and widgets.

`grader.sandbox.inside.notebook_modules` prepares it before the first cell runs.
"""

from types import ModuleType
from typing import Any

from grader.sandbox.inside.widget_stand_in import offer_widgets


class QuietShell:
    """Stand in for IPython's shell: takes every call and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return QuietShell()

    def __call__(self, *_arguments: Any, **_options: Any) -> None:
        """Do nothing."""


def prepare_surroundings(module: ModuleType) -> None:
    """Give a module the names that IPython puts into a notebook."""
    offer_widgets()
    shell = QuietShell()
    module.__dict__.update(get_ipython=lambda: shell, display=lambda *_shown, **_options: None)
