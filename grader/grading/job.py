"""What is asked of a grading process: an order for all of its submissions, and a job for each of them.

`grader.runs.plan` makes the jobs, an executor (`grader.runs.executor`) has them done, `grader.grading.grade` does them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from grader.courses.assignment import Assignment
from grader.courses.personal import NOBODY, Personal
from grader.submissions.found import Found


@dataclass(frozen=True, slots=True)
class Order:
    """Say what is the same for all submissions: which course's assignment, behind which wall, which tasks.

    `tasks` are the only ones to grade, None for all of them. `executed` is the folder for executed copies of notebooks,
    None where they are not run as a whole. With the `device` "cuda" checks that need a graphics card are run as well.
    `key` is the run's secret: with the same one, student code draws the same random numbers again. With `apart` each
    probe has a process of its own, and checks run in the opposite order: for an audit, which compares.
    """

    course: Path
    assignment: Assignment
    wall: str
    tasks: tuple[str, ...] | None = None
    executed: Path | None = None
    device: str = "cpu"
    key: str = ""
    apart: bool = False

    def includes(self, task: str) -> bool:
        """Tell whether a task is to be graded."""
        return self.tasks is None or task in self.tasks

    @property
    def graded(self) -> Assignment:
        """Return the assignment with only the tasks that are to be graded."""
        return replace(self.assignment, tasks=tuple(task for task in self.assignment.tasks if self.includes(task.name)))


@dataclass(frozen=True, slots=True)
class Job:
    """Name a submission to grade; `tasks` are the only ones of the order to grade, None for all of them.

    `checks` are the only ones to run, None for all of these tasks. Checks that others come after are run as well; those
    of tasks that were not asked for are not in the result. With `checks` nothing is told of the submission as a whole:
    neither text answers nor how its notebook was read. `packed` is a file that holds the submission as
    `grader.submissions.packing` packed it, read in place of what was found. `personal` says for whom
    checks draw data of each student's own. `patient` counts what probes compute rather than the seconds by the clock:
    for what timed out beside others.
    """

    found: Found
    tasks: tuple[str, ...] | None = None
    checks: tuple[str, ...] | None = None
    packed: Path | None = None
    personal: Personal = NOBODY
    patient: bool = False
