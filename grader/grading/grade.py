"""Grade submissions: the checks of one pytest session run for each submission in turn.

`grader.runs.batch_worker` runs this in each grading process; `grader.grading.check_session` collects the checks,
`grader.grading.plugin` runs one of them.
"""

import contextlib
import itertools
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch

from grader.courses.assignment import Assignment
from grader.courses.checks import Check, with_those_before
from grader.errors import CourseError, SubmissionError
from grader.grading import plugin
from grader.grading.check_session import Selection, in_session
from grader.grading.forbidden import find_uses, flag_calls
from grader.grading.job import Job
from grader.grading.notebook_execution import keep_executed
from grader.grading.notebook_notes import notebook_notes
from grader.grading.opening import modules_to_preload, open_sandbox, refuse_failed_preload, shims_note
from grader.grading.points import add_up, unreadable
from grader.grading.session import Expect, RecordedAssets, Subject
from grader.grading.source_lines import with_surroundings
from grader.grading.stamps import stamped
from grader.grading.text_answers import read_answers
from grader.results.verdict import CheckResult, SubmissionResult
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.scratch import remove_stale
from grader.sandbox.outside.walls import Wall, temporary_folder
from grader.submissions.parcel import read_submission_parcel
from grader.submissions.submission import read_submission


def _stay_silent() -> None:
    pass


def _ask_nothing(_servers: Sequence[ForkServer]) -> None:
    pass


def run_checks(
    session: pytest.Session,
    subject: Subject,
    *,
    only: Collection[str] | None = None,
    alive: Callable[[], None] = _stay_silent,
) -> dict[str, CheckResult]:
    """Run the collected checks, or `only` those named, against one subject and return their results by name.

    `alive` is called before each check.
    """
    session.config.stash[plugin.SUBJECT] = subject
    items = [item for item in session.items if only is None or item.name in only]
    for item, following in itertools.zip_longest(items, items[1:]):
        alive()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return subject.results


def grade_all(
    assignment: Assignment,
    jobs: Iterable[Job],
    *,
    wall: Wall,
    report: Callable[[SubmissionResult, str], None],
    selection: Selection | None = None,
    executed: Path | None = None,
    alive: Callable[[], None] = _stay_silent,
    ready: Callable[[Sequence[ForkServer]], None] = _ask_nothing,
    digests: Mapping[str, str] = MappingProxyType({}),
    device: str = "cpu",
) -> None:
    """Grade jobs one after another and report each result with the digest of what was graded.

    Notebooks are also run as a whole if `executed` names a folder for their executed copies. `alive` is called
    before each check, `ready` with the fork servers (none where all is inline) before the first job. `digests` of
    tasks (see `grader.grading.keys`) make their results reusable. With the `device` "cuda" checks that need a graphics
    card are run as well. Raises the error of a course or sandbox with which nothing can be graded.
    """
    chosen = selection or Selection()
    graded = replace(assignment, tasks=tuple(task for task in assignment.tasks if chosen.includes(task)))
    expect = RecordedAssets(assignment.assets).expect

    def run(session: pytest.Session) -> None:
        checks = session.config.stash[plugin.CHECKS]
        remove_stale(temporary_folder(wall))
        torch.set_num_threads(1)  # for repeatable sums, and because checks are small
        with contextlib.ExitStack() as stack:
            if device != "cpu":
                _refuse_unused(device, session, assignment)
            devices = [] if wall is Wall.INLINE else sorted({"cpu", device})
            preload = modules_to_preload(assignment)
            servers = [stack.enter_context(ForkServer(wall, preload=preload, device=one)) for one in devices]
            for server in servers:
                refuse_failed_preload(server)
            ready(servers)
            for job in jobs:
                result, digest = _grade_one(
                    session,
                    assignment,
                    job,
                    chosen=graded,
                    servers=servers,
                    wall=wall,
                    expect=expect,
                    only=_named_for(job, checks=checks),
                    executed=executed,
                    alive=alive,
                    digests=digests,
                )
                report(result, digest)

    in_session(assignment, run, selection=chosen)


def _refuse_unused(device: str, session: pytest.Session, assignment: Assignment) -> None:
    """Raise CourseError if no check that would run needs the device."""
    checks = session.config.stash[plugin.CHECKS]
    if all(checks[item.name].device != device for item in session.items):
        raise CourseError(
            f"No check of {assignment.slug} that would run needs the device `{device}`.",
            remedy=f'Leave out `--device {device}`, or mark checks with `@pytest.mark.graded(…, device="{device}")`.',
        )


def _named_for(job: Job, *, checks: Mapping[str, Check]) -> Collection[str] | None:
    """Return the checks that a job asks for, or None if it asks for all of them."""
    if not job.tasks and not job.checks:
        return None
    of_tasks = {name for name, check in checks.items() if check.task in job.tasks}
    return with_those_before({*job.checks} or of_tasks, checks)


def _grade_one(
    session: pytest.Session,
    assignment: Assignment,
    job: Job,
    *,
    chosen: Assignment,
    servers: Sequence[ForkServer],
    wall: Wall,
    expect: Expect,
    only: Collection[str] | None,
    executed: Path | None,
    alive: Callable[[], None],
    digests: Mapping[str, str],
) -> tuple[SubmissionResult, str]:
    """Do a job; `chosen` is the assignment with the graded tasks only, of which the others' states are read, too."""
    started = time.monotonic()
    found = job.found
    try:
        submission = read_submission_parcel(job.parcel) if job.parcel else read_submission(found, assignment)
    except SubmissionError as err:
        return unreadable(found.name, chosen, problem=str(err), wall=wall), ""
    by_device = {server.device: server for server in servers}
    server = by_device.get("cpu")
    with open_sandbox(
        assignment, submission, server=server, on_cards=by_device.get("cuda"), folder=found.path
    ) as sandbox:
        forbidden = find_uses(sandbox, assignment=assignment, files=submission.files)
        is_whole = not job.checks
        notes = (*submission.notes, *(notebook_notes(sandbox, assignment) if is_whole else ()))
        subject = Subject(sandbox, expect, devices=tuple(by_device) or ("cpu",), forbidden=forbidden)
        results = run_checks(session, subject, only=only, alive=alive)
        answers = read_answers(sandbox, assignment, files=submission.files) if is_whole else ()
    alive()
    if executed is not None and server is not None:
        notes += keep_executed(server, assignment, submission, folder=executed)
    checks = session.config.stash[plugin.CHECKS]
    ran = {
        name: with_surroundings(result, files=submission.files)
        for name, result in results.items()
        if name in checks and (not job.tasks or result.task in job.tasks)
    }
    result = add_up(
        submission.name,
        chosen,
        ran,
        notes=(*notes, *shims_note(assignment)),
        flags=forbidden.flags,
        task_flags=flag_calls(subject.called, forbidden),
        seconds=time.monotonic() - started,
        wall=wall,
    )
    tasks = stamped(result.tasks, digests=digests, submission=submission.digest, checks=checks, results=results)
    return replace(result, answers=answers, tasks=tasks), submission.digest
