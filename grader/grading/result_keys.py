"""Put on results what lets a later run reuse them: their keys, and whether grading again would give the same.

`grader.grading.grade` calls it; `grader.grading.keys` makes the keys, which the plan of a later run compares.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from grader.courses.checks import Check, with_those_before
from grader.courses.personal import NOBODY, Personal
from grader.grading.keys import key_of
from grader.results.verdict import CheckResult, TaskResult, Verdict

_NEVER_FINAL = (Verdict.TIMED_OUT, Verdict.OUT_OF_MEMORY, Verdict.NOT_GRADED)


def with_keys(
    tasks: Collection[TaskResult],
    *,
    digests: Mapping[str, str],
    submission: str,
    personal: Personal = NOBODY,
    checks: Mapping[str, Check],
    results: Mapping[str, CheckResult],
) -> tuple[TaskResult, ...]:
    """Return the tasks with their keys.

    `digests` are those of `grader.grading.keys.task_digests`; a task without one gets no key. `results` are those of
    all checks that ran, also of checks that only others came after. A task is not final where one of them depended on
    the machine's load or memory, or on the grader's own fault.
    """
    return tuple(
        replace(
            task,
            key=key_of(digests[task.name], submission=submission, personal=personal),
            is_final=_is_final(task, checks=checks, results=results),
        )
        if task.name in digests
        else task
        for task in tasks
    )


def _is_final(task: TaskResult, *, checks: Mapping[str, Check], results: Mapping[str, CheckResult]) -> bool:
    names = with_those_before([check.name for check in task.checks], checks)
    return not any(name in results and results[name].verdict in _NEVER_FINAL for name in names)
