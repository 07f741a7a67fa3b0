"""What is asked again of a submission whose probes ran out of time beside others.

`grader.runs.batch` asks at the end of a run, `grader.bundles.gradescope_run` and `grader.authoring.audit_trials` when
theirs are done.

Why: docs/decisions.md#time-outs-on-a-crowded-machine
"""

from dataclasses import replace

from grader.grading.job import Job
from grader.results.verdict import SubmissionResult, Verdict


def ask_again(job: Job, result: SubmissionResult) -> Job | None:
    """Return a patient job for the tasks with a check that timed out in a crowd, or was skipped, if there is one."""
    checks = {task.name: task.checks for task in result.tasks}
    if job.patient or not any(check.crowded for found in checks.values() for check in found):
        return None
    tasks = [name for name in checks if any(one.crowded or one.verdict is Verdict.SKIPPED for one in checks[name])]
    return replace(job, tasks=tuple(tasks), patient=True)
