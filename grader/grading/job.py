"""One piece of work for a grading process: a submission, and which of its checks to run.

`grader.runs.plan` makes them, an executor hands them out, `grader.grading.grade` does them.
"""

from dataclasses import dataclass
from pathlib import Path

from grader.submissions.intake import Found


@dataclass(frozen=True, slots=True)
class Job:
    """Name a submission to grade; `tasks` are the only ones to grade, `checks` the only ones to run, () for all.

    Checks that others come after are run as well; those of tasks that were not asked for are not in the result. With
    `checks` the result says nothing of the submission as a whole: neither text answers nor how its notebook was read.
    `parcel` is a file that holds the submission as `grader.submissions.parcel` packed it, read in place of what was
    found.
    """

    found: Found
    tasks: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    parcel: Path | None = None
