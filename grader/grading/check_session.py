"""Collect an assignment's checks once, in a pytest session of our own settings, and hand the session over.

`grader.grading.grade` runs the checks of such a session for each submission, `grader.authoring.record` for the
reference.

Why: docs/decisions.md#one-session-for-many-submissions
"""

import contextlib
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.assignment import Assignment, check_files
from grader.courses.checks import Check
from grader.errors import CourseError
from grader.grading import check_run, plugin
from grader.grading.check_imports import find_helpers
from grader.grading.opening import limits_of
from grader.grading.probe_sources import read_probes
from grader.sandbox.wire.limits import guard_s


class SessionPlugin:
    """Be the pytest plugin that runs all checks for one submission after another."""

    def __init__(
        self,
        assignment: Assignment,
        subjects: Callable[[pytest.Session], None],
        *,
        tasks: Collection[str] | None,
    ) -> None:
        self._assignment = assignment
        self._folder = assignment.folder.resolve()
        self._names = frozenset(file.name for file in check_files(assignment))
        self._run = subjects
        self._tasks = tasks
        self.problem = ""
        self.error: BaseException | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Tell the plugin which assignment the checks belong to."""
        config.stash[check_run.ASSIGNMENT] = self._assignment

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool:
        """Look at the assignment's own check files only, each of them once."""
        is_own = collection_path.name in self._names and collection_path.parent == self._folder
        return not is_own and collection_path != self._folder

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
        tasks = {task.name: task for task in self._assignment.tasks if self._tasks is None or task.name in self._tasks}
        items[:] = [item for item in items if _task_of(item) in tasks]
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
        except BaseException as err:  # pytest would print it and go on, so it is kept here and raised outside
            self.error = err
        return True


def _task_of(item: pytest.Item) -> str:
    marker = item.get_closest_marker("graded")
    return str(marker.kwargs.get("task", "")) if marker else ""


def collect_checks(assignment: Assignment) -> dict[str, Check]:
    """Return an assignment's checks by name, in the order they run. Raises CourseError for unusable ones."""
    found: dict[str, Check] = {}

    def keep(session: pytest.Session) -> None:
        checks = session.config.stash[plugin.CHECKS]
        found.update({item.name: checks[item.name] for item in session.items})

    in_session(assignment, keep)
    return found


def in_session(
    assignment: Assignment, run: Callable[[pytest.Session], None], *, tasks: Collection[str] | None = None
) -> None:
    """Collect the checks of these tasks (None: of all) once and hand the session over.

    Raises CourseError for unusable checks.
    """
    folder, modules = assignment.folder.resolve(), [file.stem for file in check_files(assignment)]
    if not modules:
        raise CourseError(f"{assignment.folder} has no checks.", remedy="Add a file test_<part>.py.")
    grading = SessionPlugin(assignment, run, tasks=tasks)
    read_probes(assignment)  # a mistake in them is told before anything is graded
    find_helpers(assignment)
    arguments = [
        str(folder), "-c", os.devnull, f"--rootdir={folder}", "--noconftest", "-p", "no:capture",
        "--import-mode=importlib", "--strict-markers", "--timeout-method=signal",
        "-p", "pytest_timeout", "-p", "grader.grading.plugin", "-p", "no:terminal", "-p", "no:cacheprovider",
        "-p", "no:debugging", "-p", "no:faulthandler", "-p", "no:logging", "-p", "no:warnings", "-p", "no:junitxml",
        "-p", "no:pastebin", "-p", "no:unraisableexception", "-p", "no:threadexception",
    ]  # fmt: skip
    with _only_our_settings(), _only_these_modules(modules):
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
    """Keep other installed plugins, and what the environment tells pytest, out of grading."""
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
    """Import checks afresh: pytest would use a module of the same name that another assignment has left behind."""
    ours = tuple(names)
    before = {name: sys.modules.pop(name) for name in ours if name in sys.modules}
    try:
        yield
    finally:
        for name in ours:
            sys.modules.pop(name, None)
        sys.modules.update(before)
