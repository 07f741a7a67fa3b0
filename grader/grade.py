"""Grade submissions: one pytest session collects the checks once and runs them for each submission.

`grader.batch` runs this in several processes; `grader.plugin` does the work of one check.
"""

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch

from grader import plugin
from grader.assignment import Assignment, Task, check_files
from grader.checks import Check, with_those_before
from grader.errors import CourseError, SubmissionError
from grader.forbidden import find_uses, flag_calls
from grader.job import Job
from grader.notebook_execution import keep_executed
from grader.notebook_notes import notebook_notes
from grader.parcel import read_submission_parcel
from grader.points import add_up, unreadable
from grader.sandbox.forkserver_client import ForkServer
from grader.sandbox.limits import guard_s
from grader.sandbox.scratch import remove_stale
from grader.sandbox.walls import Wall, temporary_folder
from grader.session import (
    Expect,
    RecordedAssets,
    Subject,
    limits_of,
    open_sandbox,
    read_probes,
    refuse_failed_preload,
    shims_note,
)
from grader.source_lines import with_surroundings
from grader.stamps import stamped
from grader.submission import read_submission
from grader.text_answers import read_answers
from grader.verdict import CheckResult, SubmissionResult


@dataclass(frozen=True, slots=True)
class Selection:
    """Choose checks: only those of these tasks (none named: all); `quick` leaves out the long ones."""

    tasks: tuple[str, ...] = ()
    quick: bool = False

    def includes(self, task: Task) -> bool:
        """Tell whether the checks of a task are chosen."""
        return (not self.tasks or task.name in self.tasks) and not (self.quick and task.long)


