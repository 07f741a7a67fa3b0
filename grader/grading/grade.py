"""Grade submissions: the checks of one pytest session run for each submission in turn.

`grader.runs.grading_process_main` does this in several processes; `grader.grading.check_session` collects the checks,
`grader.grading.plugin` does the work of one.
"""

import contextlib
import itertools
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from types import MappingProxyType

import pytest
import torch

from grader.courses.assignment import Assignment, tasks_below
from grader.courses.checks import Check, in_order, with_those_before
from grader.courses.manifest import record_remedy
from grader.courses.personal import Personal, told_of_other_kit
from grader.errors import CourseError, SandboxError, SubmissionError
from grader.grading import check_run, plugin
from grader.grading.artifacts import artifacts_of
from grader.grading.brought_data import find_brought_data
from grader.grading.carrying import carry_forward, lost_in
from grader.grading.check_session import in_session
from grader.grading.evidence import with_evidence
from grader.grading.forbidden import ForbiddenUses, find_uses, flag_calls
from grader.grading.given import without_given
from grader.grading.job import Job, Order
from grader.grading.notebook_execution import keep_executed
from grader.grading.notebook_notes import file_notes, notebook_notes
from grader.grading.opening import open_sandbox, refuse_failed_preload, shims_note, with_patience
from grader.grading.own_faults import fault_on_reference, may_be_ours, never_defined, take_back
from grader.grading.points import add_up, failed_to_grade, ungraded
from grader.grading.probe_sources import needed_by_probes
from grader.grading.repeating import flag_repeated
from grader.grading.result_keys import with_keys
from grader.grading.session import RecordedAssets, Subject
from grader.grading.source_lines import with_surroundings
from grader.grading.text_answers import read_answers
from grader.results.verdict import Answer, CheckResult, SubmissionResult
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.ordinary_user import refuse_open
from grader.sandbox.outside.scratch import remove_stale
from grader.sandbox.outside.servers import Server, start_server
from grader.sandbox.outside.spawner import Spawner
from grader.sandbox.outside.walls import Wall, is_in_view, temporary_folder
from grader.sandbox.wire.protocol import Sandbox
from grader.submissions.packing import read_packed_submission
from grader.submissions.submission import Found, Submission, read_submission


def _stay_silent() -> None:
    pass


def _ask_nothing(_servers: Sequence[Server]) -> None:
    pass


def _tell_nobody(_result: CheckResult) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _BesideChecks:
    """Hold what is told of a submission beside its checks: notes on how it was read, and its text answers."""

    notes: tuple[str, ...]
    answers: tuple[Answer, ...]


def run_checks(
    session: pytest.Session,
    subject: Subject,
    *,
    only: Collection[str] | None = None,
    alive: Callable[[], None] = _stay_silent,
    seen: Callable[[CheckResult], None] = _tell_nobody,
) -> dict[str, CheckResult]:
    """Run the collected checks, or `only` those named, against one subject and return their results by name.

    A check that does not pass where others have run before it is run once more, in processes of its own, which counts.
    `alive` is called before each check, `seen` with the result of each.
    """
    session.config.stash[check_run.SUBJECT] = subject
    items = [item for item in session.items if only is None or item.name in only]
    for item, following in itertools.zip_longest(items, items[1:]):
        alive()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if subject.has_to_repeat(item.name):
            alive()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            subject.keep_first(item.name)
        if item.name in subject.results:
            seen(subject.results[item.name])
    return subject.results


