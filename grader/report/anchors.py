"""Names the places on a scorecard that other pages and other parts of it link to.

`grader.report.task_view` puts them on the page; `grader.report.explanations` and `grader.report.class_page` link there.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Linked:
    """Name a check and its place on the page."""

    title: str
    anchor: str


def task_anchor(position: int) -> str:
    """Return the anchor of the task at `position` (from 0) of a submission's tasks."""
    return f"task-{position + 1}"


def check_anchor(task: str, position: int) -> str:
    """Return the anchor of the check at `position` (from 0) of the task whose anchor is `task`."""
    return f"{task}-check-{position + 1}"
