"""What a submission, or one of its tasks, cost: computing, waiting and memory of its probes, added up over its checks.

`grader.export.results_json` writes it, `grader.report` shows it to the instructor, `grader.runs.progress` adds it up.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from grader.results.verdict import CheckResult, SubmissionResult, TaskResult

_MOST_DEAR = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """Hold CPU seconds, seconds of waiting in the student's own code, and the most memory in MiB; 0 where unknown."""

    cpu_s: float = 0.0
    waited_s: float = 0.0
    peak_mib: float = 0.0

    @property
    def is_mostly_waiting(self) -> bool:
        """Tell whether more of the student's time went by asleep or waiting than computing."""
        return self.waited_s > self.cpu_s


def cost_of(result: SubmissionResult) -> Cost:
    """Return what a submission's checks cost."""
    return _sum(check for task in result.tasks for check in task.checks)


def cost_of_task(task: TaskResult) -> Cost:
    """Return what a task's checks cost."""
    return _sum(task.checks)


def dearest_tasks(result: SubmissionResult) -> list[TaskResult]:
    """Return the tasks on which most time was spent, computing or waiting, the dearest first."""
    spent = {task.name: cost.cpu_s + cost.waited_s for task in result.tasks if (cost := cost_of_task(task))}
    dear = sorted((task for task in result.tasks if spent[task.name]), key=lambda task: -spent[task.name])
    return dear[:_MOST_DEAR]


def _sum(checks: Iterable[CheckResult]) -> Cost:
    counted = list(checks)
    return Cost(
        cpu_s=round(sum(check.cpu_s for check in counted), 3),
        waited_s=round(sum(check.waited_s for check in counted), 3),
        peak_mib=max((check.peak_mib for check in counted), default=0.0),
    )
