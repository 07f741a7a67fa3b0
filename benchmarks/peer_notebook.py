"""Write the mini course's three tasks as the notebooks and test files that otter-grader and nbgrader grade.

The checks' text comes from `peer_checks.py`, what students wrote from `synthetic.py`; `peer_tools.py` runs the graders.
"""

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass

import nbformat
import peer_checks
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from synthetic import Kind, source_of


@dataclass(frozen=True)
class Check:
    """Hold one check as the other graders have it; points are whole numbers with the tasks' sums of the mini course."""

    function: Callable[[type], None]
    points: int
    hidden: bool = False


@dataclass(frozen=True)
class Task:
    """Hold a task: the class that students write, and its checks."""

    name: str
    student_class: str
    checks: tuple[Check, ...]

    @property
    def points(self) -> int:
        """Return what the task can earn."""
        return sum(check.points for check in self.checks)


TASKS = (
    Task(
        "leaky_relu",
        "LeakyReLU",
        (Check(peer_checks.leaky_relu_forward, 2), Check(peer_checks.leaky_relu_backward, 2)),
    ),
    Task(
        "linear",
        "Linear",
        (Check(peer_checks.linear_forward, 2), Check(peer_checks.linear_backward, 4, hidden=True)),
    ),
    Task(
        "momentum_sgd",
        "MomentumSGD",
        (Check(peer_checks.momentum_sgd_first_step, 2), Check(peer_checks.momentum_sgd_four_steps, 3, hidden=True)),
    ),
)
POINTS = sum(task.points for task in TASKS)
_KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def written_classes(kind: Kind, number: int) -> dict[str, str]:
    """Return the source of each class that student `number` wrote; no two students wrote the same."""
    source = source_of(kind, number)
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    texts = {node.name: ast.get_source_segment(source, node) or "" for node in classes}
    return {name: f"# Student {number}\n{text}" for name, text in texts.items()}


def otter_test_file(task: Task) -> str:
    """Return a task's checks in otter's format of functions that raise."""
    parts = ["import torch\nfrom otter.test_files import test_case\n", "OK_FORMAT = False\n", f'name = "{task.name}"']
    for check in task.checks:
        decorator = f"@test_case(points={check.points}, hidden={check.hidden})"
        parts.append(f"\n\n{decorator}\n{inspect.getsource(check.function)}")
    return "\n".join(parts)


def otter_notebook(kind: Kind, number: int) -> NotebookNode:
    """Return what student `number` hands in, with the cells that otter gives to students."""
    classes = written_classes(kind, number)
    cells = [
        new_code_cell('# Initialize Otter\nimport otter\n\ngrader = otter.Notebook("mini.ipynb")'),
        new_markdown_cell("# Mini: three small tasks"),
        new_code_cell("import torch"),
    ]
    for task in TASKS:
        cells += [new_code_cell(classes[task.student_class]), new_code_cell(f'grader.check("{task.name}")')]
    return new_notebook(cells=cells, metadata=_KERNEL)


def nbgrader_source() -> NotebookNode:
    """Return the instructor's notebook, of which `nbgrader generate_assignment` makes the students'."""
    solutions = written_classes(Kind.PERFECT, 0)
    cells = [
        _nbgrader_cell(new_markdown_cell("# Mini: three small tasks"), "title", locked=True),
        _nbgrader_cell(new_code_cell("import torch"), "imports", locked=True),
    ]
    for task in TASKS:
        solution = f"### BEGIN SOLUTION\n{solutions[task.student_class]}\n### END SOLUTION"
        cells.append(_nbgrader_cell(new_code_cell(solution), task.name, solution=True))
        cells += [_nbgrader_test_cell(check, task) for check in task.checks]
    return new_notebook(cells=cells, metadata=_KERNEL)


def nbgrader_submission(released: NotebookNode, kind: Kind, number: int) -> NotebookNode:
    """Return the released notebook as student `number` filled it in."""
    filled = nbformat.from_dict(released)
    classes = written_classes(kind, number)
    by_task = {task.name: classes[task.student_class] for task in TASKS}
    for cell in filled.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in by_task:
            cell.source = by_task[grade_id]
    return filled


def _nbgrader_test_cell(check: Check, task: Task) -> NotebookNode:
    text = f"{inspect.getsource(check.function)}\n\n{check.function.__name__}({task.student_class})"
    if check.hidden:
        text = f"### BEGIN HIDDEN TESTS\n{text}\n### END HIDDEN TESTS"
    return _nbgrader_cell(new_code_cell(text), check.function.__name__, points=check.points, locked=True)


def _nbgrader_cell(
    cell: NotebookNode, grade_id: str, *, points: int | None = None, locked: bool = False, solution: bool = False
) -> NotebookNode:
    kind = {"grade": points is not None, "solution": solution, "locked": locked, "task": False}
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": grade_id, "cell_type": cell.cell_type, **kind}
    if points is not None:
        cell.metadata["nbgrader"]["points"] = points
    return cell
