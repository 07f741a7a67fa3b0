"""Take no points for what a handout gives: parts of tasks that a submission has as an edition of the kit has them.

`grader.grading.grade` calls it with the results of the checks. `grader.submissions.definitions` reads the files.

Why: docs/decisions.md#what-is-given-earns-nothing
"""

from collections.abc import Mapping
from dataclasses import replace

from grader.courses.assignment import Assignment, Task
from grader.results.verdict import CheckResult, Feedback, Verdict
from grader.submissions.definitions import GIVEN_FILE, Definitions, bindings_in, read_definitions
from grader.submissions.editions import read_edition

_OWN = "the kit"


def without_given(
    results: Mapping[str, CheckResult], assignment: Assignment, *, files: Mapping[str, bytes]
) -> dict[str, CheckResult]:
    """Return results in which no check has passed whose task has only parts that an edition gives.

    A part is given where the submission defines it word for word as the edition does. All else stays as it is: what
    failed has cost its points, and given code that fails costs none beyond them.
    """
    tasks = {task.name: task for task in assignment.tasks if task.parts and task.points}
    if not tasks or not any(map(_earns, results.values())):
        return dict(results)
    editions = _editions(assignment)
    own = bindings_in(files) if editions else {}
    givers = {name: _giver(task, own, editions) for name, task in tasks.items()}
    return {
        name: _withheld(result, tasks[result.task], giver)
        if (giver := givers.get(result.task, "")) and _earns(result)
        else result
        for name, result in results.items()
    }


def _earns(result: CheckResult) -> bool:
    return result.verdict is Verdict.PASSED or result.is_partly_right


def _editions(assignment: Assignment) -> Mapping[str, Definitions]:
    """Return what each edition of the handout defines: what the kit's own record says, and the course's others."""
    record = assignment.assets / GIVEN_FILE
    found = {_OWN: read_definitions(record.read_bytes())} if record.is_file() else {}
    return found | {f"the edition “{one.name}”": bindings_in(read_edition(one, assignment)) for one in assignment.given}


def _giver(task: Task, own: Definitions, editions: Mapping[str, Definitions]) -> str:
    """Return the edition that gives all parts of a task as the submission has them, "" if none does."""
    for name, given in editions.items():
        if all(own.get(part) and own[part] <= given.get(part, frozenset()) for part in task.parts):
            return name
    return ""


def _withheld(result: CheckResult, task: Task, giver: str) -> CheckResult:
    parts = " and ".join(f"`{part.rpartition('.')[2]}`" for part in task.parts)
    message = f"{parts} stands here word for word as {giver} gives it: that is no work of yours, so it earns no points."
    return replace(result, verdict=Verdict.NOT_IMPLEMENTED, feedback=Feedback(message=message), credit=None)