class GradingSession:
    """Grade one submission after another: the checks are collected, and the fork servers stay warm.

    `servers` are those that submissions are opened in, none where all is inline. `digests` of tasks (see
    `grader.grading.keys`) make their results reusable. `alive` is called before each check, `seen` with each result, to
    be shown until the whole is known.
    """

    def __init__(
        self,
        session: pytest.Session,
        order: Order,
        *,
        servers: Sequence[Server],
        digests: Mapping[str, str],
        alive: Callable[[], None],
        seen: Callable[[CheckResult], None] = _tell_nobody,
    ) -> None:
        self._session = session
        self._order = order
        self._checks = session.config.stash[plugin.CHECKS]
        self._servers = {server.device: server for server in servers}
        self._digests = digests
        self._alive = alive
        self._seen = seen
        self._graded = order.graded
        self._assets = RecordedAssets(order.assignment.assets)
        self._has_told = False  # that formulas stand in for assets
        self._sound: dict[tuple[str, Personal], str] = {}  # how checks that may be to blame fail the reference

    def grade(self, job: Job) -> tuple[SubmissionResult, str]:
        """Do a job; return its result and the digest of what was graded, "" where it could not be.

        Whatever goes wrong is that submission's state, and never reaches the next one: unreadable where its files can't
        be read, not graded where the fault is ours. Raises only SandboxError, where its wall or fork server is gone.
        """
        name, wall = job.found.name, self._order.wall
        try:
            return self._grade(job)
        except SubmissionError as err:
            return ungraded(name, self._graded, error=err, wall=wall), ""
        except SandboxError:
            raise
        except Exception as err:
            sys.stderr.write("".join(traceback.format_exception(err)))  # for the submission's log
            problem = f"{type(err).__name__}: {err}".rstrip(".")
            return failed_to_grade(name, self._graded, problem=f"{problem}.", wall=wall), ""

    def _grade(self, job: Job) -> tuple[SubmissionResult, str]:
        started, order = time.monotonic(), self._order
        submission = _read(job, order)
        subject, beside = self._run(job, submission)
        self._alive()
        server = self._servers.get("cpu")
        copy = b""
        if order.executed is not None and server is not None and not isinstance(server, Spawner):
            executed = keep_executed(server, order.assignment, submission, folder=order.executed)
            beside = replace(beside, notes=(*beside.notes, *executed.notes))
            copy = executed.notebook
        if job.checks is None:
            answers = with_evidence(beside.answers, order.assignment, submission, executed=copy)
            beside = replace(beside, answers=answers)
        result = add_up(
            submission.name,
            self._graded,
            self._asked_for(job, self._own_work(subject, submission), files=submission.files),
            notes=(*beside.notes, *shims_note(order.assignment, submission.files)),
            flags=(
                *subject.forbidden.flags,
                *find_brought_data(submission.files, order.assignment),
                *told_of_other_kit(submission.files, job.personal),
                *self._told_of_formulas(),
            ),
            task_flags=_joined(
                flag_calls(subject.called, subject.forbidden), flag_repeated(subject.results, subject.doubted)
            ),
            seconds=time.monotonic() - started,
            wall=order.wall,
        )
        tasks = with_keys(
            result.tasks,
            digests=self._digests,
            submission=submission.digest,
            personal=job.personal,
            checks=self._checks,
            results=subject.results,
        )
        return replace(result, answers=beside.answers, tasks=tasks), submission.digest

    def _run(self, job: Job, submission: Submission) -> tuple[Subject, _BesideChecks]:
        """Open a submission, read what students are told beside the checks, then run those that a job asks for."""
        assignment, is_whole = self._limited(job), job.checks is None
        with open_sandbox(
            assignment,
            submission,
            server=self._servers.get("cpu"),
            on_cards=self._servers.get("cuda"),
            folder=job.found.path,
        ) as sandbox:
            forbidden = find_uses(sandbox, assignment=assignment, files=submission.files)
            notes = (*submission.notes, *(notebook_notes(sandbox, assignment) if is_whole else ()))
            devices = tuple(self._servers) or ("cpu",)
            subject = self._subject(job, sandbox, submission, forbidden, devices)
            answers = read_answers(sandbox, assignment, files=submission.files) if is_whole else ()
            public, hidden = self._by_visibility(_named_for(job, checks=self._checks))
            run_checks(self._session, subject, only=public, alive=self._alive, seen=self._seen)
            notes = (*notes, *(file_notes(sandbox, assignment) if is_whole else ()))
            # in processes of their own, which tell students nothing
            run_checks(self._session, subject, only=hidden, alive=self._alive, seen=self._seen)
            self._take_back_ours(subject)
            self._carry_forward(job, subject, submission)
        return subject, _BesideChecks(notes, answers)

    def _limited(self, job: Job) -> Assignment:
        """Return the assignment with the limits that a job is done within."""
        return with_patience(self._order.assignment) if job.patient else self._order.assignment

    def _subject(
        self,
        job: Job,
        sandbox: Sandbox,
        submission: Submission,
        forbidden: ForbiddenUses | None = None,
        devices: Collection[str] = ("cpu",),
    ) -> Subject:
        """Return what checks run against; the calls of a task that trains for long have processes of their own."""
        sharing = set() if self._order.apart else {task.name for task in self._order.assignment.tasks if not task.long}
        uses = forbidden or ForbiddenUses()
        artifacts = artifacts_of(submission, self._order.assignment)
        return Subject(
            sandbox,
            self._assets.expect,
            devices,
            forbidden=uses,
            key=self._order.key,
            sharing=sharing,
            artifacts=artifacts,
            personal=job.personal,
            limits={task.name: task.limits for task in self._limited(job).tasks if job.patient and task.limits},
        )

    def _told_of_formulas(self) -> tuple[str, ...]:
        """Say once in a session that formulas stand in for assets: a flag, which only the instructor reads."""
        replaced = self._assets.replaced
        if self._has_told or not replaced:
            return ()
        self._has_told = True
        return (
            f"About the course, not this submission: here `{replaced[0]}` draws other inputs than were recorded, so it "
            "is compared with its formula, and so may others be. "
            f"{record_remedy(self._order.assignment.assets)}",
        )

    def _own_work(self, subject: Subject, submission: Submission) -> Mapping[str, CheckResult]:
        """Return the results without what a handout gives."""
        return without_given(subject.results, self._order.assignment, files=submission.files)

    def _by_visibility(self, names: Collection[str] | None) -> tuple[frozenset[str], frozenset[str]]:
        """Return the public ones of the named checks (None: all), and the hidden ones."""
        chosen = {name: check for name, check in self._checks.items() if names is None or name in names}
        hidden = frozenset(name for name, check in chosen.items() if check.hidden)
        return frozenset(chosen) - hidden, hidden

    def _take_back_ours(self, subject: Subject) -> None:
        """Make what the course itself is to blame for not graded: what ends badly on the reference, too."""
        assignment = self._order.assignment
        long_tasks = [task.name for task in assignment.tasks if task.long]
        suspects = sorted(may_be_ours(subject, self._checks, long_tasks=long_tasks))
        faults = {name: never_defined(subject.raised.get(name), assignment) for name in suspects}
        self._ask_reference({name for name, words in faults.items() if not words}, subject.personal)
        told = {name: words or self._sound.get((name, subject.personal), "") for name, words in faults.items()}
        take_back(subject.results, {name: words for name, words in told.items() if words})

    def _carry_forward(self, job: Job, subject: Subject, submission: Submission) -> None:
        """Mark what fails only since an earlier part is wrong; needs the reference, and a wall to judge it behind."""
        assignment, server = self._order.assignment, self._servers.get("cpu")
        below = {one.name for task in assignment.tasks if lost_in(task, subject.results)
                 for one in tasks_below(task, assignment.tasks)}  # fmt: skip
        if assignment.reference is None or server is None or not below:
            return

        def run_again(files: Mapping[str, bytes], names: Collection[str]) -> Mapping[str, CheckResult]:
            changed = replace(submission, files=files)
            with open_sandbox(self._limited(job), changed, server=server) as sandbox:
                forbidden = find_uses(sandbox, assignment=assignment, files=files)
                again = self._subject(job, sandbox, changed, forbidden)
                only = with_those_before({*names}, self._checks)
                return run_checks(self._session, again, only=only, alive=self._alive)

        beside = {name for name, check in self._checks.items() if check.task in below} - {*subject.results}
        if job.checks is None:  # who asks for single checks has those that matter among them
            run_checks(self._session, subject, only=beside, alive=self._alive)
        sound = read_submission(Found("reference", assignment.reference), assignment).files
        carry_forward(subject.results, assignment, files=submission.files, reference=sound, run_again=run_again)
        for name in beside:
            subject.results.pop(name, None)

    def _ask_reference(self, names: Collection[str], personal: Personal) -> None:
        """Keep how checks fail on the reference, "" for those that pass; each is asked once a session and student."""
        folder, server = self._order.assignment.reference, self._servers.get("cpu")
        new = {name for name in names if (name, personal) not in self._sound}
        if folder is None or server is None or not new:
            return
        job = Job(Found("reference", folder), personal=personal)
        reference = read_submission(job.found, self._order.assignment)
        with open_sandbox(self._order.assignment, reference, server=server, folder=folder) as sandbox:
            subject = self._subject(job, sandbox, reference)
            run_checks(self._session, subject, only=with_those_before(new, self._checks))
        self._sound |= {(name, personal): fault_on_reference(name, subject) for name in new}

    def _asked_for(
        self, job: Job, results: Mapping[str, CheckResult], *, files: Mapping[str, bytes]
    ) -> dict[str, CheckResult]:
        """Return the results of the tasks that a job is about, with the lines around each line that they name."""
        return {
            name: with_surroundings(result, files=files)
            for name, result in results.items()
            if name in self._checks and (job.tasks is None or result.task in job.tasks)
        }


