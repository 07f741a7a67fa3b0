"""How a notebook becomes modules: which file, under which names, and before which cell each state ends.

`grader.submissions.notebook_intake` writes it beside the cells; `grader.sandbox.inside.notebook_modules` reads it
inside the wall.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

PLAN_FILE = "checks/notebook-plan.json"  # in a folder that no student's file can be in
DEFAULT_MODULE = "notebook"


@dataclass(frozen=True, slots=True)
class NotebookState:
    """Name a module that holds the notebook as it was before one of its cells; `cell` is None for the whole."""

    module: str
    task: str = ""
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class NotebookPlan:
    """Hold what the sandbox needs to make modules out of a notebook.

    `file` lies below the submission's folder and was written by `grader.notebooks.document.write_notebook`. `methods`
    are those of the reference's classes, by name: with them a class that goes by another name is recognised.
    """

    file: str
    states: tuple[NotebookState, ...]
    statement_s: float = 2.0
    methods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def write_plan(plan: NotebookPlan) -> bytes:
    """Return a plan as JSON."""
    return json.dumps(asdict(plan), indent=1).encode()


def read_plan(content: bytes) -> NotebookPlan:
    """Read what `write_plan` wrote."""
    tree = json.loads(content)
    states = tuple(NotebookState(**state) for state in tree["states"])
    methods = {name: tuple(names) for name, names in tree["methods"].items()}
    return NotebookPlan(tree["file"], states, tree["statement_s"], methods)


def module_of_task(task: str, *, module: str = DEFAULT_MODULE) -> str:
    """Return the name of the module that holds the notebook as it was when a task was checked: `notebook_mlp`."""
    return f"{module}_{task.replace('-', '_')}"
