"""A worker's message about one job, as the answer that a local process would have given.

`grader.cluster.session` reports it; `grader.cluster.node` wrote the message.
"""

from pathlib import PurePath
from typing import Any

from grader.errors import SubmissionError, UnclearError
from grader.grading.job import Job, Order
from grader.grading.points import failed_to_grade, ungraded
from grader.results.atomic import replace_bytes
from grader.results.results_file import unpack_result
from grader.runs.executor import FinishedJob


def read_finished_job(message: dict[str, Any], job: Job, order: Order, *, where: str) -> FinishedJob:
    """Return the answer to a job; the executed copy of its notebook is written where the order wants it.

    Raises StoreError for a result that is none, and where the copy can't be written.
    """
    name, assignment = job.found.name, order.assignment
    match message:
        case {"unreadable": str(problem)}:
            error = UnclearError(problem) if message.get("unclear") else SubmissionError(problem)
            return FinishedJob(job, ungraded(name, assignment, error=error, wall=order.wall), "", where)
        case {"lost": str(problem)}:
            failed = failed_to_grade(name, assignment, problem=problem, wall=order.wall)
            return FinishedJob(job, failed, "", where, told=tuple(message.get("told", ())))
    for file, content in message["executed"].items():
        if order.executed is not None and PurePath(file).name == file:
            replace_bytes(order.executed / file, content)
    return FinishedJob(job, unpack_result(message["result"]), message["digest"], where, told=tuple(message["told"]))