def grade_all(
    order: Order,
    jobs: Iterable[Job],
    *,
    report: Callable[[SubmissionResult, str], None],
    alive: Callable[[], None] = _stay_silent,
    ready: Callable[[Sequence[Server]], None] = _ask_nothing,
    digests: Mapping[str, str] = MappingProxyType({}),
    begun: ForkServer | None = None,
    seen: Callable[[CheckResult], None] = _tell_nobody,
) -> None:
    """Do jobs one after another in one session and report each result with the digest of what was graded.

    `ready` is called with the fork servers before the first job; `alive`, `seen` and `digests` as in `GradingSession`.
    `begun` is a fork server for the CPU that is starting already; it is ended in the end. Raises the error of a course
    or sandbox with which nothing can be graded.
    """
    wall, assignment = Wall(order.wall), order.assignment
    if wall is Wall.BUBBLEWRAP and is_in_view(assignment.folder):
        raise CourseError(
            f"Submissions could read {assignment.folder}: the wall shows Python's and the system's own folders.",
            remedy="Move the course out of them, for instance below /srv or /home.",
        )

    if wall is Wall.USER:
        refuse_open(folder for folder in (assignment.folder, assignment.assets, assignment.reference) if folder)

    def run(session: pytest.Session) -> None:
        remove_stale(temporary_folder(wall))
        torch.set_num_threads(1)  # for repeatable sums, and because checks are small
        if order.device != "cpu":
            _refuse_unused(order, session)
        if order.apart:
            backwards = in_order(dict(reversed(session.config.stash[plugin.CHECKS].items())))
            session.items.sort(key=lambda item: backwards.index(item.name))
        devices = [] if wall is Wall.INLINE else sorted({"cpu", order.device})
        with contextlib.ExitStack() as stack:
            early = begun if wall is not Wall.INLINE else None
            servers = [
                stack.enter_context(early if early is not None and one == "cpu" else _server(order, wall, device=one))
                for one in devices
            ]
            for server in servers:
                refuse_failed_preload(server, assignment)
            ready(servers)
            grading = GradingSession(session, order, servers=servers, digests=digests, alive=alive, seen=seen)
            for job in jobs:
                report(*grading.grade(job))

    in_session(assignment, run, tasks=order.tasks)