class Grading:
    """Be the pytest plugin that runs all checks for one submission after another."""

    def __init__(
        self,
        assignment: Assignment,
        subjects: Callable[[pytest.Session], None],
        *,
        selection: Selection,
    ) -> None:
        self._assignment = assignment
        self._run = subjects
        self._selection = selection
        self.problem = ""
        self.error: BaseException | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Tell the plugin which assignment the checks belong to."""
        config.stash[plugin.ASSIGNMENT] = self._assignment

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the first reason why checks could not be collected."""
        if report.failed and not self.problem:
            why = str(report.longrepr).strip().splitlines()[-1].removeprefix("E").strip()
            self.problem = f"{report.nodeid}: {why.rstrip('.')}. Mend that first."

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Keep what is wrong with a check's declaration; leave out the checks of tasks that were not chosen."""
        try:
            yield
        except pytest.UsageError as err:
            self.problem = self.problem or str(err)
        tasks = {task.name: task for task in self._assignment.tasks}
        items[:] = [item for item in items if (task := tasks.get(_task_of(item))) and self._selection.includes(task)]
        for item in items:
            limits = replace(limits_of(self._assignment), **tasks[_task_of(item)].limits)
            item.add_marker(pytest.mark.timeout(guard_s(limits)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the collected checks for each submission."""
        if self.problem or session.testsfailed:
            raise session.Failed(self.problem)
        try:
            self._run(session)
        except BaseException as err:  # pytest would print it and go on; it is raised again outside
            self.error = err
        return True


def _task_of(item: pytest.Item) -> str:
    marker = item.get_closest_marker("graded")
    return str(marker.kwargs.get("task", "")) if marker else ""


def _stay_silent() -> None:
    pass


def _ask_nothing(_server: ForkServer | None) -> None:
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


def collect_checks(assignment: Assignment) -> dict[str, Check]:
    """Return an assignment's checks by name, in the order they run. Raises CourseError for unusable ones."""
    found: dict[str, Check] = {}

    def keep(session: pytest.Session) -> None:
        checks = session.config.stash[plugin.CHECKS]
        found.update({item.name: checks[item.name] for item in session.items})

    in_session(assignment, keep)
    return found


def in_session(
    assignment: Assignment, run: Callable[[pytest.Session], None], *, selection: Selection | None = None
) -> None:
    """Collect an assignment's checks once and hand the session over. Raises CourseError for unusable checks."""
    files = check_files(assignment)
    if not files:
        raise CourseError(f"{assignment.folder} has no checks.", remedy="Add a file test_<part>.py.")
    grading = Grading(assignment, run, selection=selection or Selection())
    read_probes(assignment)  # a mistake in them is told before anything is graded
    arguments = [
        *map(str, files), "-c", os.devnull, f"--rootdir={assignment.folder}", "--noconftest", "-p", "no:capture",
        "--import-mode=importlib", "--strict-markers", "--timeout-method=signal",
        "-p", "pytest_timeout", "-p", "grader.plugin", "-p", "no:terminal", "-p", "no:cacheprovider",
        "-p", "no:debugging", "-p", "no:faulthandler", "-p", "no:logging", "-p", "no:warnings", "-p", "no:junitxml",
        "-p", "no:pastebin", "-p", "no:unraisableexception", "-p", "no:threadexception",
    ]  # fmt: skip
    with _only_our_settings(), _only_these_modules(file.stem for file in files):
        code = pytest.main(arguments, plugins=[grading])
    if grading.error is not None:
        raise grading.error
    if grading.problem:
        raise CourseError(f"The checks of {assignment.slug} can't be run: {grading.problem}")
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        raise CourseError(
            f"The checks of {assignment.slug} can't be run.",
            remedy=f"`pytest --assignment {assignment.slug} --collect-only` shows why.",
        )


@contextlib.contextmanager
def _only_our_settings() -> Iterator[None]:
    """Keep plugins that happen to be installed, and what the environment tells pytest, out of grading."""
    before = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in before:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update(before)


@contextlib.contextmanager
def _only_these_modules(names: Iterable[str]) -> Iterator[None]:
    """Import checks anew: pytest takes a module of the same name that another assignment has left behind."""
    ours = tuple(names)
    before = {name: sys.modules.pop(name) for name in ours if name in sys.modules}
    try:
        yield
    finally:
        for name in ours:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def grade_all(
    assignment: Assignment,
    jobs: Iterable[Job],
    *,
    wall: Wall,
    report: Callable[[SubmissionResult, str], None],
    selection: Selection | None = None,
    executed: Path | None = None,
    alive: Callable[[], None] = _stay_silent,
    ready: Callable[[ForkServer | None], None] = _ask_nothing,
    digests: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Do jobs one after another and report each result with the digest of what was graded.

    Notebooks are also run as a whole where `executed` names a folder for their executed copies. `alive` is called
    before each check, `ready` with the fork server (None where all is inline) before the first job. `digests` of tasks
    (see `grader.keys`) make their results reusable. Raises the error of a course or sandbox with which nothing can be
    graded.
    """
    chosen = selection or Selection()
    graded = replace(assignment, tasks=tuple(task for task in assignment.tasks if chosen.includes(task)))
    expect = RecordedAssets(assignment.assets).expect

    def run(session: pytest.Session) -> None:
        checks = session.config.stash[plugin.CHECKS]
        remove_stale(temporary_folder(wall))
        torch.set_num_threads(1)  # for repeatable sums, and because checks are small
        with contextlib.ExitStack() as stack:
            server = None
            if wall is not Wall.INLINE:
                server = stack.enter_context(ForkServer(wall, preload=assignment.worker.preload))
                refuse_failed_preload(server)
            ready(server)
            for job in jobs:
                result, digest = _grade_one(
                    session,
                    assignment,
                    job,
                    chosen=graded,
                    server=server,
                    wall=wall,
                    expect=expect,
                    only=_named_for(job, checks=checks),
                    executed=executed,
                    alive=alive,
                    digests=digests,
                )
                report(result, digest)

    in_session(assignment, run, selection=chosen)


def _named_for(job: Job, *, checks: Mapping[str, Check]) -> Collection[str] | None:
    """Return the checks that a job asks for, None where that is all of them."""
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
    server: ForkServer | None,
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
    with open_sandbox(assignment, submission, server=server, folder=found.path) as sandbox:
        forbidden = find_uses(sandbox, assignment=assignment, files=submission.files)
        notes = (*submission.notes, *notebook_notes(sandbox, assignment))
        subject = Subject(sandbox, expect, forbidden=forbidden)
        results = run_checks(session, subject, only=only, alive=alive)
        answers = read_answers(sandbox, assignment, files=submission.files)
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