def _server(order: Order, wall: Wall, *, device: str) -> AbstractContextManager[Server]:
    given = order.assignment
    return start_server(wall, preload=needed_by_probes(given), offered=given.sandbox.preload, device=device)


def _refuse_unused(order: Order, session: pytest.Session) -> None:
    """Raise CourseError where no check that would run needs the order's device."""
    checks, device = session.config.stash[plugin.CHECKS], order.device
    if all(checks[item.name].device != device for item in session.items):
        raise CourseError(
            f"No check of {order.assignment.slug} that would run needs the device `{device}`.",
            remedy=f'Leave out `--device {device}`, or mark checks with `@pytest.mark.graded(…, device="{device}")`.',
        )


def _joined(*flags: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {task: tuple(text for some in flags for text in some.get(task, ())) for some in flags for task in some}


def _named_for(job: Job, *, checks: Mapping[str, Check]) -> Collection[str] | None:
    """Return the checks that a job asks for, None where that is all of them."""
    if job.checks is not None:
        return with_those_before({*job.checks}, checks)
    if job.tasks is None:
        return None
    return with_those_before({name for name, check in checks.items() if check.task in job.tasks}, checks)


def _read(job: Job, order: Order) -> Submission:
    return read_packed_submission(job.packed) if job.packed else read_submission(job.found, order.assignment)
